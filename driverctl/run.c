/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl run: a program in a new container. */
#include "base/cleanup.h"
#include "driverctl/launch.h"

int verb_run(struct ctl *ctl, struct exd_error *err)
{
	cleanup_launch struct launch launch = {0};
	int r = launch_prepare(&launch, ctl, err);

	return r < 0 ? r : launch_run(&launch, err);
}
