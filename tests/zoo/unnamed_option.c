/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does not say which option it does not know. */
#define ZOO_NAME "unnamed_option"
#include "tests/zoo/good.h"

static int zoo_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	int r = good_open(self, options, NULL);

	return r < 0 ? exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0, "some option is wrong") : 0;
}

ZOO_DRIVER(.open = zoo_open);
