/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of options, and what a command line says once it was read by that table. */
#ifndef EXECDRIVER_DRIVERCTL_OPTIONS_H
#define EXECDRIVER_DRIVERCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/execdriver.h>

/* Which sub-commands an option belongs to; OF_GLOBAL stands before the sub-command. */
enum option_of {
	OF_GLOBAL = 1 << 0,
	OF_RUN = 1 << 1,
	OF_EXPLAIN = 1 << 2,
	OF_EXEC = 1 << 3,
	OF_KILL = 1 << 4,
	OF_STOP = 1 << 5,
	OF_DELETE = 1 << 6,
	OF_LIST = 1 << 7,
	OF_PS = 1 << 8,
	OF_PAUSE = 1 << 9,
	OF_RESUME = 1 << 10,
	OF_WAIT = 1 << 11,
	OF_STATS = 1 << 12,
	OF_TOP = 1 << 13,
	OF_INSPECT = 1 << 14,
	OF_GC = 1 << 15,
	OF_DRIVERS = 1 << 16,
	OF_CHECK = 1 << 17,
	OF_HELP = 1 << 18,
	OF_CONFORMANCE = 1 << 19,
	OF_UPDATE = 1 << 20,
	OF_ALL = (1 << 21) - 1
};

/* Options that are driverctl's own business; all others set keys of a command. */
struct settings {
	const char *config;
	const char *root;
	const char *driver;
	const char *log;
	const char *log_format;
	bool debug;
	bool version;
	bool help;
	const char *file;
	const char *pid_file;
	bool tty;
	bool no_tty;
	bool interactive;
	bool detach;
	bool remove;
	bool force;
	const char *time;
	bool json;
	bool follow;
	const char *sort;
	bool dry_run;
	const char *tree;
	const char *only;
	bool list;
};

struct option_row {
	uint32_t of; /* enum option_of */
	char letter; /* '\0': none */
	const char *name;
	const char *argument; /* what it takes, for help; NULL: it is a switch */
	const char *key;      /* the command key it sets; NULL: it goes to struct settings */
	int (*apply)(struct exd_command *command, const char *value, struct exd_error *err);
	size_t setting; /* offset of a bool (switch) or const char * in struct settings */
	const char *help;
};

/* The row after `previous` (NULL: the first); NULL after the last. */
const struct option_row *option_next(const struct option_row *previous);
/* The row of a long name (of `size` bytes) or a letter, among those of `of`; NULL: none. */
const struct option_row *option_named(uint32_t of, const char *name, size_t size);
const struct option_row *option_lettered(uint32_t of, char letter);

/* An option of a command key as it was given. */
struct given {
	const struct option_row *row;
	const char *value; /* NULL for a switch */
};

/* All pointers but the two arrays are into argv. */
struct arguments {
	struct settings settings;
	struct given *given;
	size_t given_count;
	const char **operands;
	size_t operand_count;
	char **command; /* CMD [ARG...], NULL-terminated; empty: [0] is NULL */
	bool dashes;    /* a "--" was there */
};

/* Where operands and options may stand. */
enum grammar {
	GRAMMAR_GLOBAL, /* options end at the first operand; the rest is `command` */
	GRAMMAR_PLAIN,  /* options and operands in any order */
	GRAMMAR_RUN,    /* [ID] -- CMD [ARG...], options on both sides of ID */
	GRAMMAR_EXEC    /* ID CMD [ARG...], options on both sides of ID */
};

/*
 * Reads argv[1...] by the table; argv ends in NULL. What it took is freed by arguments_free(), also
 * after a failure. The error is EXD_ERR_INVALID, the user's to correct.
 */
int options_parse(struct arguments *args, uint32_t of, enum grammar grammar, char **argv,
		  struct exd_error *err);
void arguments_free(struct arguments *args);

#endif
