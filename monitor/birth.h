/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between monitor and child: what the child is born with. */
#ifndef EXECDRIVER_MONITOR_BIRTH_H
#define EXECDRIVER_MONITOR_BIRTH_H

#include "monitor/task.h"

struct newborn {
	const struct launch *launch;
	struct rlimit nofile; /* for the program */
	int report;           /* its end of the report socket */
	int init;             /* its end of the small init's line, or -1 */
	int worker;           /* the end of its line that a worker gets, or -1 */
	int asker;            /* to learn its pid in the log with, or -1 */
	int keep_closed[3];   /* the monitor's ends */
	bool box;             /* it is to wait at the cut */
};

/*
 * child.c: walks the child's steps; never returns. Only async-signal-safe calls, no memory is
 * allocated.
 */
void child_main(const struct newborn *n) __attribute__((noreturn));

#endif
