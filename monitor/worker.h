/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tasks whose process is started by another program: the worker, see <execdriver/worker.h>. */
#ifndef EXECDRIVER_MONITOR_WORKER_H
#define EXECDRIVER_MONITOR_WORKER_H

#include <execdriver/worker.h>

#include "monitor/task.h"

/* How far it has come, by what it said. */
enum worker_stage {
	WORKER_SILENT = 0,
	WORKER_PARKED,
	WORKER_SENT_ON, /* it was told to go on */
	WORKER_READY,
	WORKER_TOLD /* how the program ended */
};

/*
 * While it lives the task lives too, whatever is said and done: handlers of its messages need not
 * fear for it.
 */
struct worker {
	struct task *task;
	struct watch line;
	struct watch pidfd; /* of itself; the task's own is init's */
	struct timer patience;
	int32_t pid;    /* of itself; 0: not born */
	uint32_t flags; /* enum wire_worker_flag */
	uint8_t stage;  /* enum worker_stage */
	bool gone;      /* reaped */
	bool given_up;  /* not to be waited for any more */
	bool killed;
	bool broken; /* what it says is not listened to any more */
	uint8_t warnings;
	/* stands in for init's life where there is no pidfd: closed at its end */
	int alive;
	int status;                                               /* of itself, raw */
	char text[sizeof(((struct exd_worker_report *)0)->text)]; /* of FAILED */
};

/* worker.c */
/* NULL: the plan has none; -ENOMEM. */
int worker_new(struct task *t);
/* After the birth: the newborn process is the worker, and the task has none yet. */
int worker_born(struct monitor *m, struct task *t);
/* It runs: now it is listened to. */
void worker_begin(struct monitor *m, struct task *t);
void worker_abort(struct monitor *m, struct task *t);
void worker_go(struct monitor *m, struct task *t);
/* The start hook is done: the end may be told. */
void worker_acked(struct monitor *m, struct task *t);
void worker_kill(struct monitor *m, struct task *t);
int worker_signal(struct monitor *m, struct task *t, int sig);
/* Decides the end if it is time to. */
void worker_settle(struct monitor *m, struct task *t);
/* After READY it broke the rules, or ended: the container is lost. */
void worker_lose(struct monitor *m, struct task *t, const char *why);
/* True when neither it nor init is there any more: the cleanup may begin. */
bool worker_over(struct monitor *m, struct task *t);
void worker_free(struct monitor *m, struct task *t);
void worker_warn(struct monitor *m, struct task *t, const char *text);

/*
 * worker_report.c: handles what it said. 1: there may be more; 0: not now; -1: the line is closed.
 */
int worker_hear(struct monitor *m, struct task *t);

/* worker_init.c: NULL, or why this cannot be the init that the worker started. */
const char *worker_check_init(const struct worker *w, int32_t pid, int pidfd);
/* Has the process, or what stands in for it, ended? */
bool worker_init_ended(const struct task *t);
bool worker_pidfd_ended(int pidfd);

#endif
