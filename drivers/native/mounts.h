/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a run: sources are cloned first, in the host's namespace, all else in its own. */
#ifndef EXECDRIVER_NATIVE_MOUNTS_H
#define EXECDRIVER_NATIVE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

#include "drivers/native/mount_attr.h"
#include "drivers/native/native.h"

/* One of the command's mounts. */
struct native_mount {
	struct exd_mount mount;
	char *target; /* absolute and clean */
	int slot;     /* of its clone */
	bool directory;
};

/* A read-only piece of the host in the volatile root. */
struct native_bind {
	const char *target;
	char *link; /* a symbolic link instead, or NULL */
	int slot;
	bool directory;
};

struct native_mask {
	const char *path;
	int null_slot; /* stays empty for a directory */
	bool directory;
};

/*
 * An absolute path without "//", "/./" and a final slash; -EINVAL for others and for "..". To be
 * freed.
 */
int native_path_clean(const char *path, char **out);
/* Whether one of the command's mounts is on this path or on a folder above it. */
bool native_mounts_cover(const struct native_run *run, const char *path);
/*
 * The last of them, the one that is seen there, and the path below it ("" for the target itself);
 * or NULL.
 */
const struct native_mount *native_mount_at(const struct native_run *run, const char *path,
					   const char **rest);
/*
 * Where to look for an absolute path: the slot of /dev, /proc or /sys when that mount is ours, with
 * the rest of the path.
 */
int native_place(const struct native_run *run, const char *path, const char **rest);
/*
 * Gives a descriptor to the plan, clones it in the child, and makes the clone private with these
 * attributes. Returns its slot.
 */
int native_clone(struct native_run *run, int fd_consume, bool recursive, struct native_attr attr,
		 uint64_t propagation);

/*
 * MOUNT_ATTR_NODEV where no rules judge who uses a device, so that nodes of file systems that are
 * not ours do not count; else 0.
 */
uint64_t native_nodev(const struct native_run *run);

/* Whether a namespace belongs to the container's user namespace, so that it may mount its files. */
bool native_owns(const struct native_run *run, enum native_ns_kind kind);

/* The root: opened and checked; its trees; attached; closed. */
int native_root_open(struct native_run *run);
/*
 * Users and groups as the container will see them: from the root, or from a mount of the command's
 * over /etc.
 */
int native_root_users(struct native_run *run);
/* Refuses capabilities that would be the way out of it. */
int native_root_judge(const struct native_run *run);
int native_root_trees(struct native_run *run);
int native_root_attach(struct native_run *run);
void native_root_finish(struct native_run *run);

int native_volatile_users(struct native_run *run);
int native_volatile_trees(struct native_run *run);
int native_volatile_fill(struct native_run *run);

int native_shm_trees(struct native_run *run);

int native_mounts_read(struct native_run *run);
int native_mounts_trees(struct native_run *run);
void native_mounts_default(struct native_run *run);
int native_mounts_own(struct native_run *run);
void native_mounts_release(struct native_run *run);

/* Refuses access that only rules could limit, where there are none; with best_effort a warning. */
int native_devices_judge(const struct native_run *run);
/* In a user namespace no node can be made: the host's are shown. */
int native_devices_trees(struct native_run *run);
void native_devices_make(struct native_run *run);

int native_masks_read(struct native_run *run);
int native_masks_trees(struct native_run *run);
void native_masks_apply(struct native_run *run);
/* One of the paths that can only be read, or NULL behind the last. */
const char *native_readonly_path(const struct native_run *run, size_t index);

#endif
