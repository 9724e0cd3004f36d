/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl update: other limits for running containers. */
#include "driverctl/command_build.h"
#include "driverctl/ctl.h"

static int update_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	struct exd_command *command = NULL;
	int r = command_build(&command, &ctl->args, err);

	if (r == 0)
		r = exd_update(ctl->engine, id, command, err);
	(void)exd_command_free(command);
	return r;
}

int verb_update(struct ctl *ctl, struct exd_error *err)
{
	if (!ctl->args.given_count)
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "update: which limits? see 'driverctl update --help'");
	return ctl_each_id(ctl, update_one);
}
