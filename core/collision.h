/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cgroup that is there already, and so is not ours to use: whose is it? */
#ifndef EXECDRIVER_CORE_COLLISION_H
#define EXECDRIVER_CORE_COLLISION_H

#include <execdriver/error.h>

/* Sets the error of a start whose cgroup (below each hierarchy) exists. Only looks at it. */
int collision_error(const char *cgroup, struct exd_error *err);

#endif
