/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has a descriptor that an exec would inherit. */
#define ZOO_NAME "no_cloexec"
#include "tests/zoo/good.h"

static int zoo_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	int r = good_open(self, options, err);

	/* cppcheck-suppress memleak */
	if (r == 0)
		*self = (void *)(intptr_t)open("/dev/null", O_RDONLY);
	return r;
}

static void zoo_close(void *self)
{
	(void)close((int)(intptr_t)self);
}

ZOO_DRIVER(.open = zoo_open, .close = zoo_close);
