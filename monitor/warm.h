/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warm starts: processes that have done a plan up to its cut, and wait for a launch like it. */
#ifndef EXECDRIVER_MONITOR_WARM_H
#define EXECDRIVER_MONITOR_WARM_H

#include "monitor/task.h"

/* Which file a descriptor is of, in which mount. */
struct identity {
	uint64_t device;
	uint64_t inode;
	uint64_t mount;
};

/* What boxes have in common. The one that was used last comes first. */
struct shape {
	struct shape *next;
	/*
	 * The plan that they are born by. Of its slots those of the tail are held, and while boxes
	 * are to be born the sources of mounts: these keep mounts of the host busy.
	 */
	struct launch like;
	struct identity *identity; /* by slot, of those that are used before the cut */
	unsigned int want;
	unsigned int count;
	struct task *boxes;
};

/* warm.c */
/* A box for this launch, which is named by it from now on; NULL: it starts cold. */
struct task *warm_match(struct monitor *m, struct task *t);
/* In monitors for tests: that there is one, if there can be. */
void warm_make(struct monitor *m, struct task *t, int plan_fd);
/* The launch is under way: so many more like it are to be kept. */
void warm_keep(struct monitor *m, const struct task *t, int plan_fd, unsigned int count);
/* A box is ready, or it came to nothing. */
void warm_ready(struct monitor *m, struct task *box);
void warm_failed(struct monitor *m, struct task *box);

/* shape.c */
/* Would a box of this shape have done for the launch what it has not done yet? */
bool shape_fits(const struct shape *s, const struct launch *l);
/* NULL: no memory. */
struct shape *shape_new(const struct launch *l, int plan_fd);
/* Holds what boxes are born of. */
int shape_hold(struct shape *s, const struct launch *l);
void shape_let_go(struct shape *s);
/* Of a shape without boxes. */
void shape_free(struct shape *s);
/* Marks the slots that these steps name. */
void shape_mark(const struct launch *l, unsigned int first, unsigned int count, bool *used);
/* Those that the tail needs: directories of cgroups, which keep nothing busy. */
void shape_mark_tail(const struct launch *l, bool *used);

/* box.c */
/* Bears one for the shape; warm_ready() or warm_failed() follows. */
void box_birth(struct monitor *m, struct shape *s, const char *name);
/* Makes the box the task's process and tells it to go on. A failure is the launch's. */
int box_take(struct monitor *m, struct task *t, struct task *box, int plan_fd);
/* Ends it: it becomes a task that fails with nobody waiting. */
void box_discard(struct monitor *m, struct task *box);

#endif
