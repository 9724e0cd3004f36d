/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan may take of another container, beside its namespaces. */
#include "core/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "core/record.h"

static int fail_as(struct exd_plan *plan, int r, const struct exd_error *err)
{
	plan->result = r;
	plan->failed = *err;
	return r;
}

int exd_plan_container_root(struct exd_plan *plan, const char *id)
{
	cleanup_record struct exd_record *record = NULL;
	cleanup_close int fd = FD_NONE;
	struct exd_error err = EXD_ERROR_INIT;
	char path[40];
	int pidfd, r;

	if (plan->result < 0)
		return plan->result;
	if (!id)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "a container without an id");
	r = record_load(plan->root_fd, id, &record, &err);
	if (r < 0)
		return fail_as(plan, r, &err);
	pidfd = exd_record_pidfd(record);
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)exd_record_pid(record));
	if (pidfd >= 0)
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && pidfd >= 0 && errno != ENOENT && errno != ESRCH)
		return plan_fail(plan, EXD_ERR_NAMESPACE, errno,
				 "cannot open the root of container '%s'", id);
	/* It lives after the open, so the pid was its own at the open. */
	if (fd < 0 || pidfd_ended(pidfd))
		return plan_fail(plan, EXD_ERR_NOT_RUNNING, ESRCH,
				 "container '%s' is not running, so nothing of it can be shared",
				 id);
	return take_fd(&fd);
}
