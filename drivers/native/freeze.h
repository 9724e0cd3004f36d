/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops and goes on with all processes of a cgroup at once. */
#ifndef EXECDRIVER_NATIVE_FREEZE_H
#define EXECDRIVER_NATIVE_FREEZE_H

/*
 * Blocks until all are stopped, at most deadline_ms: then everything is set going again and
 * -ETIMEDOUT returned, as with any other failure. dirfd: a v1 freezer cgroup or a v2 cgroup.
 */
int native_freeze(int dirfd, int version, int deadline_ms);
/* Blocks until they run again, at most deadline_ms. */
int native_thaw(int dirfd, int version, int deadline_ms);
/* 1 when they are stopped or are to be, 0 when not. */
int native_frozen(int dirfd, int version);

#endif
