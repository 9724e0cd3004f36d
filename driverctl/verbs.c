/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of sub-commands. */
#include <string.h>

#include "driverctl/ctl.h"

static const struct verb verbs[] = {
	{
		.name = "run",
		.of = OF_RUN,
		.engine_flags = EXD_ENGINE_SHORT_LIVED,
		.grammar = GRAMMAR_RUN,
		.max = 1,
		.usage = "[OPTIONS] [ID] -- CMD [ARG...]",
		.run = verb_run,
		.summary = "Run a program in a new container",
		.more = "In the foreground its exit code is driverctl's, signals go to it (a "
			"second INT or\nTERM within 2 seconds kills it), and nothing of it is left "
			"at the end. With\n--detach the id is printed, its output goes to the file "
			"'output' of its state\ndirectory, and its record stays until 'driverctl "
			"delete'.",
	},
	{
		.name = "exec",
		.of = OF_EXEC,
		.grammar = GRAMMAR_EXEC,
		.min = 1,
		.max = 1,
		.usage = "[OPTIONS] ID CMD [ARG...]",
		.run = verb_exec,
		.summary = "Run a further program in a running container",
	},
	{
		.name = "kill",
		.of = OF_KILL,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = 2,
		.usage = "[OPTIONS] ID [SIGNAL]",
		.run = verb_kill,
		.summary = "Send a signal (TERM) to a container's first process",
		.more = "SIGNAL is a name with or without SIG, or a number. The first process of a "
			"pid\nnamespace does not notice signals that it has no handler for, but "
			"KILL and STOP.",
	},
	{
		.name = "stop",
		.of = OF_STOP,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_stop,
		.summary = "End containers: TERM, then KILL, and wait",
	},
	{
		.name = "delete",
		.of = OF_DELETE,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_delete,
		.summary = "Remove all that is left of containers that have ended",
	},
	{
		.name = "list",
		.of = OF_LIST,
		.grammar = GRAMMAR_PLAIN,
		.usage = "[OPTIONS]",
		.run = verb_list,
		.summary = "List containers",
	},
	{
		.name = "ps",
		.of = OF_PS,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = 1,
		.usage = "[OPTIONS] ID",
		.run = verb_ps,
		.summary = "List the processes of a container",
	},
	{
		.name = "pause",
		.of = OF_PAUSE,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_pause,
		.summary = "Freeze all processes of containers",
	},
	{
		.name = "resume",
		.alias = "unpause",
		.of = OF_RESUME,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_resume,
		.summary = "Let paused containers go on",
	},
	{
		.name = "update",
		.of = OF_UPDATE,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_update,
		.summary = "Change limits of running containers",
		.more = "All limits that are given are changed, or none of them. Those that are not "
			"given\nstay as they are.",
	},
	{
		.name = "wait",
		.of = OF_WAIT,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_wait,
		.summary = "Wait for the end of containers and print their exit codes",
	},
	{
		.name = "stats",
		.of = OF_STATS,
		.grammar = GRAMMAR_PLAIN,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] [ID...]",
		.run = verb_stats,
		.summary = "Show what containers use; without an ID, all that run",
	},
	{
		.name = "top",
		.of = OF_TOP,
		.grammar = GRAMMAR_PLAIN,
		.usage = "[OPTIONS]",
		.run = verb_top,
		.summary = "Show running containers, the busiest first",
		.more = "On a terminal a live view: c, t, m, p and i sort it by cpu, time, memory, "
			"processes\nand id, r turns the order round, q ends it. Elsewhere one sample, "
			"over a second.",
	},
	{
		.name = "inspect",
		.of = OF_INSPECT,
		.grammar = GRAMMAR_PLAIN,
		.min = 1,
		.max = ANY_NUMBER,
		.usage = "[OPTIONS] ID...",
		.run = verb_inspect,
		.summary = "Print the records of containers",
	},
	{
		.name = "gc",
		.of = OF_GC,
		.grammar = GRAMMAR_PLAIN,
		.usage = "[OPTIONS]",
		.run = verb_gc,
		.summary = "Remove what crashes left behind",
	},
	{
		.name = "drivers",
		.of = OF_DRIVERS,
		.grammar = GRAMMAR_PLAIN,
		.usage = "[OPTIONS]",
		.run = verb_drivers,
		.summary = "List the drivers, and why one cannot be used",
	},
	{
		.name = "check",
		.of = OF_CHECK,
		.engine_flags = EXD_ENGINE_PRIVATE_MONITOR,
		.grammar = GRAMMAR_PLAIN,
		.usage = "[OPTIONS]",
		.run = verb_check,
		.summary = "Say what this host allows, and how to get the rest",
		.more = "Each feature is tried, and last 'driverctl run -- true': the exit code is 0 when "
			"that\nworks.",
	},
	{
		.name = "explain",
		.of = OF_EXPLAIN,
		.grammar = GRAMMAR_RUN,
		.max = 1,
		.usage = "[OPTIONS] [ID] -- CMD [ARG...]",
		.run = verb_explain,
		.summary = "Print the steps that a run with the same options would take",
	},
	{
		.name = "conformance",
		.of = OF_CONFORMANCE,
		.grammar = GRAMMAR_PLAIN,
		.max = 1,
		.usage = "[OPTIONS] DRIVER",
		.run = verb_conformance,
		.summary = "Judge whether a driver keeps the contract of execdriver/driver.h",
		.more = "Prints TAP, a line a case with the ids of the contract that it checks, and last how\n"
			"many passed, failed, and were skipped since the driver does not claim the\n"
			"capability. The exit code is 0 when none failed, else 1.",
	},
	{
		.name = "help",
		.of = OF_HELP,
		.grammar = GRAMMAR_PLAIN,
		.max = 1,
		.usage = "[COMMAND]",
		.run = verb_help,
		.summary = "Print help",
	},
};

#define COUNT (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *verb_next(const struct verb *previous)
{
	const struct verb *verb = previous ? previous + 1 : verbs;

	return verb < verbs + COUNT ? verb : NULL;
}

const struct verb *verb_named(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0 ||
		    (verbs[i].alias && strcmp(verbs[i].alias, name) == 0))
			return &verbs[i];
	return NULL;
}
