/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New limits for a running container: its cgroups are made, and changed, as native's are. */
#include "drivers/lxc/lxc.h"

int lxc_update(void *self, struct exd_record *record, const struct exd_command *command,
	       struct exd_error *err)
{
	struct lxc *lxc = self;

	return native_update(&lxc->native, record, command, err);
}
