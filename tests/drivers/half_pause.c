/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Can pause but not unpause. */
#include "tests/drivers/odd.h"

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {ODD_DRIVER, .caps = EXD_CAP_PAUSE,
							      .pause = odd_record};
