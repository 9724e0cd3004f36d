/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /sys/fs/cgroup inside: the container's own cgroups and nothing above them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/strutil.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_slots.h"

#define NAMED "name="

static void attach_tree(struct exd_plan *plan, int tree, uint64_t attr, int root_slot,
			const char *target)
{
	(void)exd_plan_attr(plan, tree, attr, 0, MS_PRIVATE, false);
	(void)exd_plan_attach(plan, tree, root_slot, target, EXD_ATTACH_MAKE_DIR);
}

/* "cpu,cpuacct" is a directory of that name, with a link for each, as programs look for them. */
static void attach_links(struct exd_plan *plan, int dir_slot, const char *controllers)
{
	const char *at = controllers;

	if (!strchr(controllers, ','))
		return;
	while (*at) {
		size_t n = strcspn(at, ",");
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, at);
		(void)exd_plan_symlink(plan, dir_slot, name, controllers);
		at += n + (at[n] == ',');
	}
}

int native_cgroups_mount(struct native_cgroups *cgroups, struct exd_plan *plan, int root_slot,
			 const char *target, uint64_t mount_attr, struct exd_error *err)
{
	uint64_t attr = mount_attr | (cgroups->privileged ? 0 : MOUNT_ATTR_RDONLY);
	const int *trees = cgroups->trees + cgroups->mounted * cgroups->count;
	int dir;

	if (!cgroups->count)
		return exd_error_set(
			err, EXD_ERR_MOUNT, 0,
			"a cgroup mount is asked for, but this host has no cgroup hierarchy "
			"that can be used (see driverctl check)");
	if (cgroups->mounted == cgroups->sets)
		return exd_error_set(err, EXD_ERR_INTERNAL, 0,
				     "the cgroup mount on '%s' was not planned for", target);
	cgroups->mounted++;
	if (cgroups->count == 1 && cgroups->list[0].hierarchy->version == 2) {
		attach_tree(plan, trees[0], attr, root_slot, target);
		return 0;
	}
	dir = exd_plan_slot(plan);
	(void)exd_plan_fs(plan, dir, "tmpfs", "mode=755,size=64k",
			  attr & ~(uint64_t)MOUNT_ATTR_RDONLY);
	(void)exd_plan_attach(plan, dir, root_slot, target, EXD_ATTACH_MAKE_DIR);
	for (size_t i = 0; i < cgroups->count; i++) {
		const struct cgroup_hierarchy *h = cgroups->list[i].hierarchy;
		const char *name = h->version == 2 ? "unified" : h->controllers;

		if (str_has_prefix(name, NAMED))
			name += strlen(NAMED);
		attach_tree(plan, trees[i], attr, dir, name);
		if (h->version == 1)
			attach_links(plan, dir, name);
	}
	if (attr & MOUNT_ATTR_RDONLY)
		(void)exd_plan_attr(plan, dir, MOUNT_ATTR_RDONLY, 0, 0, false);
	return 0;
}
