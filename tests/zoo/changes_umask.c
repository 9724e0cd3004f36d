/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes the umask. */
#define ZOO_NAME "changes_umask"
#include "tests/zoo/good.h"

#include <sys/stat.h>

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	(void)umask(0);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
