/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of workers: engines whose driver starts tests/root/worker.c. */
#ifndef EXECDRIVER_TESTS_ROOT_WORKER_RIG_H
#define EXECDRIVER_TESTS_ROOT_WORKER_RIG_H

#include "tests/root/library.h"

/* The log lines of warnings and errors so far, one after the other. */
extern char worker_log[8192];

/* An engine whose driver is "worker" or "remote", on lib_root(). */
struct exd_engine *worker_engine(const char *driver);
/* Closes it as lib_end() does, and removes what the driver needed. */
void worker_end(struct exd_engine *engine);
/* sh -c SCRIPT by a worker of that behaviour. */
struct exd_command *worker_command(const char *id, const char *how, const char *script);
/* Runs it to its end: the result of exd_run(); hooks and status may be NULL. */
int worker_run(struct exd_engine *engine, const char *how, const char *script, const struct exd_hooks *hooks,
	       struct exd_exit_status *status);
/* Starts it and dispatches until it runs. */
struct exd_process *worker_start(struct exd_engine *engine, const char *id, const char *how,
				 const char *script, uint32_t flags);
/* As worker_run(), which must fail with this code and this part of the text. */
void worker_run_failing(struct exd_engine *engine, const char *how, uint32_t code, const char *text);
/* No process of this session's children is left over that is a worker. */
void worker_none_left(void);
/* The process that started this one. */
pid_t worker_parent(pid_t pid);
/* What /proc/PID/cgroup says. */
void worker_cgroups(pid_t pid, char *text, size_t size);

#endif
