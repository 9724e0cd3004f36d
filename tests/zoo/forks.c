/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a child process of its host. */
#define ZOO_NAME "forks"
#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	if (fork() == 0)
		_exit(0);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
