/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a command: one value per key, and the table that says what a key takes. */
#ifndef EXECDRIVER_CORE_COMMAND_H
#define EXECDRIVER_CORE_COMMAND_H

#include <execdriver/execdriver.h>

#include "base/strutil.h"

/* One variant for all types: `number` for bools and numbers, `string`, or `items`. */
struct command_value {
	bool set;
	int64_t number;
	char *string;
	void **items; /* each one block: a text, or a struct with its texts behind it */
	size_t count;
};

struct exd_command {
	struct command_value values[EXD_KEY_MAX];
};

enum command_key_flag {
	KEY_MINUS_ONE = 1 << 0, /* -1 means unlimited, below min */
	KEY_OCTAL = 1 << 1,     /* text is octal */
	KEY_EMPTY_LIST = 1 << 2 /* "" as text makes the list empty and set */
};

/* A row of the table. `key` comes first: the public pointer is one to the row. */
struct command_key {
	struct exd_command_key key;
	const char *takes;               /* goes on after "is not" */
	bool (*valid)(const char *text); /* of texts and of each item; NULL: any */
	int64_t min, max;                /* of numbers */
	uint32_t flags;                  /* enum command_key_flag */
};

/* The row, or NULL. */
const struct command_key *command_key(enum exd_key key);
const struct command_key *command_key_named(const char *name);

/* EXD_ERR_KEY: "key 'NAME': 'VALUE' is not TAKES". */
int command_refuse(const struct command_key *row, const char *value, struct exd_error *err);

/* A copy of its own, to be freed with exd_command_free(). */
int command_clone(struct exd_command **out, const struct exd_command *command,
		  struct exd_error *err);

/*
 * What can be said of a whole command without the host: a valid id if there is one, a program, keys
 * that a run or an exec takes, values that agree with each other. EXD_ERR_ID, EXD_ERR_KEY.
 */
int command_check(const struct exd_command *command, bool exec, struct exd_error *err);

/* command_text.c: the text forms of mounts, devices and rlimits, added to the command. */
int command_add_mount_text(struct exd_command *command, const char *text, struct exd_error *err);
int command_add_device_text(struct exd_command *command, const char *text, struct exd_error *err);
int command_add_rlimit_text(struct exd_command *command, const char *text, struct exd_error *err);
const char *command_rlimit_name(int resource);

/*
 * Reads "ro,nosuid,size=64m": known words become flags and propagation of the mount, the others are
 * added to `options`. EXD_ERR_KEY for a word that a bind does not take.
 */
int command_mount_options(struct exd_mount *mount, const char *text, struct strbuf *options,
			  struct exd_error *err);
/* enum exd_mount_type, or -EINVAL. */
int command_mount_type(const char *name);

#endif
