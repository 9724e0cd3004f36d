/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a command to a launch message: driver, plan, state directory, stdio. */
#ifndef EXECDRIVER_CORE_LAUNCH_H
#define EXECDRIVER_CORE_LAUNCH_H

#include <execdriver/driver.h>

#include "core/conn.h"
#include "core/plan.h"
#include "core/process.h"

struct launch {
	/* From the caller. */
	struct exd_engine *engine;
	const char *id; /* exec: the container; else NULL */
	const struct exd_command *command;
	struct exd_stdio stdio;        /* complete, struct_size our own */
	const struct exd_hooks *hooks; /* may be NULL; lent for the call */
	uint32_t flags;                /* enum exd_start_flag */
	bool want_oom;                 /* somebody can ask for the OOM channel */

	/* Made on the way. */
	struct exd_command *own; /* a copy of the command that has an id */
	struct exd_process *process;
	struct exd_record *record; /* exec */
	struct exd_plan *plan;
	int memfd;
	uint64_t hash;
	int pipe[3]; /* the process's ends of pipes, or FD_NONE */
	int null;    /* /dev/null, or FD_NONE */
	int output;  /* the file `output`, or FD_NONE */
	int oom_write;
};

/*
 * Sends the launch to a monitor and gives the claimed process in l->process. On failure nothing is
 * left behind and l->process is NULL. Frees what was made on the way in any case.
 */
int launch(struct launch *l, struct exd_error *err);

/* l->stdio from the host's (NULL: all /dev/null). EXD_ERR_INVALID. */
int launch_take_stdio(struct launch *l, const struct exd_stdio *stdio, struct exd_error *err);

/* launch_stdio.c: opens the process's ends and keeps the host's in the process. */
int launch_open_stdio(struct launch *l, struct exd_error *err);
void launch_close_stdio(struct launch *l);

/*
 * launch_plan.c: what a run and explain have in common. l->own is a copy of the command when that
 * had no id.
 */
int launch_give_id(struct launch *l, struct exd_error *err);
/* Loads the driver: the engine's, or the one that runs the container of the record. */
int launch_select_driver(const struct exd_engine *engine, const struct exd_record *record,
			 struct exd_plugin **out, struct exd_error *err);
/* Lets the driver fill l->plan. */
int launch_compile(struct launch *l, const struct exd_plugin *plugin, struct exd_error *err);

#endif
