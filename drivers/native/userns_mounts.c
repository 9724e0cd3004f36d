/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts of the host's in a user namespace: where they are cloned, and with whose ids. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/mounts.h"
#include "drivers/native/native.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

#define ATTR_SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * The kernel clones mounts of the caller's namespace, for who has rights over it. An ordinary user
 * has them only over the copy that the container begins with: the path is followed again in that.
 */
int native_userns_source(struct native_run *run, int fd_consume)
{
	char link[40], path[4096];
	ssize_t size;
	int slot;

	if (!run->userns.rootless || run->userns.mode == NATIVE_NS_HOST)
		return exd_plan_fd_consume(run->plan, fd_consume, EXD_FD_KEEP);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd_consume);
	size = readlink(link, path, sizeof(path) - 1);
	(void)close(fd_consume);
	path[size > 0 ? size : 0] = '\0';
	slot = exd_plan_slot(run->plan);
	(void)exd_plan_open(run->plan, EXD_CHILD, -1, slot, path, O_PATH);
	return slot;
}

/* The type that mountinfo has behind " - " in the line of a mount. */
static void find_type(int fd, char *out, size_t size)
{
	cleanup_fclose FILE *file = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	const char *type;
	size_t room = 0;
	struct statx st;

	(void)snprintf(out, size, "of unknown type");
	if (!file || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return;
	while (getline(&line, &room, file) > 0) {
		if (strtoull(line, NULL, 10) != st.stx_mnt_id)
			continue;
		type = strstr(line, " - ");
		if (type)
			(void)snprintf(out, size, "%.*s", (int)strcspn(type + 3, " \n"), type + 3);
		return;
	}
}

int native_userns_idmap(struct native_run *run, int slot, const char *path, int fd, bool recursive)
{
	char type[32], what[160];

	if (run->userns.mode == NATIVE_NS_HOST)
		return exd_error_set(run->err, EXD_ERR_KEY, 0,
				     "'%s' can have mapped ids only with a user namespace "
				     "(user_namespace, uid_map and gid_map)",
				     path);
	if (run->userns.rootless)
		return exd_error_set(run->err, EXD_ERR_MOUNT, EPERM,
				     "'%s' cannot have mapped ids: that takes root", path);
	find_type(fd, type, sizeof(type));
	(void)snprintf(what, sizeof(what), "'%.80s' (file system %s)", path, type);
	return exd_plan_idmap(run->plan, slot, run->userns.slot, what, recursive);
}

/* A recursive read-only bind of the host's, where that has it; else nothing is shown. */
static int bind_host(struct native_run *run, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : native_clone(run, fd, true, (struct native_attr){.set = ATTR_SAFE | MOUNT_ATTR_RDONLY}, 0);
}

int native_shared_trees(struct native_run *run)
{
	const struct {
		const char *path;
		enum native_ns_kind owner;
		int *slot;
	} all[] = {
		{"/proc", NATIVE_NS_PID, &run->host_proc_tree},
		{"/sys", NATIVE_NS_NET, &run->host_sys_tree},
		{"/dev/mqueue", NATIVE_NS_IPC, &run->host_mqueue_tree},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!native_owns(run, all[i].owner) && !native_mounts_cover(run, all[i].path))
			*all[i].slot = bind_host(run, all[i].path);
	}
	return exd_plan_error(run->plan, run->err);
}

bool native_owns(const struct native_run *run, enum native_ns_kind kind)
{
	enum native_ns_mode mode = run->ns[kind].mode;

	return run->userns.mode == NATIVE_NS_HOST || mode == NATIVE_NS_OWN ||
	       (run->userns.mode == NATIVE_NS_JOIN && mode == NATIVE_NS_JOIN);
}
