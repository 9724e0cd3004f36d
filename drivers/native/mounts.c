/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts every container has, and those the command asks for. */

#include "drivers/native/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_devices.h"
#include "drivers/native/process.h"
#include "drivers/native/propagation.h"

#define ATTR_SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* Appends one component to a path that has room for it. False for "..". */
static bool append(char *path, size_t *used, const char *part, size_t size)
{
	if (size == 0 || (size == 1 && part[0] == '.'))
		return true;
	if (size == 2 && part[0] == '.' && part[1] == '.')
		return false;
	path[(*used)++] = '/';
	memcpy(path + *used, part, size);
	*used += size;
	return true;
}

int native_path_clean(const char *path, char **out)
{
	cleanup_free char *clean = NULL;
	size_t used = 0;

	if (path[0] != '/')
		return -EINVAL;
	clean = malloc(strlen(path) + 2);
	if (!clean)
		return -ENOMEM;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (!append(clean, &used, path, n))
			return -EINVAL;
		path += n + (path[n] == '/');
	}
	if (used == 0)
		clean[used++] = '/';
	clean[used] = '\0';
	*out = take_ptr(&clean);
	return 0;
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

const struct native_mount *native_mount_at(const struct native_run *run, const char *path,
					   const char **rest)
{
	for (size_t i = run->mount_count; i > 0; i--) {
		const struct native_mount *mount = &run->mounts[i - 1];

		if (!is_below(path, mount->target))
			continue;
		*rest = path + strlen(mount->target);
		*rest += **rest == '/';
		return mount;
	}
	return NULL;
}

bool native_mounts_cover(const struct native_run *run, const char *path)
{
	const char *rest;

	return native_mount_at(run, path, &rest) != NULL;
}

int native_place(const struct native_run *run, const char *path, const char **rest)
{
	const struct {
		const char *folder;
		int slot;
	} own[] = {{"/dev/", run->dev}, {"/proc/", run->proc}, {"/sys/", run->sys}};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t n = strlen(own[i].folder);

		if (own[i].slot >= 0 && strncmp(path, own[i].folder, n) == 0) {
			*rest = path + n;
			return own[i].slot;
		}
	}
	*rest = path;
	return run->root;
}

int native_clone(struct native_run *run, int fd_consume, bool recursive, struct native_attr attr,
		 uint64_t propagation)
{
	int source = native_userns_source(run, fd_consume);
	int slot = exd_plan_slot(run->plan);

	(void)exd_plan_tree(run->plan, source, slot, recursive);
	(void)exd_plan_attr(run->plan, slot, attr.set, attr.clear,
			    propagation ? propagation : MS_PRIVATE, recursive);
	return slot;
}

static void attach(struct native_run *run, int slot, const char *target, enum exd_attach_make make)
{
	const char *rest;
	int place = native_place(run, target, &rest);

	(void)exd_plan_attach(run->plan, slot, place, rest, make);
}

/* A new file system on a path; returns its slot. */
static int mount_fs(struct native_run *run, const char *target, const char *type,
		    const char *options, uint64_t attr)
{
	int slot = exd_plan_slot(run->plan);

	(void)exd_plan_fs(run->plan, slot, type, options, attr);
	attach(run, slot, target, EXD_ATTACH_MAKE_DIR);
	return slot;
}

/* One of the command's. */
static int mount_fs_of(struct native_run *run, const struct native_mount *mount, const char *type,
		       const char *options, uint64_t attr)
{
	int slot = mount_fs(run, mount->target, type, options, attr);

	if (mount->mount.propagation == MS_UNBINDABLE)
		(void)exd_plan_attr(run->plan, slot, 0, 0, MS_UNBINDABLE, false);
	return 0;
}

static void default_shm(struct native_run *run)
{
	if (run->shm >= 0)
		attach(run, run->shm, "/dev/shm", EXD_ATTACH_MAKE_DIR);
	else
		(void)mount_fs(run, "/dev/shm", "tmpfs", "mode=1777,size=64m", ATTR_SAFE);
}

static const char *devpts_options(const struct native_run *run)
{
	return native_userns_has_tty(&run->userns)
		       ? "newinstance,ptmxmode=0666,mode=0620,gid=5"
		       : "newinstance,ptmxmode=0666,mode=0620";
}

