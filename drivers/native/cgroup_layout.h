/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which cgroup hierarchies a host has, where they are, and which controllers are in which. */
#ifndef EXECDRIVER_NATIVE_CGROUP_LAYOUT_H
#define EXECDRIVER_NATIVE_CGROUP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* Twelve v1 controllers on hierarchies of their own, named ones, and v2. */
#define CGROUP_HIERARCHIES_MAX 32

struct cgroup_hierarchy {
	int version;       /* 1 or 2 */
	char *controllers; /* "cpu,cpuacct", "name=systemd"; of v2 those its root has, perhaps "" */
	char *mount;       /* mount point */
	char *own;         /* the path of this process in it */
	size_t depth;      /* length of the path that is mounted: 0 for the whole hierarchy */
	bool readonly;
	int fd; /* of its root as cgroup_hierarchy_open() gives it, or a negative errno value */
};

/* v1 hierarchies in the kernel's order, then v2. Never changed after it was made. */
struct cgroup_layout {
	struct cgroup_hierarchy list[CGROUP_HIERARCHIES_MAX];
	size_t count;
	/* Where no v1 hierarchy has rules for devices: whether v2's can, as programs. */
	bool device_programs;
	int programs_refused; /* why not, as negative errno; 0: nobody had to ask */
};

/*
 * From the texts of /proc/self/mountinfo and /proc/self/cgroup. What is not mounted where it could
 * be used is left out: a bind mount of another's cgroup, as hosts of containers have many, is not.
 * -ENOMEM.
 */
int cgroup_layout_parse(struct cgroup_layout *layout, const char *mountinfo,
			const char *self_cgroup);
/* The v2 hierarchy's controllers, from the text of its cgroup.controllers. -ENOMEM. */
int cgroup_layout_v2(struct cgroup_layout *layout, const char *controllers);
/*
 * All of it from /proc and the mounts, with descriptors of those that can be written. Blocks for
 * the reads. -ENOMEM or another negative errno value.
 */
int cgroup_layout_read(struct cgroup_layout **out);
/* Forgets the last hierarchy: v2 where there is one. Before anybody else has seen the layout. */
void cgroup_layout_drop_last(struct cgroup_layout *layout);
/* Empties it. */
void cgroup_layout_clear(struct cgroup_layout *layout);
/* NULL is fine; returns NULL. */
struct cgroup_layout *cgroup_layout_free(struct cgroup_layout *layout);
void cgroup_layout_freep(struct cgroup_layout **layout);

/* Whether a list such as "cpu,cpuacct" holds this word. */
bool cgroup_list_has(const char *list, const char *word);
/* The hierarchy that has a controller ("memory"), v1 or v2; NULL: none. "" is v2 itself. */
const struct cgroup_hierarchy *cgroup_layout_find(const struct cgroup_layout *layout,
						  const char *controller);

/*
 * O_PATH descriptor of the hierarchy's mounted root; -ENOTSUP when something else is mounted there
 * by now.
 */
int cgroup_hierarchy_open(const struct cgroup_hierarchy *hierarchy);

#endif
