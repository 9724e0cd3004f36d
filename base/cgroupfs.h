/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cgroup directories by descriptor: make, list, kill, count OOM kills, remove. */
#ifndef EXECDRIVER_BASE_CGROUPFS_H
#define EXECDRIVER_BASE_CGROUPFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup_make {
	int root;           /* directory of the hierarchy */
	const char *path;   /* below it; the leaf must be new, parents may exist */
	const char *enable; /* v2: "+memory +pids" for every ancestor's subtree_control; NULL or "":
			       nothing */
	bool cpuset;        /* v1 cpuset: take over the parent's cpus and mems */
	const char *file;   /* of the leaf, opened for writing; NULL: the leaf itself, O_PATH */
};

/* Returns the descriptor. -EEXIST when the leaf is there already. */
int cgroup_make(const struct cgroup_make *make);

/* Pids of the whole subtree: writes up to `max`, returns how many there are. */
int cgroup_pids(int dirfd, pid_t *pids, size_t max);

/* 1 when no process is in the subtree, else 0. */
int cgroup_empty(int dirfd, int version);

/*
 * Kills every process of the subtree and waits until it is empty, at most deadline_ms: then -EBUSY.
 * On v1 (`version` 1) it freezes first, so that a fork bomb cannot run away, and always thaws;
 * freezer is the directory in the freezer hierarchy, or -1.
 */
int cgroup_kill(int dirfd, int freezer, int version, int deadline_ms);

/*
 * Removes the directory with its children. -EBUSY when it is not empty after deadline_ms (0: one
 * try). Gone already: 0.
 */
int cgroup_remove(int root, const char *path, int deadline_ms);

/* How many processes the kernel's OOM killer took in the subtree. */
int cgroup_oom_kills(int dirfd, int version, uint64_t *kills);

#endif
