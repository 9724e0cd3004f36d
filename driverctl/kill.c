/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl kill: a signal to a container's first process. */
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/strutil.h"
#include "driverctl/ctl.h"

/* RTMIN, RTMIN+3, RTMAX-1: numbers that only the C library knows. */
static int realtime_signal(const char *name)
{
	bool from_end = strncasecmp(name, "RTMAX", strlen("RTMAX")) == 0;
	const char *rest = name + strlen("RTMIN");
	uint64_t offset = 0;

	if (!from_end && strncasecmp(name, "RTMIN", strlen("RTMIN")) != 0)
		return 0;
	if (*rest && (*rest != (from_end ? '-' : '+') || parse_uint64(rest + 1, &offset) < 0))
		return 0;
	if (offset > (uint64_t)(SIGRTMAX - SIGRTMIN))
		return 0;
	return from_end ? SIGRTMAX - (int)offset : SIGRTMIN + (int)offset;
}

static int signal_named(const char *text)
{
	const char *name =
		strncasecmp(text, "SIG", strlen("SIG")) == 0 ? text + strlen("SIG") : text;
	int64_t number;

	if (parse_int64(text, &number) == 0)
		return number >= 1 && number <= SIGRTMAX ? (int)number : 0;
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (known && strcasecmp(known, name) == 0)
			return i;
	}
	return realtime_signal(name);
}

int verb_kill(struct ctl *ctl, struct exd_error *err)
{
	const char *const *operands = ctl->args.operands;
	const char *name = ctl->args.operand_count > 1 ? operands[1] : "TERM";
	int number = signal_named(name);

	if (!number)
		return exd_error_set(err, EXD_ERR_INVALID, 0, "unknown signal '%.64s'", name);
	return exd_kill(ctl->engine, operands[0], number, err);
}
