/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What run, exec and explain have in common: command, terminal, descriptors, start. */
#ifndef EXECDRIVER_DRIVERCTL_LAUNCH_H
#define EXECDRIVER_DRIVERCTL_LAUNCH_H

#include "base/cleanup.h"
#include "driverctl/ctl.h"

struct launch {
	struct ctl *ctl;
	struct exd_command *command;
	const char *exec_id; /* NULL: a new container */
	struct exd_process *process;
	bool tty;
	struct exd_error hook_error; /* what the start hook has to say */
};

/* Builds the command from the command line and decides about the terminal. */
int launch_prepare(struct launch *launch, struct ctl *ctl, struct exd_error *err);
/* Starts it and stays with it until it has begun (detached) or ended. Returns the exit code. */
int launch_run(struct launch *launch, struct exd_error *err);
void launch_free(struct launch *launch);
#define cleanup_launch CLEANUP(launch_free)

/* Dispatches, signals and terminal, until the process has ended. Returns the exit code. */
int foreground_wait(struct launch *launch, struct exd_error *err);

/* The outcome of a process that is done: the exit code, or its error. */
int launch_outcome(struct launch *launch, struct exd_error *err);

#endif
