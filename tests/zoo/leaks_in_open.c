/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves a descriptor open with each open. */
#define ZOO_NAME "leaks_in_open"
#include "tests/zoo/good.h"

static int zoo_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	/* cppcheck-suppress leakReturnValNotUsed */
	(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
	return good_open(self, options, err);
}

ZOO_DRIVER(.open = zoo_open);
