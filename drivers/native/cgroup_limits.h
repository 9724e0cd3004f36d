/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command's limits are as files and values of a cgroup, v1 or v2. */
#ifndef EXECDRIVER_NATIVE_CGROUP_LIMITS_H
#define EXECDRIVER_NATIVE_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

#include "drivers/native/cgroup_layout.h"

#define NATIVE_LIMITS_MAX 16
#define NATIVE_CPU_PERIOD 100000 /* us, the kernel's default */

/* One write. */
struct native_limit {
	const char *key; /* that asked for it */
	const char *controller;
	const char *file;
	const char *text; /* the value, of the command; NULL: it is `number` */
	char number[48];
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

/* EXD_ERR_CGROUP for a value that no kernel takes; what this host cannot do is in out->refused. */
int native_limits_read(const struct exd_command *command, const struct cgroup_layout *layout,
		       struct native_limits *out, struct exd_error *err);

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

/* Whether every number of a list such as "0-3,5" is in another one. */
bool native_cpuset_within(const char *list, const char *whole);
/* "0.5" cpus in microseconds of a period; 0 for what is no such number. */
int64_t native_cpus_quota(const char *cpus, int64_t period);
/* cgroup v2's weight 1..10000 for v1's shares 2..262144. */
uint64_t native_cpu_weight(uint64_t shares);

#endif
