/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of /proc and /sys a container cannot see, or only read. */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "drivers/native/mounts.h"

static const char *const masked[] = {
	"/proc/acpi",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
};

static const char *const readonly[] = {
	"/proc/asound",
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
};

#define CGROUPS "/sys/fs/cgroup"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A list the command sets, even an empty one, is the whole list. */
static const char *path_of(const struct native_run *run, enum exd_key key, const char *const *fixed,
			   size_t index)
{
	return exd_command_is_set(run->command, key) ? exd_command_item(run->command, key, index)
						     : fixed[index];
}

static size_t path_count(const struct native_run *run, enum exd_key key, size_t fixed)
{
	if (exd_command_is_set(run->command, key))
		return exd_command_count(run->command, key);
	return exd_command_bool(run->command, EXD_KEY_PRIVILEGED) ? 0 : fixed;
}

/* Asked once a run; *known is 0 before that. */
static bool is_mounted(int *known, const char *path, long magic)
{
	struct statfs fs;

	if (*known == 0)
		*known = statfs(path, &fs) == 0 && fs.f_type == magic ? 1 : -1;
	return *known > 0;
}

/*
 * Whether our own procfs or sysfs has this, by looking at the host's, which has the same files
 * outside of processes: 0, or a file type. A clone that is then not needed is dear, since giving it
 * up waits for a grace period of the kernel. Where the host's cannot tell (it may hide things), the
 * answer is a regular file: what is prepared for a file does for all.
 */
static mode_t type_of(struct native_run *run, const char *path)
{
	bool proc = strncmp(path, "/proc/", 6) == 0, sys = strncmp(path, "/sys/", 5) == 0;
	struct stat st;

	if (native_mounts_cover(run, path) || (!proc && !sys))
		return S_IFREG;
	/* looking below, for a procfs of processes only has no /proc/sys */
	if (proc && !is_mounted(&run->host_proc, "/proc/sys", PROC_SUPER_MAGIC))
		return S_IFREG;
	if (sys && !is_mounted(&run->host_sys, "/sys/kernel", SYSFS_MAGIC))
		return S_IFREG;
	if (lstat(path, &st) == 0)
		return st.st_mode & S_IFMT;
	return errno == ENOENT ? 0 : S_IFREG;
}

const char *native_readonly_path(const struct native_run *run, size_t index)
{
	return index < path_count(run, EXD_KEY_READONLY_PATHS, COUNT(readonly))
		       ? path_of(run, EXD_KEY_READONLY_PATHS, readonly, index)
		       : NULL;
}

static int check_path(struct native_run *run, const char *path)
{
	if (path[0] == '/' && path[1])
		return 0;
	return exd_error_set(run->err, EXD_ERR_KEY, 0,
			     "'%s' is not an absolute path to be masked or read-only", path);
}

static int add_mask(struct native_run *run, const char *path)
{
	mode_t type = type_of(run, path);
	int r = check_path(run, path);

	if (r == 0 && type)
		run->masks[run->mask_count++] =
			(struct native_mask){.path = path, .directory = S_ISDIR(type)};
	return r;
}

int native_masks_read(struct native_run *run)
{
	size_t count = path_count(run, EXD_KEY_READONLY_PATHS, COUNT(readonly));
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = check_path(run, path_of(run, EXD_KEY_READONLY_PATHS, readonly, i));
	if (r < 0)
		return r;
	count = path_count(run, EXD_KEY_MASKED_PATHS, COUNT(masked));
	run->masks = calloc(count + 1, sizeof(*run->masks));
	if (!run->masks)
		return exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "masked paths");
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_mask(run, path_of(run, EXD_KEY_MASKED_PATHS, masked, i));
	/* what is there is the host's, until someone asks for a mount of their own */
	if (r == 0 && !native_mounts_cover(run, CGROUPS))
		r = add_mask(run, CGROUPS);
	return r;
}

/* The host's own, never the container's: that one may be anything by the time it is bound. */
static int open_null(struct native_run *run)
{
	cleanup_close int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return exd_error_set(run->err, EXD_ERR_HOST, errno,
				     "cannot open the host's '/dev/null'");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return exd_error_set(run->err, EXD_ERR_HOST, 0,
				     "the host's '/dev/null' is not the null device");
	return native_userns_source(run, take_fd(&fd));
}

int native_masks_trees(struct native_run *run)
{
	int null = -1;

	exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
	for (size_t i = 0; i < run->mask_count; i++) {
		run->masks[i].null_slot = exd_plan_slot(run->plan);
		if (run->masks[i].directory)
			continue;
		if (null < 0)
			null = open_null(run);
		if (null < 0)
			return null;
		(void)exd_plan_tree(run->plan, null, run->masks[i].null_slot, false);
		/*
		 * Private, else what a container mounts over it would appear on the host's.
		 * Read-only devices still take writes, but keep owner and mode: the host's.
		 */
		(void)exd_plan_attr(run->plan, run->masks[i].null_slot,
				    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0,
				    MS_PRIVATE, false);
	}
	return 0;
}

void native_masks_apply(struct native_run *run)
{
	size_t count = path_count(run, EXD_KEY_READONLY_PATHS, COUNT(readonly));
	const char *rest;
	int place;

	exd_plan_blame(run->plan, EXD_ERR_MOUNT, EXD_STEP_SKIP_MISSING);
	for (size_t i = 0; i < count; i++) {
		const char *path = path_of(run, EXD_KEY_READONLY_PATHS, readonly, i);

		place = native_place(run, path, &rest);
		(void)exd_plan_readonly(run->plan, place, rest);
	}
	for (size_t i = 0; i < run->mask_count; i++) {
		place = native_place(run, run->masks[i].path, &rest);
		(void)exd_plan_mask(run->plan, place, rest, run->masks[i].null_slot);
	}
	exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
}
