/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors as one line each on standard error: `driverctl: CONTEXT: REASON`. */
#include <stdio.h>
#include <string.h>

#include "base/strutil.h"
#include "driverctl/ctl.h"

/* Errors that the help answers. */
static bool is_usage(const struct exd_error *err)
{
	return err->code == EXD_ERR_INVALID || err->code == EXD_ERR_KEY;
}

int ctl_report(struct ctl *ctl, const struct exd_error *err)
{
	cleanup_strbuf struct strbuf sb = {0};
	const char *verb = ctl->verb ? ctl->verb->name : "";

	(void)sb_addf(&sb, "driverctl: %s%s%s", verb, *verb ? ": " : "", err->text);
	if (is_usage(err))
		(void)sb_addf(&sb, "; see 'driverctl %s%s--help'", verb, *verb ? " " : "");
	(void)sb_add(&sb, "\n");
	/* When even this cannot be written, the exit code still tells. */
	if (!sb.error && write(STDERR_FILENO, sb.text, sb.size) < 0)
		return exd_error_exit_code(err);
	if (ctl->log.file)
		log_line(&ctl->log, EXD_LOG_ERROR, "", "", err->text);
	return exd_error_exit_code(err);
}

int ctl_each_id(struct ctl *ctl, int (*fn)(struct ctl *ctl, const char *id, struct exd_error *err))
{
	int code = 0;

	for (size_t i = 0; i < ctl->args.operand_count; i++) {
		struct exd_error err = EXD_ERROR_INIT;
		int r = fn(ctl, ctl->args.operands[i], &err);

		if (r < 0)
			r = ctl_report(ctl, &err);
		if (code == 0)
			code = r;
	}
	return code;
}
