/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves a mount. */
#define ZOO_NAME "leaves_mount"

#include <fcntl.h>
#include <sys/stat.h>

#include <execdriver/driver.h>

static inline void more_steps(const struct exd_command *command, struct exd_plan *plan)
{
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int root = exd_plan_fd_consume(plan, dir, EXD_FD_KEEP);
	int slot = exd_plan_slot(plan);

	if (!exd_command_is_set(command, EXD_KEY_ID))
		return;
	exd_plan_fs(plan, slot, "tmpfs", "size=4k", 0);
	exd_plan_attach(plan, slot, root, "/mnt", EXD_ATTACH_EXISTING);
}

#define ZOO_MORE_STEPS more_steps
#include "tests/zoo/good.h"

ZOO_DRIVER();
