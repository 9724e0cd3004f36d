/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces to be joined: of another container, or of a path. */
#include "core/plan.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "core/record.h"

/* Linux 5.6; older headers lack it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	const char *name;
	int type;
} namespaces[] = {
	{"mnt", CLONE_NEWNS},
	{"pid", CLONE_NEWPID},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
	{"net", CLONE_NEWNET},
	{"cgroup", CLONE_NEWCGROUP},
	{"user", CLONE_NEWUSER},
	{"time", CLONE_NEWTIME},
};

static int namespace_type(const char *name)
{
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		if (strcmp(namespaces[i].name, name) == 0)
			return namespaces[i].type;
	return -EINVAL;
}

/* Takes over the error that a call outside of the builder gave. */
static int adopt(struct exd_plan *plan, int r, const struct exd_error *err)
{
	plan->result = r;
	plan->failed = *err;
	return r;
}

static int of_container(struct exd_plan *plan, const char *id, const char *name)
{
	cleanup_record struct exd_record *record = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	int fd, r;

	r = record_load(plan->root_fd, id, &record, &err);
	if (r < 0)
		return adopt(plan, r, &err);
	if (record_status(record) != EXD_STATUS_RUNNING)
		return plan_fail(
			plan, EXD_ERR_NOT_RUNNING, ESRCH,
			"container '%s' is not running, so its %s namespace cannot be joined", id,
			name);
	fd = exd_record_namespace(record, name, &err);
	if (fd < 0)
		return adopt(plan, fd, &err);
	return exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
}

static int of_path(struct exd_plan *plan, const char *path, const char *name, int type)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return plan_fail(plan, EXD_ERR_NAMESPACE, errno,
				 "cannot open '%s', which is to be a %s namespace", path, name);
	/* Files of other kinds answer ENOTTY, or whatever this number means to them. */
	if (ioctl(fd, NS_GET_NSTYPE) != type)
		return plan_fail(plan, EXD_ERR_NAMESPACE, 0,
				 "'%s' is not a %s namespace: give a file such as /proc/PID/ns/%s",
				 path, name, name);
	return exd_plan_fd_consume(plan, take_fd(&fd), EXD_FD_KEEP);
}

int exd_plan_namespace(struct exd_plan *plan, const char *spec, const char *name)
{
	int type = name ? namespace_type(name) : -EINVAL;

	if (plan->result < 0)
		return plan->result;
	if (!spec || type < 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "'%s' is not the name of a namespace",
				 name ? name : "");
	if (str_has_prefix(spec, "container:"))
		return of_container(plan, spec + strlen("container:"), name);
	if (str_has_prefix(spec, "path:"))
		return of_path(plan, spec + strlen("path:"), name, type);
	return plan_fail(plan, EXD_ERR_INVALID, 0, "'%s' names no %s namespace to join", spec,
			 name);
}
