/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Needs a function that nobody has. */
#include "tests/drivers/odd.h"

extern void function_that_nobody_has(void);

static int open_undefined(void **self, const struct exd_options *options, struct exd_error *err)
{
	function_that_nobody_has();
	return 0;
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {ODD_DRIVER, .open = open_undefined};
