/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a plan keeps the cgroups of a container while it is compiled. */
#ifndef EXECDRIVER_NATIVE_CGROUP_SLOTS_H
#define EXECDRIVER_NATIVE_CGROUP_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/native/cgroup_layout.h"

/*
 * A v1 cgroup is joined by writing 0 to "tasks": a single thread that moves itself waits for no RCU
 * grace period (Linux 5.5), a whole process by way of "cgroup.procs" does: milliseconds on an idle
 * host. The child has one thread.
 */
#define CGROUP_JOIN_FILE "tasks"

struct native_cgroup {
	const struct cgroup_hierarchy *hierarchy; /* the driver's; NULL for an exec */
	int root, leaf;                           /* slots */
	int join;                                 /* slot of the file to be joined by, or -1 */
};

struct native_cgroups {
	struct native_cgroup list[CGROUP_HIERARCHIES_MAX];
	size_t count;
	int birth; /* slot of the v2 cgroup to be born in, or -1 */
	bool privileged;
	int *trees; /* slots of detached mounts: `sets` times `count` */
	size_t sets, mounted;
};

/* Why no usable hierarchy has this controller, and what cures it. */
void cgroup_missing(const struct cgroup_layout *layout, const char *controller, char *text,
		    size_t size);
/* The same from the text of /proc/cgroups. */
void cgroup_missing_in(const struct cgroup_layout *layout, const char *proc_cgroups,
		       const char *controller, char *text, size_t size);

#endif
