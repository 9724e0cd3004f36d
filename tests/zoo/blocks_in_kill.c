/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Never comes back from kill. */
#define ZOO_NAME "blocks_in_kill"
#include "tests/zoo/good.h"

static int zoo_kill(void *self, struct exd_record *record, int number, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	while (number >= 0)
		(void)pause();
	return 0;
}

ZOO_DRIVER(.kill = zoo_kill);
