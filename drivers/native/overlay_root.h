/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A root of layers: rootfs = "overlay:LOWER[:LOWER...]". */
#ifndef EXECDRIVER_NATIVE_OVERLAY_ROOT_H
#define EXECDRIVER_NATIVE_OVERLAY_ROOT_H

#include <stdbool.h>

#include "drivers/native/mounts.h"

#define NATIVE_OVERLAY_LOWERS 256

struct native_overlay {
	int lower[NATIVE_OVERLAY_LOWERS]; /* the top one first */
	size_t count;
};

bool native_overlay_wanted(const struct exd_command *command);
/* Opens the directories; rootfs_fd becomes what they look like together. */
int native_overlay_open(struct native_run *run);
/* In place of a clone of a directory; fills run->root. */
int native_overlay_trees(struct native_run *run, uint64_t attr);
void native_overlay_release(struct native_run *run);

#endif
