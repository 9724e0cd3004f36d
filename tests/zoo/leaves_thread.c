/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves a thread in its host. */
#define ZOO_NAME "leaves_thread"
#include "tests/zoo/good.h"

#include <pthread.h>

static void *rest(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, rest, NULL) == 0)
		(void)pthread_detach(thread);
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
