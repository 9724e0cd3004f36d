/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes any option. */
#define ZOO_NAME "any_option"
#include "tests/zoo/good.h"

static int zoo_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	(void)options;
	(void)err;
	*self = NULL;
	return 0;
}

ZOO_DRIVER(.open = zoo_open);
