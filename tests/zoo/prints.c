/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints. */
#define ZOO_NAME "prints"
#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	(void)printf("starting\n");
	(void)fflush(stdout);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
