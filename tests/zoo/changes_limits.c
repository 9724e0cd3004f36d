/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lowers a limit of its host. */
#define ZOO_NAME "changes_limits"
#include "tests/zoo/good.h"

#include <sys/resource.h>

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	struct rlimit limit = {4000, 4000};

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
