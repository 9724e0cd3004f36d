/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child's side: one function for each kind of step. Async-signal-safe calls only. */
#ifndef EXECDRIVER_MONITOR_CHILD_H
#define EXECDRIVER_MONITOR_CHILD_H

#include "monitor/birth.h"

struct child {
	const struct newborn *born;
	const struct launch *launch;
	int *slots;
	int report;
	int empty_dir;      /* an empty read-only tmpfs that is attached already, or -1 */
	int proc, sys;      /* slots of procfs and sysfs of the plan's own, or -1 */
	uint32_t code;      /* of a failure, in place of the step's */
	const char *object; /* what it was about, when it is not str0 */
	char text[128];     /* room for an object that is put together */
	bool umask_set;
	bool nofile_set;
};

/* 0 or negative errno. */
int child_processes(struct child *c, const struct wire_step *s);
int child_mounts(struct child *c, const struct wire_step *s);
int child_files(struct child *c, const struct wire_step *s);
int child_identity(struct child *c, const struct wire_step *s);
int child_copyup(struct child *c, const struct wire_step *s);
int child_no_pivot(struct child *c, const struct wire_step *s);
int child_overlay(struct child *c, const struct wire_step *s);
int child_time(struct child *c, const struct wire_step *s);
int child_tty(struct child *c, const struct wire_step *s);
int child_scheduling(struct child *c, const struct wire_step *s);
int child_listener(struct child *c, const struct wire_step *s);
int child_landlock(struct child *c, const struct wire_step *s);
int child_userns(struct child *c, const struct wire_step *s);

/* Does the steps from..to of the phase; false: one failed, and was told of. */
bool child_walk(struct child *c, int from, int to);

/* child_box.c: waits for who it is to be, and does the steps from `cut` on. Returns when not. */
void child_box(struct child *c, int cut);

/* Returns only when it failed. */
int child_exec(struct child *c, const struct wire_step *s);

/* As child_exec(), of a worker with the descriptors that it is lent. */
int child_worker(struct child *c, const struct wire_step *s);

/* Returns 0 in the program-to-be; its parent stays in init_main(). */
int child_init(struct child *c);

/*
 * Leaves for the monitor by which pid the log will name this process. Not where a filter of system
 * calls is in force: it might end the process for the question.
 */
void child_note_pid(const struct newborn *n, int i);

/* One message on the report socket; `fd` may be -1. False: nobody is there to hear it. */
bool child_report(const struct child *c, struct wire_report *r, int fd);

/* Closes every descriptor above 2 that is not of the plan: others wait for their ends. */
void child_close_others(const struct child *c);

static inline const char *child_text(const struct child *c, const struct wire_step *s, int i)
{
	return s->str[i].size ? c->launch->data + s->str[i].offset : NULL;
}

static inline int child_slot(const struct child *c, const struct wire_step *s, int i)
{
	return s->slot[i] == WIRE_NO_SLOT ? -1 : c->slots[s->slot[i]];
}

int child_fill(struct child *c, const struct wire_step *s, int i, int fd);

/*
 * child_path.c: paths below a root; symlinks stay in it. Descriptors are O_PATH unless flags say
 * else.
 */
int path_open(int root, const char *path, uint64_t flags);
/*
 * The directory that the last component is in, made as far as it is missing; *last points into the
 * path. Root itself when the path has one component: not a copy of it.
 */
int path_open_parent(int root, const char *path, char last[256]);
void path_close_parent(int root, int parent);
/* Makes what is missing, the last component as a directory or as an empty file. */
int path_make(int root, const char *path, bool dir);

#endif
