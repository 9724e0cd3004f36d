/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes the disposition of a signal. */
#define ZOO_NAME "takes_signals"
#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	(void)signal(SIGUSR1, SIG_IGN);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
