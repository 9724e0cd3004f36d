/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of a container that exists, by its record. */
#ifndef EXECDRIVER_NATIVE_CGROUP_RECORD_H
#define EXECDRIVER_NATIVE_CGROUP_RECORD_H

#include <stdbool.h>

#include <execdriver/driver.h>

struct native_dir {
	int fd;      /* lent by the record; or a negative errno value */
	int version; /* 1 or 2 */
};

/* Whether a noted path ends in the id: nothing else is ever frozen, killed or removed. */
bool native_path_is_of(const char *path, const char *id);
/* The same of a cgroup in a record: one of v2 has the name of the box that it was started in. */
bool native_cgroup_is_of(const char *controllers, const char *path, const char *id);

/*
 * The directory of the hierarchy with this controller; "" is cgroup v2. fd is -ENOENT when there
 * is none.
 */
struct native_dir native_dir(struct exd_record *record, const char *controller);
/* The one in which all processes are best found: v2, or else any of v1. */
struct native_dir native_dir_any(struct exd_record *record);
/* The one that can be frozen: v2, or v1's freezer. */
struct native_dir native_dir_freezer(struct exd_record *record);

#endif
