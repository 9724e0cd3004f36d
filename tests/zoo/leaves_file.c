/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves a directory. */
#define ZOO_NAME "leaves_file"

#include <fcntl.h>
#include <sys/stat.h>

#include <execdriver/driver.h>

static inline void more_steps(const struct exd_command *command, struct exd_plan *plan)
{
	int dir = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int slot = exd_plan_fd_consume(plan, dir, EXD_FD_KEEP);

	if (exd_command_is_set(command, EXD_KEY_ID))
		exd_plan_mkdir(plan, slot, exd_command_string(command, EXD_KEY_ID, ""), 0755, 0, 0);
}

#define ZOO_MORE_STEPS more_steps
#include "tests/zoo/good.h"

ZOO_DRIVER();
