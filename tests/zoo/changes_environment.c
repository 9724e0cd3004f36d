/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes the environment. */
#define ZOO_NAME "changes_environment"
#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	(void)setenv("OF_THE_ZOO", "1", 1);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
