/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Built before the first optional function: shorter than ours, and right. */
#include "tests/drivers/odd.h"

#include <stddef.h>

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	ODD_DRIVER, .struct_size = offsetof(struct exd_driver, exec), .exec = odd_exec};
