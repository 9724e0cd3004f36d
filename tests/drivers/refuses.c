/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its probe says that this host will not do. */
#include "tests/drivers/odd.h"

static int probe_no(void *self, struct exd_report *report, uint64_t *caps, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_HOST, 0, "the moon is not full");
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {ODD_DRIVER, .probe = probe_no};
