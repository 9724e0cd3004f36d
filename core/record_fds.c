/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What drivers ask of a record: texts, and descriptors of its process, namespaces and cgroups. */
#include "core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/procstat.h"
#include "core/record_parse.h"

/* ---- pidfds ---------------------------------------------------------------------------------- */

/* struct pidfd_info as of Linux 6.15; the kernel fills in what both sides know. */
struct pidfd_info_v1 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code; /* raw wait status */
};

#define PIDFD_GET_INFO_V1 _IOWR(0xff, 11, struct pidfd_info_v1)
#define PIDFD_INFO_EXIT_BIT (1u << 3)

int pidfd_exit_info(int pidfd, int *wait_status)
{
	struct pidfd_info_v1 info = {.mask = PIDFD_INFO_EXIT_BIT};

	if (ioctl(pidfd, PIDFD_GET_INFO_V1, &info) < 0) {
		if (errno == ENOTTY || errno == EINVAL)
			return -EOPNOTSUPP;
		return errno == ESRCH ? -ENODATA : -errno;
	}
	if (!(info.mask & PIDFD_INFO_EXIT_BIT))
		return -ENODATA;
	*wait_status = info.exit_code;
	return 0;
}

int pidfd_ended(int pidfd)
{
	struct pollfd poller = {.fd = pidfd, .events = POLLIN};

	return poll(&poller, 1, 0) > 0 && (poller.revents & (POLLIN | POLLHUP));
}

int exd_record_pidfd(struct exd_record *record)
{
	char boot[BOOT_ID_SIZE];
	int fd;

	if (record->pidfd < 0) {
		if (record->pid == 0 || (boot_id(boot) == 0 && strcmp(boot, record->boot_id) != 0))
			return -ESRCH;
		fd = pidfd_open_checked(record->pid, record->start_time);
		if (fd < 0)
			return fd;
		record->pidfd = fd;
	}
	return pidfd_ended(record->pidfd) ? -ESRCH : record->pidfd;
}

static bool kernel_has_namespace(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return access(path, F_OK) == 0 || errno != ENOENT;
}

int exd_record_namespace(struct exd_record *record, const char *name, struct exd_error *err)
{
	cleanup_close int fd = FD_NONE;
	char path[64];
	int pidfd = exd_record_pidfd(record);

	if (!name || strlen(name) > 8 || strspn(name, "abcdefghijklmnopqrstuvwxyz") != strlen(name))
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL,
				     "that is not the name of a namespace");
	if (pidfd >= 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)record->pid, name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT && errno != ESRCH)
			return exd_error_set(err, EXD_ERR_NAMESPACE, errno,
					     "cannot open the %s namespace of container '%s'", name,
					     record->dir.id);
	}
	/*
	 * It lives after the open, so the pid was its own at the open. One that is ending has no
	 * namespaces any more, while it waits for the last of its processes.
	 */
	if (pidfd < 0 || pidfd_ended(pidfd) || (fd < 0 && kernel_has_namespace(name)))
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH,
				     "container '%s' is not running", record->dir.id);
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_NAMESPACE, ENOENT,
				     "this kernel has no %s namespaces", name);
	return take_fd(&fd);
}

/* ---- cgroups --------------------------------------------------------------------------------- */

size_t exd_record_cgroup_count(const struct exd_record *record)
{
	return record->cgroup_count;
}

bool exd_record_cgroup(const struct exd_record *record, size_t index, const char **controllers,
		       const char **mount, const char **path)
{
	if (index >= record->cgroup_count)
		return false;
	if (controllers)
		*controllers = record->cgroups[index].controllers;
	if (mount)
		*mount = record->cgroups[index].mount;
	if (path)
		*path = record->cgroups[index].path;
	return true;
}

/* Whether the list "cpu,cpuacct" has the word; "" is an element of "" and of ",pids". */
static bool list_has(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (;;) {
		size_t next = strcspn(list, ",");

		if (next == size && memcmp(list, word, size) == 0)
			return true;
		if (list[next] == '\0')
			return false;
		list += next + 1;
	}
}

static int open_cgroup(const struct record_cgroup *cgroup)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	cleanup_close int mount = open(cgroup->mount, flags);
	const char *below = cgroup->path + strspn(cgroup->path, "/");
	int fd;

	if (mount < 0)
		return -errno;
	fd = openat(mount, below[0] ? below : ".", flags | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int exd_record_cgroup_fd(struct exd_record *record, const char *controller)
{
	for (size_t i = 0; i < record->cgroup_count; i++) {
		struct record_cgroup *cgroup = &record->cgroups[i];

		if (!list_has(cgroup->controllers, controller ? controller : ""))
			continue;
		if (cgroup->fd < 0) {
			int fd = open_cgroup(cgroup);

			if (fd < 0)
				return fd;
			cgroup->fd = fd;
		}
		return cgroup->fd;
	}
	return -ENOENT;
}

/* ---- texts ----------------------------------------------------------------------------------- */

const char *exd_record_id(const struct exd_record *record)
{
	return record->dir.id;
}

int exd_record_root_fd(const struct exd_record *record)
{
	return record->root_fd;
}

pid_t exd_record_pid(const struct exd_record *record)
{
	return record->pid;
}

const char *exd_record_rootfs(const struct exd_record *record)
{
	return record->rootfs;
}

const char *exd_record_note(const struct exd_record *record, const char *name)
{
	struct json_object *notes = NULL;

	if (!record->json || !json_object_object_get_ex(record->json, "notes", &notes))
		return NULL;
	return json_text(notes, name);
}
