/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mount namespace of the worker: liblxc's directory is a tmpfs of its own there, with the root
 * and the sources of mounts in it, and it is shown no cgroups. It ends with the worker.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "drivers/lxc/lxc.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/devices.h"

#define ATTR_SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int tmpfs(struct lxc_run *run, const char *options, uint64_t attr)
{
	int slot = exd_plan_slot(run->base.plan);

	(void)exd_plan_fs(run->base.plan, slot, "tmpfs", options, attr);
	return slot;
}

int lxc_root_own(struct exd_plan *plan)
{
	int host = exd_plan_slot(plan), root = exd_plan_slot(plan);

	exd_plan_blame(plan, EXD_ERR_MOUNT, 0);
	(void)exd_plan_open(plan, EXD_CHILD, -1, host, "/", O_PATH | O_DIRECTORY);
	(void)exd_plan_tree(plan, host, root, true);
	(void)exd_plan_attr(plan, root, 0, 0, MS_PRIVATE, true);
	(void)exd_plan_unshare(plan, CLONE_NEWNS);
	(void)exd_plan_propagation(plan, MS_REC | MS_PRIVATE);
	(void)exd_plan_attach_root(plan, root);
	(void)exd_plan_pivot(plan, root);
	return root;
}

/* Only the directories are made where the host has none; they are empty before and afterwards. */
static int scratch(struct lxc_run *run)
{
	struct exd_plan *plan = run->base.plan;
	int root = lxc_root_own(plan), slot, hidden;

	(void)exd_plan_mkdir(plan, root, LXC_SCRATCH, 0755, 0, 0);
	slot = tmpfs(run, "mode=755", MOUNT_ATTR_NOSUID);
	(void)exd_plan_attach(plan, slot, root, LXC_SCRATCH, EXD_ATTACH_EXISTING);
	hidden = tmpfs(run, "mode=755", ATTR_SAFE | MOUNT_ATTR_RDONLY);
	exd_plan_blame(plan, EXD_ERR_MOUNT, EXD_STEP_SKIP_MISSING);
	(void)exd_plan_attach(plan, hidden, root, "/sys/fs/cgroup", EXD_ATTACH_EXISTING);
	exd_plan_blame(plan, EXD_ERR_MOUNT, 0);
	(void)exd_plan_mkdir(plan, slot, "/box", 0755, 0, 0);
	(void)exd_plan_mkdir(plan, slot, run->path + strlen(LXC_SCRATCH), 0755, 0, 0);
	(void)exd_plan_mkdir(plan, slot, "/mnt", 0755, 0, 0);
	return slot;
}

static int attach_root(struct lxc_run *run, int place)
{
	struct native_run *base = &run->base;
	char options[64];
	int r = 0;

	exd_plan_blame(base->plan, EXD_ERR_ROOTFS, 0);
	if (base->rootfs_fd < 0) {
		(void)snprintf(options, sizeof(options), "mode=755,uid=%u,gid=%u", base->root_uid,
			       base->root_gid);
		base->root = tmpfs(run, options, MOUNT_ATTR_NODEV);
	}
	(void)exd_plan_attach(base->plan, base->root, place, "/root", EXD_ATTACH_MAKE_DIR);
	if (base->rootfs_fd < 0)
		r = native_volatile_fill(base);
	return r;
}

static int attach_source(struct lxc_run *run, int place, size_t index)
{
	const struct native_mount *mount = &run->base.mounts[index];
	uint64_t attr = ATTR_SAFE;
	char target[32];

	(void)snprintf(target, sizeof(target), "/m%zu", index);
	if (mount->mount.type == EXD_MOUNT_CGROUP) {
		if (mount->mount.flags & EXD_MOUNT_READONLY)
			attr |= MOUNT_ATTR_RDONLY;
		return native_cgroups_mount(run->base.cgroups, run->base.plan, place, target, attr,
					    run->base.err);
	}
	if (mount->mount.type == EXD_MOUNT_BIND)
		(void)exd_plan_attach(run->base.plan, mount->slot, place, target,
				      mount->directory ? EXD_ATTACH_MAKE_DIR
						       : EXD_ATTACH_MAKE_FILE);
	return 0;
}

/* What is cloned for cgroup mounts can only be cloned before the mount namespace is made. */
static void cgroup_trees(struct lxc_run *run)
{
	const struct native_cgroups *cgroups = run->base.cgroups;

	for (size_t i = 0; i < cgroups->sets * cgroups->count; i++)
		(void)exd_plan_tree(run->base.plan, cgroups->list[i % cgroups->count].leaf,
				    cgroups->trees[i], false);
}

int lxc_root_plan(struct lxc_run *run)
{
	struct native_run *base = &run->base;
	int place, r = native_root_trees(base);

	if (r == 0)
		r = native_mounts_trees(base);
	if (r < 0)
		return r;
	cgroup_trees(run);
	place = scratch(run);
	if (base->shm >= 0)
		(void)exd_plan_attach(base->plan, base->shm, place, "/shm", EXD_ATTACH_MAKE_DIR);
	for (size_t i = 0; i < base->mount_count && r == 0; i++)
		r = attach_source(run, place, i);
	return r < 0 ? r : attach_root(run, place);
}

static void device_words(struct lxc_run *run)
{
	bool own = exd_command_count(run->base.command, EXD_KEY_DEVICES) > 0;

	for (size_t i = 0; i < run->base.device_count && own && !run->user_namespace; i++) {
		const struct native_device *device = &run->base.devices[i];

		if (native_mounts_cover(&run->base, device->target))
			continue;
		recipe_line(&run->recipe, "mknod %o %u %u %u %u %s", (unsigned int)device->mode,
			    major(device->rdev), minor(device->rdev), device->uid, device->gid,
			    device->target);
	}
}

/* liblxc makes /dev as it likes; what else programs expect there is added. */
int lxc_root_words(struct lxc_run *run)
{
	bool own_dev = !native_mounts_cover(&run->base, "/dev");
	const char *path;

	device_words(run);
	if (own_dev) {
		recipe_line(&run->recipe, "symlink /proc/kcore /dev/core");
		recipe_line(&run->recipe, "attr %x /dev", MOUNT_ATTR_NOSUID);
	}
	for (size_t i = 0; (path = native_readonly_path(&run->base, i)); i++)
		recipe_line(&run->recipe, "readonly %s", path);
	for (size_t i = 0; i < run->base.mask_count; i++)
		recipe_line(&run->recipe, "mask %s", run->base.masks[i].path);
	return 0;
}
