/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup part of the native driver: layouts v1, v2 and hybrid; limits, control and counters. */
#ifndef EXECDRIVER_NATIVE_CGROUP_H
#define EXECDRIVER_NATIVE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <execdriver/driver.h>

struct native;
struct native_cgroups;

/*
 * For a run: adds the prepare steps (directories, limits, the OOM watch, what is joined by opened),
 * the record's cgroup notes, and the end and cleanup steps. Without a pid namespace of its own the
 * end kills the whole cgroup. A limit that this host cannot set is EXD_ERR_CGROUP with controller
 * and cure, with best_effort a warning.
 */
int native_cgroups_plan(const struct native *self, const struct exd_command *command,
			struct exd_plan *plan, struct native_cgroups **out, struct exd_error *err);

/*
 * For a process in a running container: opens what it joins its cgroups by. EXD_ERR_NOT_RUNNING
 * when they are gone.
 */
int native_cgroups_exec(const struct native *self, struct exd_record *record, struct exd_plan *plan,
			struct native_cgroups **out, struct exd_error *err);

/*
 * The same with a new cgroup in each of the container's, with the command's limits and an OOM watch
 * of its own. It goes when the process has ended, and what is left in it is killed then. A cgroup
 * v2 that holds processes hands down no controllers: then a limit is EXD_ERR_CGROUP, with
 * best_effort a warning.
 */
int native_cgroups_child(const struct native *self, struct exd_record *record,
			 const struct exd_command *command, struct exd_plan *plan,
			 struct native_cgroups **out, struct exd_error *err);

/*
 * Adds the child's join steps; none for a cgroup that the process is born in. With an
 * EXD_MOUNT_CGROUP in the command also the clones of the cgroup directories, which can only be made
 * before the mount namespace is.
 */
void native_cgroups_join(const struct native_cgroups *cgroups, struct exd_plan *plan);

/* Slot of the cgroup v2 directory to be born in, or -1. */
int native_cgroups_birth_slot(const struct native_cgroups *cgroups);

/*
 * Adds the mounts of one EXD_MOUNT_CGROUP on target (in root_slot), with these MOUNT_ATTR_*: v2 as
 * one mount, v1 as a tmpfs with one directory for each hierarchy. Only the container's own cgroup
 * is seen there, whatever cgroup namespace it has, and read-only unless it is privileged: else it
 * could lift its own limits.
 */
int native_cgroups_mount(struct native_cgroups *cgroups, struct exd_plan *plan, int root_slot,
			 const char *target, uint64_t mount_attr, struct exd_error *err);

/* NULL is fine. Returns NULL. */
struct native_cgroups *native_cgroups_free(struct native_cgroups *cgroups);

/*
 * Report lines by controller ("cgroup.memory"), and the capabilities that this layout does not
 * allow taken out of *caps.
 */
int native_cgroups_probe(const struct native *self, struct exd_report *report, uint64_t *caps,
			 struct exd_error *err);

/* The vtable's, by the record alone. */
int native_terminate(void *self, struct exd_record *record, struct exd_error *err);
int native_clean(void *self, struct exd_record *record, struct exd_error *err);
int native_info(void *self, struct exd_record *record, struct exd_info *info,
		struct exd_error *err);
int native_pause(void *self, struct exd_record *record, struct exd_error *err);
int native_unpause(void *self, struct exd_record *record, struct exd_error *err);
int native_pids(void *self, struct exd_record *record, pid_t *pids, size_t max,
		struct exd_error *err);
int native_stats(void *self, struct exd_record *record, struct exd_stats *stats,
		 struct exd_error *err);
int native_update(void *self, struct exd_record *record, const struct exd_command *command,
		  struct exd_error *err);

#endif
