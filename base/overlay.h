/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An overlay of directories that are known by descriptors; async-signal-safe. */
#ifndef EXECDRIVER_BASE_OVERLAY_H
#define EXECDRIVER_BASE_OVERLAY_H

#include <stddef.h>

struct overlay {
	const int *lower; /* the top one first */
	size_t count;
	int upper, work;   /* -1: read-only, of two or more */
	unsigned int attr; /* MOUNT_ATTR_* */
};

/* A detached mount. -E2BIG: more lower directories than this kernel takes. */
int overlay_make(const struct overlay *overlay);

#endif
