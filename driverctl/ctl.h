/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one call of driverctl works on, and the table of sub-commands. */
#ifndef EXECDRIVER_DRIVERCTL_CTL_H
#define EXECDRIVER_DRIVERCTL_CTL_H

#include <stdbool.h>

#include <execdriver/execdriver.h>

#include "driverctl/log.h"
#include "driverctl/options.h"

/* Exit code of everything that driverctl, a driver or the way it was called is to blame for. */
#define EXIT_DRIVERCTL 125

struct ctl;

struct verb {
	const char *name;
	const char *alias; /* NULL: none */
	uint32_t of;       /* the options that it has */
	uint32_t engine_flags;
	enum grammar grammar;
	unsigned int min; /* operands; for GRAMMAR_RUN and GRAMMAR_EXEC before the program */
	unsigned int max;
	const char *usage;
	const char *summary; /* one line without a full stop */
	const char *more;    /* further help, lines; NULL: none */
	/* The exit code, or a negative errno value with *err filled in, which main() prints. */
	int (*run)(struct ctl *ctl, struct exd_error *err);
};

struct ctl {
	struct arguments globals;
	const struct verb *verb; /* NULL: not known yet */
	struct arguments args;
	struct log log;
	struct exd_engine *engine; /* NULL in help; in check, when *err says why */
	bool closed[3];            /* standard descriptors that the caller had closed */
};

#define ANY_NUMBER 65536u

/* The sub-command after `previous` (NULL: the first); NULL after the last. */
const struct verb *verb_next(const struct verb *previous);
const struct verb *verb_named(const char *name);

int verb_run(struct ctl *ctl, struct exd_error *err);
int verb_exec(struct ctl *ctl, struct exd_error *err);
int verb_kill(struct ctl *ctl, struct exd_error *err);
int verb_stop(struct ctl *ctl, struct exd_error *err);
int verb_delete(struct ctl *ctl, struct exd_error *err);
int verb_list(struct ctl *ctl, struct exd_error *err);
int verb_ps(struct ctl *ctl, struct exd_error *err);
int verb_pause(struct ctl *ctl, struct exd_error *err);
int verb_resume(struct ctl *ctl, struct exd_error *err);
int verb_update(struct ctl *ctl, struct exd_error *err);
int verb_wait(struct ctl *ctl, struct exd_error *err);
int verb_stats(struct ctl *ctl, struct exd_error *err);
int verb_top(struct ctl *ctl, struct exd_error *err);
int verb_inspect(struct ctl *ctl, struct exd_error *err);
int verb_gc(struct ctl *ctl, struct exd_error *err);
int verb_drivers(struct ctl *ctl, struct exd_error *err);
int verb_check(struct ctl *ctl, struct exd_error *err);
int verb_explain(struct ctl *ctl, struct exd_error *err);
int verb_conformance(struct ctl *ctl, struct exd_error *err);
int verb_help(struct ctl *ctl, struct exd_error *err);

/* Prints the error as driverctl's one line and to the log file; returns the exit code for it. */
int ctl_report(struct ctl *ctl, const struct exd_error *err);

/*
 * Calls fn for each operand (an id); an error is reported and does not keep the others waiting.
 * Returns the exit code of the first that failed, or 0.
 */
int ctl_each_id(struct ctl *ctl, int (*fn)(struct ctl *ctl, const char *id, struct exd_error *err));

#endif
