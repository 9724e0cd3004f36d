/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which controllers cgroup v2 is asked to hand down to a container. */
#ifndef EXECDRIVER_NATIVE_CGROUP_ENABLE_H
#define EXECDRIVER_NATIVE_CGROUP_ENABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/native/cgroup_limits.h"

#define CGROUP_ENABLE_SIZE 64

/* "+memory +pids +cpu": what limits, counters and the OOM watch need of what this hierarchy has. */
void cgroup_enable_list(const struct cgroup_hierarchy *hierarchy,
			const struct native_limits *limits, char out[CGROUP_ENABLE_SIZE]);

/* Whether every "+controller" of a list is among the words of a cgroup.subtree_control. */
bool cgroup_enable_done(const char *enable, const char *subtree_control);

/*
 * cgroup v2 hands nothing down from a cgroup that holds processes itself, but for the real root. 1
 * when one of the parent's path is such a cgroup and does not hand the list down already, with its
 * path from the root fd in out; else 0.
 */
int cgroup_enable_blocked(int root, const char *parent, const char *enable, char *out, size_t size);

#endif
