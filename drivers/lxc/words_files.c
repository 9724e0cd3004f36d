/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps on files and mounts of a container, by a process that has its root. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "drivers/lxc/words.h"
#include "monitor/sys.h"

#define ROOT_ONLY (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
#define TRIES 1000
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

/*
 * No link leads through a descriptor of this process to the host. EAGAIN: a rename on the host
 * raced with "..".
 */
static int open_path(const char *path, uint64_t flags)
{
	int fd = -EAGAIN;

	for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
		fd = sys_openat2(AT_FDCWD, path, flags | O_CLOEXEC, 0, ROOT_ONLY);
	return fd;
}

/*
 * One thread that moves itself, by "0" in a file that was opened on the host: FD, or dir FD of the
 * cgroup that has the file.
 */
int words_cgroup(struct words *w, const char *arg)
{
	const char *dir = words_is(arg, "dir");
	int fd = dir ? openat(atoi(dir), "cgroup.procs", O_WRONLY | O_CLOEXEC) : atoi(arg);
	int r = fd < 0 || write(fd, "0", 1) < 0 ? -errno : 0;

	if (fd >= 0)
		(void)close(fd);
	if (dir)
		(void)close(atoi(dir));
	w->object = "joining the container's cgroup";
	return r;
}

/* liblxc makes one before the joins, whose root would be the host's. */
int words_cgroup_namespace(struct words *w, const char *arg)
{
	int fd, r;

	w->object = "cgroup namespace";
	if (!*arg)
		return neg_errno(unshare(CLONE_NEWCGROUP));
	fd = atoi(arg);
	r = neg_errno(setns(fd, CLONE_NEWCGROUP));
	(void)close(fd);
	return r;
}

/* The directory of a path that is to be made, with those above it; *name is the rest. */
static int open_parent(const char *path, const char **name)
{
	char part[4096];
	int dir = open_path("/", O_PATH | O_DIRECTORY);

	while (*path == '/')
		path++;
	while (dir >= 0 && strchr(path, '/')) {
		size_t n = strcspn(path, "/");
		int next;

		if (n >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdirat(dir, part, 0755) < 0 && errno != EEXIST)
			next = -errno;
		else
			next = neg_errno(openat(dir, part,
						O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
		(void)close(dir);
		dir = next;
		path += n + strspn(path + n, "/");
	}
	*name = path;
	return dir;
}

static int make_node(int dir, const char *name, mode_t mode, dev_t device)
{
	mode_t old = umask(0);
	int r = neg_errno(mknodat(dir, name, mode, device));

	if (r == -EEXIST && unlinkat(dir, name, 0) == 0)
		r = neg_errno(mknodat(dir, name, mode, device));
	(void)umask(old);
	return r;
}

/* MODE MAJOR MINOR UID GID PATH */
int words_mknod(struct words *w, const char *arg)
{
	unsigned int mode, major_number, minor_number, uid, gid;
	const char *name = NULL;
	int n = 0, dir, r;

	if (sscanf(arg, "%o %u %u %u %u %n", &mode, &major_number, &minor_number, &uid, &gid,
		   &n) < 5)
		return -EINVAL;
	w->object = arg + n;
	dir = open_parent(arg + n, &name);
	if (dir < 0)
		return dir;
	r = make_node(dir, name, mode, makedev(major_number, minor_number));
	if (r == 0)
		r = neg_errno(fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW));
	(void)close(dir);
	return r;
}

/* TARGET PATH, without blanks. What is there already stays. */
int words_symlink(struct words *w, const char *arg)
{
	char target[256];
	const char *space = strchr(arg, ' ');
	int r;

	if (!space || (size_t)(space - arg) >= sizeof(target))
		return -EINVAL;
	memcpy(target, arg, (size_t)(space - arg));
	target[space - arg] = '\0';
	w->object = space + 1;
	r = neg_errno(symlink(target, space + 1));
	return r == -EEXIST ? 0 : r;
}

static int empty_directory(void)
{
	int fs = sys_fsopen("tmpfs"), mount;

	if (fs < 0)
		return fs;
	mount = sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "555");
	if (mount == 0)
		mount = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
	if (mount == 0)
		mount = sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						MOUNT_ATTR_NOEXEC);
	(void)close(fs);
	return mount;
}

/* Of the container's own /dev, which liblxc has just made: nobody else was here yet. */
static int null_device(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					      MOUNT_ATTR_NOEXEC};
	int fd = open_path("/dev/null", O_PATH | O_NOFOLLOW), tree, r;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) {
		(void)close(fd);
		return -ENODEV;
	}
	tree = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	(void)close(fd);
	r = tree < 0 ? tree : sys_mount_setattr(tree, 0, &attr);
	if (r < 0 && tree >= 0)
		(void)close(tree);
	return r < 0 ? r : tree;
}

int words_mask(struct words *w, const char *arg)
{
	int target = open_path(arg, O_PATH), cover, r;
	struct stat st;

	w->object = arg;
	if (target == -ENOENT)
		return 0;
	if (target < 0 || fstat(target, &st) < 0)
		return target < 0 ? target : -errno;
	cover = S_ISDIR(st.st_mode) ? empty_directory() : null_device();
	r = cover < 0 ? cover : sys_move_mount(cover, target);
	if (cover >= 0)
		(void)close(cover);
	(void)close(target);
	return r;
}

int words_readonly(struct words *w, const char *arg)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int target = open_path(arg, O_PATH), tree, r;

	w->object = arg;
	if (target < 0)
		return target == -ENOENT ? 0 : target;
	tree = sys_open_tree(target, "",
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	r = tree < 0 ? tree : sys_mount_setattr(tree, AT_RECURSIVE, &attr);
	if (r == 0)
		r = sys_move_mount(tree, target);
	if (tree >= 0)
		(void)close(tree);
	(void)close(target);
	return r;
}

/* HEX PATH: attributes of the mount that is there */
int words_attr(struct words *w, const char *arg)
{
	struct mount_attr attr = {0};
	char *path;
	int target, r;

	attr.attr_set = strtoull(arg, &path, 16);
	if (*path != ' ')
		return -EINVAL;
	w->object = path + 1;
	target = open_path(path + 1, O_PATH);
	if (target < 0)
		return target;
	r = sys_mount_setattr(target, 0, &attr);
	(void)close(target);
	return r;
}
