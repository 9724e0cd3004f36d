/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all parts of the native driver share: its options, and what a run knows while compiled. */
#ifndef EXECDRIVER_NATIVE_H
#define EXECDRIVER_NATIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <execdriver/driver.h>

#include "drivers/native/namespaces.h"
#include "drivers/native/user.h"
#include "drivers/native/userns.h"

/* The driver's options, read once and never changed. */
struct native {
	char *cgroup_parent;  /* "/execdriver"; a command may name another */
	char *cgroup_manager; /* "cgroupfs" */
	char *seccomp;        /* for commands that do not say */
	unsigned int warm;    /* boxes to keep of each shape */
	struct cgroup_layout
		*layout; /* cgroup hierarchies, as they were when the driver was opened */
};

#define NATIVE_HOSTNAME_MAX 64

struct cgroup_layout;
struct native_cgroups;
struct native_device;
struct native_mount;
struct native_mask;
struct native_overlay;
struct native_bind;

/*
 * A run while it is compiled. The slots of mounts stay usable after the pivot, and paths below
 * /dev, /proc and /sys are taken from them, not from the root: what a hostile root holds at these
 * names cannot redirect them.
 */
struct native_run {
	const struct native *self;
	const struct exd_command *command;
	struct exd_plan *plan;
	struct exd_error *err;
	struct native_ns ns[NATIVE_NS_KINDS];
	struct native_userns userns;
	const char *hostname; /* NULL: the host's */
	char hostname_text[NATIVE_HOSTNAME_MAX + 1];
	int rootfs_fd;     /* the root directory, or FD_NONE: volatile */
	uint32_t root_uid; /* owner of what is made in a volatile root */
	uint32_t root_gid;
	struct native_overlay *overlay; /* what it is made of, or NULL */
	int root;                       /* slots; -1 where there is none of ours */
	int dev;
	int proc;
	int sys;
	int host_proc_tree; /* the host's, where a user namespace may not mount its own */
	int host_sys_tree;
	int host_mqueue_tree;
	int shm; /* the /dev/shm that goes with another's ipc namespace */
	struct native_userdb users;
	struct native_user user;
	uint64_t caps;
	struct native_cgroups *cgroups;
	struct native_device *devices;
	size_t device_count;
	struct native_mount *mounts; /* the command's, in order */
	size_t mount_count;
	struct native_bind *binds; /* of the volatile root */
	size_t bind_count;
	const char *seccomp; /* the word, path or text of it */
	char *profile;       /* of the user's own, or NULL */
	char *landlock;      /* rules, one a line, or NULL */
	struct native_mask *masks;
	size_t mask_count;
	int host_proc; /* whether the host's can be looked at: -1 no, 0 not asked yet, 1 yes */
	int host_sys;
};

int native_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	       struct exd_error *err);
int native_exec(void *self, struct exd_record *record, const struct exd_command *command,
		struct exd_plan *plan, struct exd_error *err);
int native_explain(void *self, const struct exd_command *command, struct exd_report *report,
		   struct exd_error *err);

/*
 * run_parts.c. A run without a plan, which is looked at only until it gets one; it points into
 * itself, and must not be copied.
 */
void native_run_begin(struct native_run *run, const struct native *self,
		      const struct exd_command *command, struct exd_error *err);
/* What the steps depend on, once the namespaces are known. */
int native_run_read(struct native_run *run);
void native_run_release(struct native_run *run);
/* The program, as long as the run is there. */
struct native_process native_run_process(const struct native_run *run);
/* What native_exec_process() will need, into the record. */
int native_run_note(struct native_run *run, const struct native_process *process);

/*
 * The checks that need no compilation: keys this driver does not do, and keys that contradict each
 * other.
 */
int native_check(const struct exd_command *command, struct exd_error *err);
/* What only a Host Compute Service has, refused in the name of a driver. */
int native_check_foreign(const char *driver, const struct exd_command *command,
			 struct exd_error *err);

#endif
