/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command's limits are as files and values of a cgroup, v1 or v2. */
#ifndef EXECDRIVER_NATIVE_CGROUP_LIMITS_H
#define EXECDRIVER_NATIVE_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

#include "drivers/native/cgroup_layout.h"

#define NATIVE_LIMITS_MAX 64
#define NATIVE_LIMIT_NAME 48
#define NATIVE_LIMIT_TEXT 64
#define NATIVE_CPU_PERIOD 100000 /* us, the kernel's default */

/* One write. */
struct native_limit {
	const char *key; /* that asked for it */
	const char *controller;
	const char *file; /* NULL: it is `name` */
	const char *text; /* the value, of the command; NULL: it is `number` */
	char name[NATIVE_LIMIT_NAME];
	char number[NATIVE_LIMIT_TEXT];
	/*
	 * Of a file with a line for each device or resource, whose name is the first word of the
	 * value: what stands behind it when there is no limit. Else NULL.
	 */
	const char *unset;
	bool skip_missing; /* nobody asked for this very limit: without the file it is left out */
};

/* What was asked for and cannot be had here. */
struct native_refusal {
	const char *key;
	const char *controller;
	const char *reason; /* NULL: no hierarchy that can be used has the controller */
};

/* In the order in which they are to be written. Strings are the command's or static. */
struct native_limits {
	struct native_limit list[NATIVE_LIMITS_MAX];
	size_t count;
	struct native_refusal refused[NATIVE_LIMITS_MAX];
	size_t refused_count;
};

/* What holds for a container that is given new limits; -1: no limit. */
struct native_limits_now {
	int64_t memory;
	int64_t swap; /* alone */
	int64_t cpu_quota;
	int64_t cpu_period;
};

/*
 * now: of a container that runs, NULL for a new one. EXD_ERR_CGROUP for a value that no kernel
 * takes; what this host cannot do is in out->refused. Looks at the device nodes that it names.
 */
int native_limits_read(const struct exd_command *command, const struct cgroup_layout *layout,
		       const struct native_limits_now *now, struct native_limits *out,
		       struct exd_error *err);
/* Whether the key is one of those that native_limits_read() knows. */
bool native_limits_key(enum exd_key key);

const char *native_limit_file(const struct native_limit *limit);
const char *native_limit_text(const struct native_limit *limit);
bool native_limits_use(const struct native_limits *limits, const char *controller);
/* Takes out the limits of a hierarchy's controllers, and refuses them for this reason. */
void native_limits_refuse(struct native_limits *limits, const struct cgroup_hierarchy *hierarchy,
			  const char *reason);

/*
 * Takes out a limit of swap where the kernel counts none, and refuses one that was asked for. root:
 * of the hierarchy that has the memory controller; parent: below it, of the container's cgroup.
 */
void native_limits_check_swap(struct native_limits *limits, int version, int root,
			      const char *parent);

/*
 * Takes out weights of input and output that no scheduler here has, refusing them when there is
 * none. dir: v1's root, or a v2 cgroup below it, perhaps -1 as there is none yet.
 */
void native_limits_check_weight(struct native_limits *limits, int version, int dir);

/* EXD_ERR_CGROUP for the first limit that was refused; with best_effort a warning for each. */
int native_limits_report(const struct cgroup_layout *layout, const struct native_limits *limits,
			 const struct exd_command *command, struct exd_plan *plan,
			 struct exd_error *err);

/* Whether every number of a list such as "0-3,5" is in another one. */
bool native_cpuset_within(const char *list, const char *whole);
/* "0.5" cpus in microseconds of a period; 0 for what is no such number. */
int64_t native_cpus_quota(const char *cpus, int64_t period);
/* cgroup v2's weight 1..10000 for v1's shares 2..262144. */
uint64_t native_cpu_weight(uint64_t shares);

#endif