static void default_mqueue(struct native_run *run)
{
	/* kernels without POSIX message queues exist */
	exd_plan_blame(run->plan, EXD_ERR_MOUNT, EXD_STEP_OPTIONAL);
	if (run->host_mqueue_tree >= 0)
		attach(run, run->host_mqueue_tree, "/dev/mqueue", EXD_ATTACH_MAKE_DIR);
	else if (native_owns(run, NATIVE_NS_IPC))
		(void)mount_fs(run, "/dev/mqueue", "mqueue", "", ATTR_SAFE);
	exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
}

/* A new one, or the host's where the namespace that it shows is the host's too. */
static int mount_or_bind(struct native_run *run, const char *target, const char *type, int tree,
			 uint64_t attr)
{
	if (tree < 0)
		return mount_fs(run, target, type, "", attr);
	attach(run, tree, target, EXD_ATTACH_MAKE_DIR);
	return tree;
}

static void default_dev(struct native_run *run)
{
	run->dev = mount_fs(run, "/dev", "tmpfs", "mode=755,size=65536k",
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	if (!native_mounts_cover(run, "/dev/pts"))
		(void)mount_fs(run, "/dev/pts", "devpts", devpts_options(run),
			       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (!native_mounts_cover(run, "/dev/shm"))
		default_shm(run);
	if (!native_mounts_cover(run, "/dev/mqueue"))
		default_mqueue(run);
}

void native_mounts_default(struct native_run *run)
{
	uint64_t readonly =
		exd_command_bool(run->command, EXD_KEY_PRIVILEGED) ? 0 : MOUNT_ATTR_RDONLY;

	exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
	if (!native_mounts_cover(run, "/proc"))
		run->proc = mount_or_bind(run, "/proc", "proc", run->host_proc_tree, ATTR_SAFE);
	if (!native_mounts_cover(run, "/dev"))
		default_dev(run);
	if (!native_mounts_cover(run, "/sys"))
		run->sys = mount_or_bind(run, "/sys", "sysfs", run->host_sys_tree,
					 ATTR_SAFE | readonly);
}

static bool has_option(const char *options, const char *name)
{
	for (const char *at = options; *at; at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, name, strlen(name)) == 0)
			return true;
	return false;
}

/* Filled before anybody can see it; read-only only then. What the options say of it counts more. */
static int mount_copy(struct native_run *run, const struct native_mount *mount,
		      const char *options, uint64_t attr)
{
	bool said = has_option(options, "mode=") || has_option(options, "uid=") ||
		    has_option(options, "gid=");
	uint64_t late = attr & MOUNT_ATTR_RDONLY;
	int slot = exd_plan_slot(run->plan), place;
	const char *rest;

	place = native_place(run, mount->target, &rest);
	(void)exd_plan_fs(run->plan, slot, "tmpfs", options, attr & ~late);
	(void)exd_plan_copyup(run->plan, slot, place, rest, !said);
	if (late || mount->mount.propagation == MS_UNBINDABLE)
		(void)exd_plan_attr(run->plan, slot, late, 0, mount->mount.propagation, false);
	attach(run, slot, mount->target, EXD_ATTACH_MAKE_DIR);
	return 0;
}

static int read_one(struct native_run *run, size_t index)
{
	struct native_mount *mount = &run->mounts[index];
	struct exd_mount *asked = &mount->mount;
	int r;

	asked->struct_size = sizeof(*asked);
	if (!exd_command_mount(run->command, index, asked))
		return exd_error_set(run->err, EXD_ERR_INTERNAL, 0,
				     "mount %zu of the command is not there", index);
	mount->slot = -1;
	run->mount_count = index + 1;
	r = native_path_clean(asked->target, &mount->target);
	if (r == -ENOMEM)
		return exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "mount on '%s'",
				     asked->target);
	if (r < 0 || !mount->target[1])
		return exd_error_set(
			run->err, EXD_ERR_MOUNT, 0,
			"mount target '%s' is not an absolute path below / without '..'",
			asked->target);
	return 0;
}

int native_mounts_read(struct native_run *run)
{
	size_t count = exd_command_count(run->command, EXD_KEY_MOUNTS);

	if (count == 0)
		return 0;
	run->mounts = calloc(count, sizeof(*run->mounts));
	if (!run->mounts)
		return exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "mounts");
	for (size_t i = 0; i < count; i++) {
		int r = read_one(run, i);

		if (r < 0)
			return r;
	}
	return 0;
}

