/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a case fails: the first reason is kept, and its process ends. */
#include "conformance/kit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_text(struct kit *kit, const char *format, va_list args)
{
	struct kit_verdict *verdict = kit->verdict;

	if (verdict->failed)
		return;
	(void)vsnprintf(verdict->text, sizeof(verdict->text), format, args);
	verdict->failed = true;
}

void kit_fail(struct kit *kit, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_text(kit, format, args);
	va_end(args);
	_exit(1);
}

void kit_check(struct kit *kit, bool held, const char *format, ...)
{
	va_list args;

	if (held)
		return;
	va_start(args, format);
	set_text(kit, format, args);
	va_end(args);
	_exit(1);
}

int kit_must(struct kit *kit, int r, const char *what)
{
	if (r < 0)
		kit_fail(kit, "%s: %s (%s)", what, kit->err.text[0] ? kit->err.text : strerror(-r),
			 exd_error_name(kit->err.code));
	return r;
}

void kit_refused(struct kit *kit, int r, enum exd_code code, const char *what)
{
	kit_check(kit, r < 0, "%s is not refused", what);
	kit_check(kit, kit->err.code == (uint32_t)code, "%s is refused with %s instead of %s: %s",
		  what, exd_error_name(kit->err.code), exd_error_name(code), kit->err.text);
}

bool kit_unsupported(struct kit *kit, int r, const char *key)
{
	if (r >= 0)
		return false;
	return (kit->err.code == EXD_ERR_UNSUPPORTED || kit->err.code == EXD_ERR_HOST ||
		kit->err.code == EXD_ERR_KEY) &&
	       strstr(kit->err.text, key);
}
