/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its open() fails and does not say why. */
#include "tests/drivers/odd.h"

static int open_silent(void **self, const struct exd_options *options, struct exd_error *err)
{
	return -ENODEV;
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {ODD_DRIVER, .open = open_silent};
