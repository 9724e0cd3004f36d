/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Built against a later header: a longer struct and a capability that we do not know. */
#include "tests/drivers/odd.h"

struct later_driver {
	struct exd_driver known;
	void (*later)(void);
};

static void later(void)
{
}

EXD_DRIVER_EXPORT const struct later_driver exd_driver_entry = {
	.known = {ODD_DRIVER, .struct_size = sizeof(struct later_driver),
		  .caps = UINT64_C(1) << 40 | EXD_CAP_EXEC, .exec = odd_exec},
	.later = later,
};