uint64_t native_nodev(const struct native_run *run)
{
	return cgroup_devices_ruled(run->self->layout) ||
			       exd_command_bool(run->command, EXD_KEY_PRIVILEGED)
		       ? 0
		       : MOUNT_ATTR_NODEV;
}

/* Who mounts on /dev, or below, means the devices. */
static struct native_attr bind_attr(const struct native_run *run, const struct native_mount *mount)
{
	struct native_attr attr = native_attr_of(mount->mount.flags);

	if (!is_below(mount->target, "/dev"))
		attr.set |= native_nodev(run);
	return attr;
}

static int clone_source(struct native_run *run, struct native_mount *mount, int fd_consume)
{
	bool recursive = !(mount->mount.flags & EXD_MOUNT_NORECURSE);
	cleanup_close int fd = fcntl(fd_consume, F_DUPFD_CLOEXEC, 0);

	mount->slot = native_clone(run, fd_consume, recursive, bind_attr(run, mount),
				   mount->mount.propagation);
	if (!(mount->mount.flags & EXD_MOUNT_IDMAP))
		return 0;
	return native_userns_idmap(run, mount->slot, mount->mount.source, fd, recursive);
}

static int open_source(struct native_run *run, struct native_mount *mount)
{
	cleanup_close int fd = FD_NONE;
	struct stat st;
	int r;

	fd = open(mount->mount.source, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return exd_error_set(run->err, EXD_ERR_MOUNT, errno,
				     "cannot open '%s', the source of the mount on '%s'",
				     mount->mount.source, mount->target);
	r = native_propagation_check(fd, &mount->mount, run->err);
	if (r < 0)
		return r;
	mount->directory = S_ISDIR(st.st_mode);
	return clone_source(run, mount, take_fd(&fd));
}

int native_mounts_trees(struct native_run *run)
{
	int r;

	exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
	r = native_shm_trees(run);
	for (size_t i = 0; i < run->mount_count && r == 0; i++) {
		if (run->mounts[i].mount.type == EXD_MOUNT_BIND)
			r = open_source(run, &run->mounts[i]);
	}
	return r;
}

static int mount_own(struct native_run *run, struct native_mount *mount)
{
	uint64_t attr = native_attr_of(mount->mount.flags).set, sys_readonly;
	const char *options = mount->mount.options ? mount->mount.options : "", *rest;
	int place = native_place(run, mount->target, &rest);

	sys_readonly = exd_command_bool(run->command, EXD_KEY_PRIVILEGED) ? 0 : MOUNT_ATTR_RDONLY;
	switch ((enum exd_mount_type)mount->mount.type) {
	case EXD_MOUNT_BIND:
		attach(run, mount->slot, mount->target,
		       mount->directory ? EXD_ATTACH_MAKE_DIR : EXD_ATTACH_MAKE_FILE);
		return 0;
	case EXD_MOUNT_TMPFS:
		if (mount->mount.flags & EXD_MOUNT_COPYUP)
			return mount_copy(run, mount, options,
					  attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
		return mount_fs_of(run, mount, "tmpfs", options,
				   attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	case EXD_MOUNT_PROC:
		return mount_fs_of(run, mount, "proc", options, attr | ATTR_SAFE);
	case EXD_MOUNT_SYSFS:
		return mount_fs_of(run, mount, "sysfs", options,
				   attr | ATTR_SAFE | sys_readonly);
	case EXD_MOUNT_MQUEUE:
		return mount_fs_of(run, mount, "mqueue", options, attr | ATTR_SAFE);
	case EXD_MOUNT_DEVPTS:
		return mount_fs_of(run, mount, "devpts",
				   *options ? options : devpts_options(run),
				   attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	case EXD_MOUNT_CGROUP:
		return native_cgroups_mount(run->cgroups, run->plan, place, rest, attr | ATTR_SAFE,
					    run->err);
	default:
		return exd_error_set(run->err, EXD_ERR_UNSUPPORTED, 0,
				     "the native driver has no mount of type %u for '%s'",
				     mount->mount.type, mount->target);
	}
}

int native_mounts_own(struct native_run *run)
{
	for (size_t i = 0; i < run->mount_count; i++) {
		int r;

		exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
		r = mount_own(run, &run->mounts[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

void native_mounts_release(struct native_run *run)
{
	for (size_t i = 0; i < run->mount_count; i++)
		free(run->mounts[i].target);
	free(run->mounts);
	for (size_t i = 0; i < run->bind_count; i++)
		free(run->binds[i].link);
	free(run->binds);
	free(run->masks);
}
