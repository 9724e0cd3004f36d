/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says that its struct is larger than it is. */
#include "tests/drivers/odd.h"

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	ODD_DRIVER, .struct_size = sizeof(struct exd_driver) + 4096};
