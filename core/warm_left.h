/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cgroups of boxes that a monitor kept warm when it was killed. */
#ifndef EXECDRIVER_CORE_WARM_LEFT_H
#define EXECDRIVER_CORE_WARM_LEFT_H

/*
 * Of the monitor with this name and directory, which must have ended. Its boxes have ended with it;
 * one that became a container holds its cgroup, which stays.
 */
void warm_left_remove(int dir, const char *name);

#endif
