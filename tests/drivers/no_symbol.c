/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared object that is no driver. */
#include "tests/drivers/odd.h"

EXD_DRIVER_EXPORT const struct exd_driver another_entry = {ODD_DRIVER};
