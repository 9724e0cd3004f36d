/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits every cgroup hierarchy that is mounted, by /proc/self/mountinfo, without memory of its own. */
#ifndef EXECDRIVER_BASE_CGROUPMOUNTS_H
#define EXECDRIVER_BASE_CGROUPMOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CGROUP_MOUNTS_MAX 32
/* Below the root of each hierarchy: monitors that outlive their hosts, each in a cgroup of its own. */
#define CGROUP_OF_MONITORS "execdriver-monitor"

/* A mounted hierarchy, as a line of mountinfo tells. */
struct cgroup_mount {
	int fd; /* what is mounted */
	bool v2;
	char *root;  /* which of the hierarchy's cgroups is mounted */
	char *super; /* v1: with its controllers */
	dev_t dev;
};

/* Zeroed but for fn and arg. */
struct cgroup_visit {
	/* False: another mount of this hierarchy may do better. */
	bool (*fn)(const struct cgroup_mount *mount, void *arg);
	void *arg;
	dev_t done[CGROUP_MOUNTS_MAX];
	unsigned int ndone;
};

/* Works in text; a longer line than that is of no cgroup that is mounted where cgroups are. */
void cgroup_mounts_visit(struct cgroup_visit *v, char *text, size_t size);

#endif
