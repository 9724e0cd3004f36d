/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of a container: a directory of the host, or a volatile one. */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/devices.h"
#include "drivers/native/mounts.h"
#include "drivers/native/overlay_root.h"

#define SYS_ADMIN (UINT64_C(1) << CAP_SYS_ADMIN)

/*
 * A mount of ours on a symbolic link would land elsewhere in the root, and programs would look at
 * the wrong place.
 */
static int check_mount_point(struct native_run *run, const char *name)
{
	struct stat st;

	if (native_mounts_cover(run, name) ||
	    fstatat(run->rootfs_fd, name + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return 0;
	return exd_error_set(run->err, EXD_ERR_ROOTFS, 0,
			     "%s in the rootfs '%s' is %s, not a directory", name,
			     exd_command_string(run->command, EXD_KEY_ROOTFS, ""),
			     S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
}

static int open_directory(struct native_run *run, const char *path)
{
	static const char *const points[] = {"/dev", "/proc", "/sys"};

	if (native_overlay_wanted(run->command)) {
		int r = native_overlay_open(run);

		if (r < 0)
			return r;
	} else {
		run->rootfs_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (run->rootfs_fd < 0)
		return exd_error_set(run->err, EXD_ERR_ROOTFS, errno, "cannot open the rootfs '%s'",
				     path);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		int r = check_mount_point(run, points[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * With the host's mount namespace, the host's files say who is who; those of a joined one are not
 * known here.
 */
static int open_foreign(struct native_run *run)
{
	if (run->ns[NATIVE_NS_MNT].mode == NATIVE_NS_JOIN)
		return 0;
	run->rootfs_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run->rootfs_fd < 0)
		return exd_error_set(run->err, EXD_ERR_ROOTFS, errno, "cannot open '/'");
	return 0;
}

int native_root_open(struct native_run *run)
{
	const char *path = exd_command_string(run->command, EXD_KEY_ROOTFS, NULL);

	if (run->ns[NATIVE_NS_MNT].mode != NATIVE_NS_OWN)
		return open_foreign(run);
	return path ? open_directory(run, path) : 0;
}

/* A file of users that a mount of the command's hides: the source's, or none. */
static int read_mounted(struct native_run *run, const char *path, char **text, int *error)
{
	const char *rest;
	const struct native_mount *mount = native_mount_at(run, path, &rest);
	cleanup_close int source = FD_NONE;
	int r = -ENOENT;

	if (!mount)
		return 0;
	free(*text);
	*text = NULL;
	if (mount->mount.type == EXD_MOUNT_BIND)
		source = open(mount->mount.source, O_PATH | O_CLOEXEC);
	if (source >= 0)
		r = *rest ? native_file_read(source, rest, text) : native_handle_read(source, text);
	return native_userdb_keep(r, error, path, run->err);
}

int native_root_users(struct native_run *run)
{
	bool own = run->ns[NATIVE_NS_MNT].mode == NATIVE_NS_OWN;
	int r = 0;

	if (run->rootfs_fd >= 0)
		r = native_userdb_read(&run->users, run->rootfs_fd, run->err);
	else if (own)
		r = native_volatile_users(run);
	if (r == 0)
		r = read_mounted(run, "/etc/passwd", &run->users.passwd,
				 &run->users.passwd_error);
	if (r == 0)
		r = read_mounted(run, "/etc/group", &run->users.group, &run->users.group_error);
	return r;
}

static uint64_t root_propagation(const struct native_run *run)
{
	return native_propagation_of(
		exd_command_string(run->command, EXD_KEY_ROOTFS_PROPAGATION, "private"));
}

static struct native_attr root_attr(const struct native_run *run)
{
	struct native_attr attr = native_attr_of(exd_command_rootfs_flags(run->command));

	attr.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return attr;
}

static bool root_readonly(const struct native_run *run)
{
	return exd_command_bool(run->command, EXD_KEY_ROOTFS_READONLY) ||
	       exd_command_rootfs_flags(run->command) & EXD_MOUNT_READONLY;
}

/* The root itself only at the end: mount points may have to be made in it. */
static void protect_below(struct native_run *run)
{
	struct statvfs fs;

	if (!(exd_command_rootfs_flags(run->command) & EXD_MOUNT_READONLY))
		return;
	(void)exd_plan_attr(run->plan, run->root, MOUNT_ATTR_RDONLY, 0, 0, true);
	if (fstatvfs(run->rootfs_fd, &fs) == 0 && !(fs.f_flag & ST_RDONLY))
		(void)exd_plan_attr(run->plan, run->root, 0, MOUNT_ATTR_RDONLY, 0, false);
}

int native_root_trees(struct native_run *run)
{
	uint64_t propagation = root_propagation(run);
	struct native_attr attr = root_attr(run);
	cleanup_close int fd = FD_NONE;

	if (!propagation)
		return exd_error_set(
			run->err, EXD_ERR_KEY, 0,
			"rootfs_propagation '%s' is none of private, slave, shared, unbindable",
			exd_command_string(run->command, EXD_KEY_ROOTFS_PROPAGATION, ""));
	exd_plan_blame(run->plan, EXD_ERR_ROOTFS, 0);
	if (run->rootfs_fd < 0)
		return native_volatile_trees(run);
	attr.set |= native_nodev(run);
	if (run->overlay)
		return native_overlay_trees(run, attr.set);
	fd = fcntl(run->rootfs_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return exd_error_set(run->err, EXD_ERR_SYSTEM, errno,
				     "cannot duplicate the descriptor of the rootfs");
	run->root = native_clone(run, take_fd(&fd), true, attr,
				 propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE);
	if (exd_command_bool(run->command, EXD_KEY_ROOTFS_IDMAP)) {
		int r = native_userns_idmap(run, run->root,
					    exd_command_string(run->command, EXD_KEY_ROOTFS, ""),
					    run->rootfs_fd, true);

		if (r < 0)
			return r;
	}
	protect_below(run);
	return 0;
}

int native_root_attach(struct native_run *run)
{
	exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
	(void)exd_plan_propagation(run->plan, MS_REC | MS_PRIVATE);
	exd_plan_blame(run->plan, EXD_ERR_ROOTFS, 0);
	if (run->rootfs_fd < 0) {
		run->root = exd_plan_slot(run->plan);
		(void)exd_plan_fs(run->plan, run->root, "tmpfs", "mode=755",
				  root_attr(run).set |
					  (native_devices_outside(run) ? 0 : MOUNT_ATTR_NODEV));
	}
	(void)exd_plan_attach_root(run->plan, run->root);
	return run->rootfs_fd < 0 ? native_volatile_fill(run) : 0;
}

int native_root_judge(const struct native_run *run)
{
	if (!exd_command_bool(run->command, EXD_KEY_NO_PIVOT) || !(run->caps & SYS_ADMIN))
		return 0;
	return exd_error_set(run->err, EXD_ERR_KEY, 0,
			     "no_pivot leaves the host's root under the container's, where "
			     "CAP_SYS_ADMIN could uncover it: take one of them away");
}

/* By a procfs that no mount of the command's can be on. */
static void plan_change(struct native_run *run)
{
	int proc;

	if (!exd_command_bool(run->command, EXD_KEY_NO_PIVOT)) {
		(void)exd_plan_pivot(run->plan, run->root);
		return;
	}
	proc = exd_plan_slot(run->plan);
	(void)exd_plan_fs(run->plan, proc, "proc", "", 0);
	(void)exd_plan_no_pivot(run->plan, run->root, proc);
}

/* What others can see of its mounts is said last: a shared mount is no root to change to. */
void native_root_finish(struct native_run *run)
{
	uint64_t propagation = root_propagation(run);

	exd_plan_blame(run->plan, EXD_ERR_ROOTFS, 0);
	if (root_readonly(run))
		(void)exd_plan_attr(run->plan, run->root, MOUNT_ATTR_RDONLY, 0, 0, false);
	plan_change(run);
	if (propagation == MS_SHARED || propagation == MS_UNBINDABLE)
		(void)exd_plan_attr(run->plan, run->root, 0, 0, propagation, false);
}
