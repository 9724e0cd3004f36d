/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl wait: the exit codes of containers, when they have ended. */
#include <stdio.h>

#include "driverctl/ctl.h"
#include "driverctl/print.h"

static int wait_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	int r = exd_wait(ctl->engine, id, -1, &status, err);

	if (r < 0)
		return r;
	if (status.lost)
		return exd_error_set(err, EXD_ERR_LOST, 0, "the exit code of '%s' is lost: %s", id,
				     exd_lost_reason(status.lost));
	(void)printf("%u\n", status.exit_code);
	return print_flush(err);
}

int verb_wait(struct ctl *ctl, struct exd_error *err)
{
	(void)err;
	return ctl_each_id(ctl, wait_one);
}
