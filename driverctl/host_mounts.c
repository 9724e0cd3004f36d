/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the mounts that containers are made of work here: tried in a mount namespace that ends. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "driverctl/host.h"

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define TREE_CLONE 1
#define ATTR_RDONLY 0x1
#define ATTR_IDMAP 0x100000

/* struct mount_attr, which C libraries have in different headers, or not yet. */
struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};

/* A mount namespace of its own with an empty file system in its working directory. */
static int own_mounts(void)
{
	static const char *const places[] = {"/tmp", "/mnt", "/run", "/var", "/proc", "/etc"};
	int r = host_unshare(CLONE_NEWNS);

	if (r < 0)
		return r;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (mount("tmpfs", places[i], "tmpfs", 0, "size=1m") == 0 && chdir(places[i]) == 0)
			return 0;
		if (errno != ENOENT)
			break;
	}
	return -errno;
}

static void no_mounts(struct host_answer *answer, int r)
{
	host_say(answer, EXD_REPORT_NO, "not tried, since nothing can be mounted: %s", strerror(-r));
	host_cure(answer, "run as root with CAP_SYS_ADMIN, or see namespace.user.ordinary");
}

static void probe_overlay(struct host_answer *answer, const void *arg)
{
	static const char *const names[] = {"lower", "upper", "work", "merged"};
	int r = own_mounts();

	(void)arg;
	if (r < 0) {
		no_mounts(answer, r);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)mkdir(names[i], 0755);
	r = mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") < 0
		    ? -errno
		    : 0;
	host_verdict(answer, r, "can be mounted",
		     r == -ENODEV ? "modprobe overlay"
				  : "run as root, or use Linux 5.11 or newer as an ordinary user");
}

static int clone_tree(const char *path, int *fd)
{
	*fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

static int set_attributes(int fd, const struct attributes *attributes)
{
	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, attributes, sizeof(*attributes)) <
			       0
		       ? -errno
		       : 0;
}

static void probe_fsopen(struct host_answer *answer, const void *arg)
{
	int r = own_mounts(), fd = -1;

	(void)arg;
	if (r < 0) {
		no_mounts(answer, r);
		return;
	}
	r = syscall(SYS_fsopen, "tmpfs", 1) < 0 ? -errno : clone_tree(".", &fd);
	host_verdict(answer, r, "fsopen(2) and open_tree(2) work", "use Linux 5.2 or newer");
}

static void probe_setattr(struct host_answer *answer, const void *arg)
{
	const struct attributes readonly = {.set = ATTR_RDONLY};
	int r = own_mounts(), fd = -1;

	(void)arg;
	if (r < 0) {
		no_mounts(answer, r);
		return;
	}
	r = clone_tree(".", &fd);
	if (r == 0)
		r = set_attributes(fd, &readonly);
	host_verdict(answer, r, "mount_setattr(2) works", "use Linux 5.12 or newer");
}

/* A user namespace with a map, of a process that is gone when the descriptor is returned. */
static int mapped_userns(void)
{
	static const char map[] = "0 100000 65536";
	int ready[2], hold[2], fd = -1, r = 0;
	char path[48], byte = 0;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(hold, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)close(hold[1]);
		r = unshare(CLONE_NEWUSER) < 0 ? errno : 0;
		byte = (char)r;
		(void)write_all(ready[1], &byte, 1);
		(void)!read(hold[0], &byte, 1);
		_exit(0);
	}
	(void)close(ready[1]);
	if (read(ready[0], &byte, 1) != 1 || byte)
		r = byte ? -byte : -EIO;
	(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (r == 0)
		r = write_file_at(AT_FDCWD, path, map, strlen(map));
	(void)snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	if (r == 0)
		r = write_file_at(AT_FDCWD, path, map, strlen(map));
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (r == 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	(void)close(hold[1]);
	(void)waitpid(pid, NULL, 0);
	return r < 0 ? r : fd;
}

static void probe_idmap(struct host_answer *answer, const void *arg)
{
	const char *path = arg;
	struct attributes mapped = {.set = ATTR_IDMAP};
	cleanup_close int userns = mapped_userns();
	int r = own_mounts(), fd = -1;

	if (userns < 0) {
		host_verdict(answer, userns, "", "run as root; see also namespace.user");
		return;
	}
	if (r < 0) {
		no_mounts(answer, r);
		return;
	}
	mapped.userns_fd = (uint64_t)userns;
	r = clone_tree(path, &fd);
	if (r == 0)
		r = set_attributes(fd, &mapped);
	if (r == -EINVAL) {
		host_say(answer, EXD_REPORT_NO, "the file system of '%s' cannot have its ids mapped",
			 path);
		host_cure(answer, "keep volumes and roots on ext4, xfs or btrfs, or use a newer kernel");
		return;
	}
	host_verdict(answer, r, "ids can be mapped on the file system of '/'",
		     "run as root, and use Linux 5.12 or newer");
}

const struct host_probe host_mounts[] = {
	{"mount.fsopen", probe_fsopen, NULL},
	{"mount.setattr", probe_setattr, NULL},
	{"mount.idmap", probe_idmap, "/"},
	{"mount.overlay", probe_overlay, NULL},
	{NULL, NULL, NULL},
};
