/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cgroup that is there already, and so is not ours to use: whose is it? */
#include "core/collision.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/cgroupmounts.h"
#include "base/cleanup.h"
#include "base/fdio.h"

#define PIDS_MAX 32
#define LINE_MAX_SIZE 4096
/* As the monitor calls itself, and where it holds its state directory. */
#define MONITOR_COMM "execdriver-mon"
#define MONITOR_ROOT_FD 5

struct owner {
	const char *cgroup;
	bool there;
	bool busy;
	char root[PATH_MAX]; /* "": not known */
};

static pid_t parent_of(pid_t pid)
{
	char path[32], stat[512];
	const char *name;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file_at(AT_FDCWD, path, stat, sizeof(stat)) < 0)
		return 0;
	name = strrchr(stat, ')');
	/* ") S PPID" */
	return name && strlen(name) > 4 ? (pid_t)strtol(name + 4, NULL, 10) : 0;
}

static bool is_monitor(pid_t pid)
{
	char path[32], comm[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return pid > 1 && read_file_at(AT_FDCWD, path, comm, sizeof(comm)) > 0 &&
	       strcmp(comm, MONITOR_COMM "\n") == 0;
}

static void read_root(struct owner *owner, pid_t monitor)
{
	char path[40];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)monitor, MONITOR_ROOT_FD);
	n = readlink(path, owner->root, sizeof(owner->root) - 1);
	owner->root[n > 0 ? n : 0] = '\0';
}

/* The first process of a container is its monitor's child. */
static bool look(const struct cgroup_mount *mount, void *arg)
{
	struct owner *owner = arg;
	cleanup_close int dir =
		openat(mount->fd, owner->cgroup, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	pid_t pids[PIDS_MAX];
	int count = dir < 0 ? 0 : cgroup_pids(dir, pids, PIDS_MAX);

	if (dir >= 0)
		owner->there = true;
	owner->busy |= count > 0;
	for (int i = 0; i < count && i < PIDS_MAX && !owner->root[0]; i++) {
		pid_t parent = parent_of(pids[i]);

		if (is_monitor(parent))
			read_root(owner, parent);
	}
	return dir >= 0;
}

int collision_error(const char *cgroup, struct exd_error *err)
{
	struct owner owner = {.cgroup = cgroup};
	struct cgroup_visit visit = {.fn = look, .arg = &owner};
	char text[LINE_MAX_SIZE];

	cgroup_mounts_visit(&visit, text, sizeof(text));
	if (owner.root[0])
		return exd_error_set(err, EXD_ERR_CGROUP, 0,
				     "cgroup '%s' is that of a container on the state directory "
				     "'%s': use that one (--root), another id, or another "
				     "cgroup_parent",
				     cgroup, owner.root);
	if (!owner.there || owner.busy)
		return exd_error_set(err, EXD_ERR_CGROUP, 0,
				     "cgroup '%s' exists already, likely of a container on another "
				     "state directory: use that one (--root), another id, or "
				     "another cgroup_parent",
				     cgroup);
	return exd_error_set(err, EXD_ERR_CGROUP, 0,
			     "cgroup '%s' exists already but is empty: rmdir it in every hierarchy "
			     "when nobody is starting it, or use another id or cgroup_parent",
			     cgroup);
}
