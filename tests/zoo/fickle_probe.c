/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says something else each time it is asked. */
#define ZOO_NAME "fickle_probe"
#include "tests/zoo/good.h"

static int zoo_probe(void *self, struct exd_report *report, uint64_t *caps, struct exd_error *err)
{
	static int times;

	if (times++ % 2)
		*caps &= ~(uint64_t)EXD_CAP_EXEC;
	return good_probe(self, report, caps, err);
}

ZOO_DRIVER(.probe = zoo_probe);
