/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves a cgroup. */
#define ZOO_NAME "leaves_cgroup"

#include <fcntl.h>
#include <sys/stat.h>

#include <execdriver/driver.h>

/* Of cgroup v1, v2 or both. */
static inline const char *hierarchy(void)
{
	static const char *const places[] = {"/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified",
					     "/sys/fs/cgroup"};
	struct stat st;
	size_t i = 0;

	while (i < 2 && stat(places[i], &st) < 0)
		i++;
	return places[i];
}

static inline void more_steps(const struct exd_command *command, struct exd_plan *plan)
{
	int dir = open(hierarchy(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int slot = exd_plan_fd_consume(plan, dir, EXD_FD_KEEP);

	if (exd_command_is_set(command, EXD_KEY_ID))
		exd_plan_mkdir(plan, slot, exd_command_string(command, EXD_KEY_ID, ""), 0755, 0, 0);
}

#define ZOO_MORE_STEPS more_steps
#include "tests/zoo/good.h"

ZOO_DRIVER();
