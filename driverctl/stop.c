/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl stop: TERM, some time to follow it, then KILL. */
#include <errno.h>
#include <signal.h>

#include "base/strutil.h"
#include "driverctl/ctl.h"

#define DEFAULT_SECONDS 10
#define MAX_SECONDS (INT32_MAX / 1000)
/* For the kernel to end killed processes and the monitor to clean up. */
#define END_MS 30000

static int seconds(const struct ctl *ctl, int64_t *out, struct exd_error *err)
{
	const char *text = ctl->args.settings.time;

	*out = DEFAULT_SECONDS;
	if (text && (parse_int64(text, out) < 0 || *out < 0 || *out > MAX_SECONDS))
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "--time '%.64s' is not a number of seconds from 0", text);
	return 0;
}

/* Whether the error says that there is nothing left to stop. */
static bool has_ended(const struct exd_error *err)
{
	return err->code == EXD_ERR_NOT_RUNNING || err->code == EXD_ERR_LOST;
}

static int stop_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	int64_t time;
	int r = seconds(ctl, &time, err);

	if (r < 0)
		return r;
	r = exd_kill(ctl->engine, id, SIGTERM, err);
	if (r >= 0)
		r = exd_wait(ctl->engine, id, (int)time * 1000, NULL, err);
	if (r == -ETIMEDOUT) {
		r = exd_terminate(ctl->engine, id, err);
		if (r >= 0)
			r = exd_wait(ctl->engine, id, END_MS, NULL, err);
	}
	return r < 0 && !has_ended(err) ? r : 0;
}

int verb_stop(struct ctl *ctl, struct exd_error *err)
{
	(void)err;
	return ctl_each_id(ctl, stop_one);
}
