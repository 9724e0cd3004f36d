/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the monitor from inside a host that must not notice. */
#ifndef EXECDRIVER_CORE_SPAWN_H
#define EXECDRIVER_CORE_SPAWN_H

#include <sys/types.h>

#include <execdriver/error.h>

/*
 * Runs the monitor at path from a sealed copy, with sock, dir and root as its descriptors 3, 4 and
 * 5 (all lent), as a child of nobody here. *pid is the monitor's. EXD_ERR_MONITOR names the path.
 * Blocks until it executes.
 */
int spawn_monitor(const char *path, int sock, int dir, int root, pid_t *pid, struct exd_error *err);

#endif
