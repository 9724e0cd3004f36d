/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files that turn keys of a command into limits. */
#ifndef EXECDRIVER_NATIVE_CGROUP_READING_H
#define EXECDRIVER_NATIVE_CGROUP_READING_H

#include "drivers/native/cgroup_limits.h"

struct rule;

struct reading {
	const struct exd_command *command;
	const struct cgroup_layout *layout;
	const struct native_limits_now *now; /* NULL for a new container */
	struct native_limits *out;
	struct exd_error *err;
	const struct rule *rule;
	const char *controller; /* of the rule, by its name in this version */
	int version;
};

struct rule {
	enum exd_key key;
	const char *name;
	const char *controller;    /* NULL: add() finds it */
	const char *v2_controller; /* where cgroup v2 calls it by another name */
	/* Adds at most two limits for each item of the key. */
	int (*add)(struct reading *reading);
};

/* The next limit of the key; there is room for it. */
struct native_limit *limit_add(struct reading *reading, const char *file);
struct native_limit *limit_addf(struct reading *reading, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void limit_refuse(struct native_limits *out, const char *key, const char *controller,
		  const char *reason);

/* cgroup_limits_io.c */
int limit_io_weight(struct reading *reading);
int limit_io_weight_devices(struct reading *reading);
int limit_io_rates(struct reading *reading);
/* cgroup_limits_named.c */
int limit_hugetlb(struct reading *reading);
int limit_rdma(struct reading *reading);
int limit_misc(struct reading *reading);
int limit_conf(struct reading *reading);

#endif
