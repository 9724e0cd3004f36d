/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exports a function where the struct should be. */
#include "tests/drivers/odd.h"

EXD_DRIVER_EXPORT int exd_driver_entry(void);

int exd_driver_entry(void)
{
	return 0;
}
