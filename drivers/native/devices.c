/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device nodes: the six every program expects, links, and the command's own. */

#include "drivers/native/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "drivers/native/mounts.h"

#define ACCESS_ALL 7u
#define ACCESS_BOTH 6u /* read and write */

static const struct {
	const char *target;
	unsigned int minor;
	unsigned int major;
} defaults[] = {
	{"/dev/null", 3, 1},
	{"/dev/zero", 5, 1},
	{"/dev/full", 7, 1},
	{"/dev/random", 8, 1},
	{"/dev/urandom", 9, 1},
	{"/dev/tty", 0, 5},
};

#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static const struct {
	const char *path;
	const char *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"core", "/proc/kcore"},
	{"ptmx", "pts/ptmx"},
};

static int add_default(struct native_device *device, size_t index)
{
	*device = (struct native_device){
		.target = strdup(defaults[index].target),
		.source = defaults[index].target,
		.mode = S_IFCHR | 0666,
		.rdev = makedev(defaults[index].major, defaults[index].minor),
		.access = ACCESS_ALL,
	};
	return device->target ? 0 : -ENOMEM;
}

static struct native_device *find(struct native_device *devices, size_t count, const char *target)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(devices[i].target, target) == 0)
			return &devices[i];
	}
	return NULL;
}

static int read_one(const struct exd_device *asked, struct native_device *out,
		    struct exd_error *err)
{
	struct stat st;
	int r;

	if (stat(asked->path, &st) < 0)
		return exd_error_set(err, EXD_ERR_DEVICE, errno, "device '%s'", asked->path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return exd_error_set(err, EXD_ERR_DEVICE, 0, "'%s' is not a device", asked->path);
	*out = (struct native_device){
		.source = asked->path,
		.mode = st.st_mode,
		.rdev = st.st_rdev,
		.uid = st.st_uid,
		.gid = st.st_gid,
	};
	out->access = asked->access ? asked->access : ACCESS_ALL;
	r = native_path_clean(asked->target && *asked->target ? asked->target : asked->path,
			      &out->target);
	if (r == -ENOMEM)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "device '%s'", asked->path);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_DEVICE, 0,
				     "'%s' is not an absolute path without '..' for device '%s'",
				     asked->target, asked->path);
	return 0;
}

static int add_own(const struct exd_command *command, size_t index, struct native_device *devices,
		   size_t *count, struct exd_error *err)
{
	struct exd_device asked = {.struct_size = sizeof(asked)};
	struct native_device device = {0}, *same;
	int r;

	if (!exd_command_device(command, index, &asked))
		return exd_error_set(err, EXD_ERR_INTERNAL, 0,
				     "device %zu of the command is not there", index);
	r = read_one(&asked, &device, err);
	if (r < 0)
		return r;
	same = find(devices, *count, device.target);
	if (!same)
		same = &devices[(*count)++];
	free(same->target);
	*same = device;
	return 0;
}

int native_devices_list(const struct exd_command *command, struct native_device **out,
			size_t *count, struct exd_error *err)
{
	size_t own = exd_command_count(command, EXD_KEY_DEVICES), made = 0;
	struct native_device *devices = calloc(DEFAULTS + own, sizeof(*devices));
	int r = 0;

	if (!devices)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "devices");
	for (; made < DEFAULTS && r == 0; made++)
		r = add_default(&devices[made], made);
	if (r < 0)
		(void)exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "devices");
	for (size_t i = 0; i < own && r == 0; i++)
		r = add_own(command, i, devices, &made, err);
	if (r < 0) {
		(void)native_devices_free(devices, made);
		return r;
	}
	*out = devices;
	*count = made;
	return 0;
}

struct native_device *native_devices_free(struct native_device *devices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(devices[i].target);
	free(devices);
	return NULL;
}

const char *native_devices_outside(const struct native_run *run)
{
	for (size_t i = 0; i < run->device_count; i++) {
		const char *target = run->devices[i].target;

		if (strncmp(target, "/dev/", 5) != 0 && !native_mounts_cover(run, target))
			return target;
	}
	return NULL;
}

/* Where no rules judge, a rootfs is mounted so that no node in it is of use, ours too. */
static int judge_place(const struct native_run *run)
{
	const char *target = native_devices_outside(run);

	if (!target || run->rootfs_fd < 0 || !native_nodev(run))
		return 0;
	if (!exd_command_bool(run->command, EXD_KEY_BEST_EFFORT))
		return exd_error_set(run->err, EXD_ERR_DEVICE, 0,
				     "device '%s' would be of no use: without rules for devices "
				     "(driverctl check) there are devices below /dev only",
				     target);
	exd_plan_warn(run->plan,
		      "device '%s' is of no use: without rules for devices (driverctl check) there "
		      "are devices below /dev only",
		      target);
	return 0;
}

int native_devices_judge(const struct native_run *run)
{
	for (size_t i = 0; i < run->device_count && native_nodev(run); i++) {
		const struct native_device *device = &run->devices[i];

		if ((device->access & ACCESS_BOTH) == ACCESS_BOTH)
			continue;
		if (!exd_command_bool(run->command, EXD_KEY_BEST_EFFORT))
			return exd_error_set(
				run->err, EXD_ERR_CGROUP, 0,
				"device '%s' cannot be limited to read or write: this host has no "
				"rules for devices (driverctl check)",
				device->target);
		exd_plan_warn(run->plan,
			      "device '%s' can be read and written: this host has no rules "
			      "for devices (driverctl check)",
			      device->target);
	}
	return judge_place(run);
}

/* The node itself, whatever its path means by now. */
static int clone_node(struct native_run *run, struct native_device *device)
{
	const struct native_attr attr = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
	cleanup_close int fd = open(device->source, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return exd_error_set(run->err, EXD_ERR_DEVICE, errno, "device '%s'",
				     device->source);
	if (st.st_rdev != device->rdev || (st.st_mode & S_IFMT) != (device->mode & S_IFMT))
		return exd_error_set(run->err, EXD_ERR_DEVICE, 0,
				     "'%s' of the host is not the device that it should be",
				     device->source);
	device->slot = native_clone(run, take_fd(&fd), false, attr, 0);
	return 0;
}

int native_devices_trees(struct native_run *run)
{
	int r = 0;

	exd_plan_blame(run->plan, EXD_ERR_DEVICE, 0);
	for (size_t i = 0; i < run->device_count && r == 0; i++)
		if (run->userns.mode != NATIVE_NS_HOST &&
		    !native_mounts_cover(run, run->devices[i].target))
			r = clone_node(run, &run->devices[i]);
	return r;
}

static void make_node(struct native_run *run, const struct native_device *device)
{
	const char *rest;
	int place = native_place(run, device->target, &rest);

	if (run->userns.mode != NATIVE_NS_HOST)
		(void)exd_plan_attach(run->plan, device->slot, place, rest, EXD_ATTACH_MAKE_FILE);
	else
		(void)exd_plan_mknod(run->plan, place, rest, device->mode, device->rdev,
				     device->uid, device->gid);
}

/* Under a /dev that the command mounts itself nothing is made: it would be made in the source. */
void native_devices_make(struct native_run *run)
{
	exd_plan_blame(run->plan, EXD_ERR_DEVICE, 0);
	for (size_t i = 0; i < run->device_count; i++) {
		if (!native_mounts_cover(run, run->devices[i].target))
			make_node(run, &run->devices[i]);
	}
	for (size_t i = 0; run->dev >= 0 && i < sizeof(links) / sizeof(links[0]); i++)
		(void)exd_plan_symlink(run->plan, run->dev, links[i].path, links[i].target);
}
