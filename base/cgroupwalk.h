/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits a cgroup and all below it, without memory of its own. */
#ifndef EXECDRIVER_BASE_CGROUPWALK_H
#define EXECDRIVER_BASE_CGROUPWALK_H

#include <stdbool.h>

/*
 * `fn` gets a directory descriptor of each, the top one first; stops at its first negative result.
 */
int cgroup_walk(int dirfd, int (*fn)(int dir, void *arg), void *arg);

bool cgroup_has_children(int dirfd);

/*
 * Removes the directories below, deepest first, as far as they let themselves; returns how many
 * went.
 */
int cgroup_remove_children(int dirfd);

#endif
