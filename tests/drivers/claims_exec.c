/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims a capability without the function. */
#include "tests/drivers/odd.h"

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {ODD_DRIVER, .caps = EXD_CAP_EXEC};
