/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/shm goes with the ipc namespace: that of whomever it is shared with. */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/mounts.h"

#define CONTAINER "container:"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

/*
 * Only what is mounted on that very path, and a tmpfs: whatever a hostile container puts in its
 * place, by links or by mounts, is not taken for it.
 */
static int open_shm(int root)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = FD_NONE;
	struct statfs fs;
	struct statx at;

	do
		fd = (int)syscall(SYS_openat2, root, "dev/shm", &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	if (fd < 0 || fstatfs(fd, &fs) < 0 ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &at) < 0)
		return -errno;
	if (fs.f_type != TMPFS_MAGIC || !(at.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -EMEDIUMTYPE;
	return take_fd(&fd);
}

/*
 * The kernel clones mounts of the caller's mount namespace only, so the child pays a visit to the
 * other one. It has joined the ipc namespace by then, so nobody in there can trace it.
 */
static void clone_there(struct native_run *run, int there, int here, int shm_consume)
{
	int source = exd_plan_fd_consume(run->plan, shm_consume, EXD_FD_KEEP);

	run->shm = exd_plan_slot(run->plan);
	(void)exd_plan_setns(run->plan, there, CLONE_NEWNS);
	(void)exd_plan_tree(run->plan, source, run->shm, false);
	(void)exd_plan_setns(run->plan, here, CLONE_NEWNS);
	(void)exd_plan_attr(run->plan, run->shm, 0, 0, MS_PRIVATE, false);
}

static int of_container(struct native_run *run, const char *spec)
{
	const char *id = spec + strlen(CONTAINER);
	int there = exd_plan_namespace(run->plan, spec, "mnt");
	int here = exd_plan_namespace(run->plan, "path:/proc/self/ns/mnt", "mnt");
	cleanup_close int root = exd_plan_container_root(run->plan, id);
	int shm;

	if (root < 0)
		return exd_plan_error(run->plan, run->err);
	shm = open_shm(root);
	if (shm < 0)
		return exd_error_set(run->err, EXD_ERR_MOUNT, shm == -EMEDIUMTYPE ? 0 : -shm,
				     "container '%s' has no tmpfs on /dev/shm to share with its "
				     "ipc namespace: mount something of your own there",
				     id);
	clone_there(run, there, here, shm);
	return exd_plan_error(run->plan, run->err);
}

int native_shm_trees(struct native_run *run)
{
	const char *spec = exd_command_string(run->command, EXD_KEY_IPC_NAMESPACE, "");
	int fd;

	if (native_mounts_cover(run, "/dev/shm"))
		return 0;
	if (strncmp(spec, CONTAINER, strlen(CONTAINER)) == 0 && run->userns.rootless)
		return exd_error_set(run->err, EXD_ERR_MOUNT, EPERM,
				     "the /dev/shm of a container can be shared only by root: "
				     "mount something of your own there");
	if (strncmp(spec, CONTAINER, strlen(CONTAINER)) == 0)
		return of_container(run, spec);
	if (run->ns[NATIVE_NS_IPC].mode != NATIVE_NS_HOST)
		return 0;
	fd = open("/dev/shm", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		run->shm = native_clone(run, fd, false, (struct native_attr){0}, 0);
	return 0;
}
