/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dispatch looks after: one descriptor in the engine's epoll set, and whom it belongs to. */
#ifndef EXECDRIVER_CORE_WATCH_H
#define EXECDRIVER_CORE_WATCH_H

#include <stdint.h>

struct exd_engine;

/*
 * First member of its owner. References keep the owner alive while a thread works on it: one is the
 * engine's list, others are taken by dispatch and by the handle of the host. The epoll entry fires
 * once and is armed again by whoever finished reading, so that two threads never handle one source
 * at the same time.
 */
struct watch {
	struct watch *next;
	uint64_t serial; /* 0: not in the list */
	int refs;
	int fd; /* in the epoll set, lent; FD_NONE for none */
	/* Handles what is readable, without locks held; returns how many messages that were. */
	int (*ready)(struct exd_engine *engine, struct watch *watch);
	/* The last reference is gone. */
	void (*release)(struct exd_engine *engine, struct watch *watch);
};

/*
 * Puts it into the list (which takes a reference) and fd, unless it is FD_NONE, into the epoll set.
 */
int watch_add(struct exd_engine *engine, struct watch *watch, int fd);
/*
 * Watches fd from now on, in place of the one before; also arms it again when it is the same.
 * Nothing when not in the list.
 */
int watch_arm(struct exd_engine *engine, struct watch *watch, int fd);
/* Out of the list and the epoll set; drops the list's reference. Idempotent. */
void watch_remove(struct exd_engine *engine, struct watch *watch);

void watch_ref(struct exd_engine *engine, struct watch *watch);
void watch_unref(struct exd_engine *engine, struct watch *watch);
/* The one of that serial number with a reference more, or NULL. */
struct watch *watch_find(struct exd_engine *engine, uint64_t serial);

#endif
