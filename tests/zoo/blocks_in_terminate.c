/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Never comes back from terminate. */
#define ZOO_NAME "blocks_in_terminate"
#include "tests/zoo/good.h"

static int zoo_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)err;
	while (exd_record_pidfd(record) >= 0)
		(void)pause();
	return 0;
}

ZOO_DRIVER(.terminate = zoo_terminate);
