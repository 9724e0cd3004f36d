/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's init or an exec'ed process, from launch to cleanup, as this engine sees it. */
#ifndef EXECDRIVER_CORE_PROCESS_H
#define EXECDRIVER_CORE_PROCESS_H

#include <pthread.h>

#include <execdriver/driver.h>

#include "core/conn.h"
#include "core/state.h"
#include "core/watch.h"

/* Where news of the process come from. */
enum process_source {
	SOURCE_MONITOR = 0, /* its connection */
	SOURCE_PIDFD = 1,   /* the monitor is gone: the end of the process itself */
	SOURCE_TIMER = 2,   /* it ended: the kernel is asked for its exit code for a while */
	SOURCE_NONE = 3     /* done or failed */
};

/*
 * One thread at a time handles its messages and runs its hooks: it has claimed the process, and
 * reads without the lock. Fields behind `lock` are written with the lock held, because getters of
 * other threads read them.
 */
struct exd_process {
	struct watch watch;
	struct exd_engine *engine;
	struct exd_plugin *plugin; /* its driver, loaded */
	char id[ID_SIZE];
	bool is_exec;
	bool ephemeral;
	bool tied;
	bool wants_tty;
	uint32_t hook_timeout_ms; /* 0: the usual one */

	/* Of the claiming thread. */
	enum process_source source;
	struct conn *conn;
	struct state_dir dir; /* of a run; its lock until it has started */
	/* of a run until it has started: state.json without its closing brace */
	char *state;
	struct exd_record *record; /* of a run whose monitor is gone */
	uint64_t start_time;
	int timer_fd;
	int timer_left;                /* more times to ask */
	int64_t launched_ms;           /* monotonic: when the monitor was told to start it */
	bool pre_started;              /* the pre_start hook was called */
	bool late;                     /* hooks took longer than the monitor waits */
	int severed;                   /* why its monitor, which lives, was left; 0: it was not */
	int result;                    /* 0, or the negative errno value that goes with `error` */
	struct exd_error error;        /* of a failed start or hook, or of a lost process */
	struct exd_exit_status status; /* struct_size 0: not known yet */

	pthread_mutex_t lock;
	pthread_cond_t released;
	bool busy; /* claimed by `owner` */
	pthread_t owner;
	bool freed; /* the host gave up its handle */
	enum exd_phase phase;
	pid_t pid;
	int pidfd;
	int stdio[3]; /* the host's ends of pipes */
	int tty;
	int oom_fd;
	uint16_t rows, columns; /* wanted before there was a pty; 0: not */
	struct exd_hooks hooks;
};

/* A claimed process with one reference, the caller's. hooks may be NULL. */
int process_new(struct exd_engine *engine, const struct exd_hooks *hooks, struct exd_process **out,
		struct exd_error *err);

/* NULL when the watch is of something else. */
struct exd_process *process_of_watch(struct watch *watch);

/*
 * Waits for the claim at most until deadline_ms (monotonic; negative: for ever). -ETIMEDOUT;
 * -EDEADLK for a thread that has it.
 */
int process_claim(struct exd_process *process, int64_t deadline_ms);
/* Gives the claim up and lets dispatch look after the process again. */
void process_release(struct exd_process *process);

/*
 * Waits at most timeout_ms for news and handles them, running hooks. -ETIMEDOUT. The caller has the
 * claim.
 */
int process_step(struct exd_process *process, int timeout_ms);
/* Until it is done or failed. */
int process_finish(struct exd_process *process, int64_t deadline_ms);
/* The verdict over a process that is done: fills status, returns its result. */
int process_result(const struct exd_process *process, struct exd_exit_status *status,
		   struct exd_error *err);
bool process_over(const struct exd_process *process);

/* process_deadline.c: dispatch gives the start up when its monitor has not told of it in time. */
void process_expect_start(struct exd_process *process);
void process_deadlines(struct exd_engine *engine);
/* By when the monitor must have told how the start went (monotonic). */
int64_t process_answer_ms(const struct exd_process *process);

/* How long the monitor waits for hooks; it says within that time how a start went. */
int64_t process_hook_ms(const struct exd_process *process);
/* A copy: the host may give its handle up while one runs. */
struct exd_hooks process_hooks(struct exd_process *process);

/* The descriptor that shows news now, or FD_NONE. */
int process_source_fd(const struct exd_process *process);

void process_set_phase(struct exd_process *process, enum exd_phase phase);
/* Nothing more will come: gives back its connection. */
void process_end(struct exd_process *process, enum exd_phase phase);
/* It never began: remembers why (unless a reason is known already). What it had was removed. */
void process_failed(struct exd_process *process, int result, const struct exd_error *error);
/* The exit is decided: tells the host. */
void process_exited(struct exd_process *process, const struct exd_exit_status *status);
/* Cleanup is over: tells the host. */
void process_cleaned(struct exd_process *process);
/* process_orphan.c: no more messages will come; why: what receiving gave. */
void process_monitor_gone(struct exd_process *process, int why);
int process_orphan_step(struct exd_process *process, int timeout_ms);
/*
 * Looks after a container of a lost monitor, unless a process of this engine does already; then the
 * record is taken.
 */
void process_adopt(struct exd_engine *engine, struct exd_record **record_take);
/* process_messages.c */
void process_handle(struct exd_process *process, struct message *message);

#endif
