/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves a descriptor open with each run. */
#define ZOO_NAME "leaks_in_run"
#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	/* cppcheck-suppress leakReturnValNotUsed */
	(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
