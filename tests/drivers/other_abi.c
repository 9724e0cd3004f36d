/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speaks another ABI. */
#include "tests/drivers/odd.h"

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {ODD_DRIVER,
							      .abi = EXD_DRIVER_ABI + 1};
