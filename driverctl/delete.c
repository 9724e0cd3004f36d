/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl delete: what is left of containers goes. */
#include "driverctl/ctl.h"

static int delete_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	int r = exd_delete(ctl->engine, id, ctl->args.settings.force, err);

	return r < 0 ? r : 0;
}

int verb_delete(struct ctl *ctl, struct exd_error *err)
{
	(void)err;
	return ctl_each_id(ctl, delete_one);
}
