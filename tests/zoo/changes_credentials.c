/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives up a privilege of its host. */
#define ZOO_NAME "changes_credentials"
#include "tests/zoo/good.h"

#include <sys/prctl.h>

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
