/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to a container that exists, by its record alone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <execdriver/version.h>

#include "base/cgroupfs.h"
#include "base/cleanup.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_record.h"
#include "drivers/native/freeze.h"

#define KILL_MS 5000
#define REMOVE_MS 2000
#define FREEZE_MS 2000

/* Why there is no cgroup to do it with. */
static int no_cgroup(struct exd_record *record, const char *verb, struct exd_error *err)
{
	if (exd_record_pidfd(record) < 0)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, 0, "container '%s' is not running",
				     exd_record_id(record));
	return exd_error_set(
		err, EXD_ERR_HOST, 0,
		"cannot %s container '%s': it has no cgroup for that (see driverctl check)", verb,
		exd_record_id(record));
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

/* What is frozen by v1 dies only when it is thawed. */
static void thaw_v1(struct exd_record *record)
{
	struct native_dir freezer = native_dir(record, "freezer");

	if (freezer.fd >= 0 && freezer.version == 1 && native_frozen(freezer.fd, 1) > 0)
		(void)native_thaw(freezer.fd, 1, FREEZE_MS);
}

int native_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	struct native_dir dir = native_dir_any(record), freezer = native_dir(record, "freezer");
	int pidfd = exd_record_pidfd(record), r = 0;

	(void)self;
	if (pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 &&
	    errno != ESRCH)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno,
				     "cannot kill process %d of container '%s'",
				     (int)exd_record_pid(record), exd_record_id(record));
	if (dir.version == 2)
		thaw_v1(record);
	if (dir.fd >= 0)
		r = cgroup_kill(dir.fd, freezer.fd >= 0 && dir.version == 1 ? freezer.fd : -1,
				dir.version, KILL_MS);
	else if (!is_gone(dir.fd))
		r = dir.fd;
	if (r == -EBUSY)
		return exd_error_set(err, EXD_ERR_TIMEOUT, EBUSY,
				     "processes of container '%s' were killed but have not ended "
				     "after %d s",
				     exd_record_id(record), KILL_MS / 1000);
	if (r < 0 && !is_gone(r))
		return exd_error_set(err, EXD_ERR_CGROUP, -r,
				     "cannot kill the cgroup of container '%s'",
				     exd_record_id(record));
	return 0;
}

static bool is_cgroupfs(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && ((unsigned long)fs.f_type == CGROUP_SUPER_MAGIC ||
					  (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC);
}

static int remove_one(struct exd_record *record, const char *controllers, const char *mount,
		      const char *path, struct exd_error *err)
{
	const char *below = path + strspn(path, "/");
	cleanup_close int root = FD_NONE;
	int r;

	if (!native_cgroup_is_of(controllers, path, exd_record_id(record)))
		return exd_error_set(
			err, EXD_ERR_STATE, 0,
			"cgroup '%s' in the record of container '%s' is not the container's: "
			"it is left alone",
			path, exd_record_id(record));
	root = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? -errno : 0;
	/* what is there since the hierarchy was unmounted is not ours */
	if (r == 0 && is_cgroupfs(root))
		r = cgroup_remove(root, below, REMOVE_MS);
	if (r == -EBUSY)
		return exd_error_set(
			err, EXD_ERR_CGROUP, EBUSY,
			"cgroup '%s/%s' still holds processes: terminate container '%s' "
			"first",
			mount, below, exd_record_id(record));
	if (r < 0 && !is_gone(r))
		return exd_error_set(err, EXD_ERR_CGROUP, -r, "cannot remove cgroup '%s/%s'", mount,
				     below);
	return 0;
}

int native_clean(void *self, struct exd_record *record, struct exd_error *err)
{
	struct native_dir v2 = native_dir(record, "");
	const char *controllers, *mount, *path;
	int first = 0;

	(void)self;
	thaw_v1(record);
	if (v2.fd >= 0 && native_frozen(v2.fd, 2) > 0)
		(void)native_thaw(v2.fd, 2, FREEZE_MS);
	for (size_t i = 0; exd_record_cgroup(record, i, &controllers, &mount, &path); i++) {
		int r = remove_one(record, controllers, mount, path, first < 0 ? NULL : err);

		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int native_info(void *self, struct exd_record *record, struct exd_info *info, struct exd_error *err)
{
	struct native_dir freezer;

	(void)self;
	(void)err;
	info->running = exd_record_pidfd(record) >= 0;
	info->paused = false;
	if (info->running) {
		freezer = native_dir_freezer(record);
		info->paused = freezer.fd >= 0 && native_frozen(freezer.fd, freezer.version) > 0;
	}
	(void)snprintf(info->driver, sizeof(info->driver), "native %s", EXD_VERSION_STRING);
	(void)snprintf(info->isolation, sizeof(info->isolation), "namespaces");
	return 0;
}

static int set_paused(struct exd_record *record, bool paused, struct exd_error *err)
{
	struct native_dir freezer = native_dir_freezer(record);
	const char *verb = paused ? "pause" : "go on with";
	int r;

	r = freezer.fd < 0 ? freezer.fd
	    : paused       ? native_freeze(freezer.fd, freezer.version, FREEZE_MS)
			   : native_thaw(freezer.fd, freezer.version, FREEZE_MS);
	if (is_gone(r))
		return no_cgroup(record, verb, err);
	if (r == -ETIMEDOUT)
		return exd_error_set(
			err, EXD_ERR_TIMEOUT, 0,
			"cannot %s container '%s': some process did not follow within %d s%s", verb,
			exd_record_id(record), FREEZE_MS / 1000,
			paused ? "; all were set going again" : "");
	if (r < 0)
		return exd_error_set(err, EXD_ERR_CGROUP, -r, "cannot %s container '%s'", verb,
				     exd_record_id(record));
	return 0;
}

int native_pause(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	return set_paused(record, true, err);
}

int native_unpause(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	return set_paused(record, false, err);
}

int native_pids(void *self, struct exd_record *record, pid_t *pids, size_t max,
		struct exd_error *err)
{
	struct native_dir dir = native_dir_any(record);
	int r = dir.fd < 0 ? dir.fd : cgroup_pids(dir.fd, pids, max);

	(void)self;
	if (is_gone(r))
		return no_cgroup(record, "list the processes of", err);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_CGROUP, -r,
				     "cannot list the processes of container '%s'",
				     exd_record_id(record));
	return r;
}
