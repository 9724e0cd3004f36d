/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says that it has ended a container. */
#define ZOO_NAME "terminates_nothing"
#include "tests/zoo/good.h"

static int zoo_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	return 0;
}

ZOO_DRIVER(.terminate = zoo_terminate);
