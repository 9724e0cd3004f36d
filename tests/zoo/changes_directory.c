/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes the working directory. */
#define ZOO_NAME "changes_directory"
#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	if (chdir("/usr") < 0)
		return -errno;
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
