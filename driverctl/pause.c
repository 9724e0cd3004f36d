/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl pause, resume (unpause): all processes of containers stand still, and go on. */
#include "driverctl/ctl.h"

static int pause_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	int r = exd_pause(ctl->engine, id, err);

	return r < 0 ? r : 0;
}

static int resume_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	int r = exd_unpause(ctl->engine, id, err);

	return r < 0 ? r : 0;
}

int verb_pause(struct ctl *ctl, struct exd_error *err)
{
	(void)err;
	return ctl_each_id(ctl, pause_one);
}

int verb_resume(struct ctl *ctl, struct exd_error *err)
{
	(void)err;
	return ctl_each_id(ctl, resume_one);
}
