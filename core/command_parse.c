/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting of any key from text, by the type the table gives it; and checks of a whole command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/strutil.h"
#include "core/command.h"
#include "core/ids.h"

static int set_bool(struct exd_command *command, const struct command_key *row, const char *text,
		    struct exd_error *err)
{
	if (str_in(text, (const char *const[]){"yes", "true", "on", "1", NULL}))
		return exd_command_set_bool(command, (enum exd_key)row->key.key, true, err);
	if (str_in(text, (const char *const[]){"no", "false", "off", "0", NULL}))
		return exd_command_set_bool(command, (enum exd_key)row->key.key, false, err);
	return command_refuse(row, text, err);
}

static int set_number(struct exd_command *command, const struct command_key *row, const char *text,
		      struct exd_error *err)
{
	uint64_t octal;
	int64_t number;
	int r;

	if (row->flags & KEY_OCTAL) {
		r = parse_octal(text, &octal);
		number = r == 0 && octal <= INT64_MAX ? (int64_t)octal : -1;
	} else if (row->key.type == EXD_TYPE_BYTES && strcmp(text, "-1") != 0) {
		r = parse_bytes(text, &number);
	} else {
		r = parse_int64(text, &number);
	}
	if (r < 0)
		return command_refuse(row, text, err);
	return exd_command_set_number(command, (enum exd_key)row->key.key, number, err);
}

static int add_text(struct exd_command *command, const struct command_key *row, const char *text,
		    struct exd_error *err)
{
	struct command_value *value = &command->values[row->key.key];

	if (*text || !(row->flags & KEY_EMPTY_LIST))
		return exd_command_add(command, (enum exd_key)row->key.key, text, err);
	while (value->count)
		free(value->items[--value->count]);
	value->set = true;
	return 0;
}

int exd_command_set(struct exd_command *command, const char *name, const char *value,
		    struct exd_error *err)
{
	const struct command_key *row = name ? command_key_named(name) : NULL;

	if (!row)
		return exd_error_set(err, EXD_ERR_KEY, 0, "there is no command key '%.100s'",
				     name ? name : "NULL");
	if (!value)
		return command_refuse(row, "NULL", err);
	switch ((enum exd_key_type)row->key.type) {
	case EXD_TYPE_STRING:
	case EXD_TYPE_NAMESPACE:
		return exd_command_set_string(command, (enum exd_key)row->key.key, value, err);
	case EXD_TYPE_BOOL:
		return set_bool(command, row, value, err);
	case EXD_TYPE_NUMBER:
	case EXD_TYPE_BYTES:
		return set_number(command, row, value, err);
	case EXD_TYPE_LIST:
	case EXD_TYPE_MAP:
		return add_text(command, row, value, err);
	case EXD_TYPE_MOUNTS:
		return command_add_mount_text(command, value, err);
	case EXD_TYPE_DEVICES:
		return command_add_device_text(command, value, err);
	case EXD_TYPE_RLIMITS:
		return command_add_rlimit_text(command, value, err);
	}
	return exd_error_set(err, EXD_ERR_INTERNAL, 0, "key '%s' has a type without a text form",
			     name);
}

static int check_agreement(const struct exd_command *command, struct exd_error *err)
{
	int64_t memory = exd_command_number(command, EXD_KEY_MEMORY, 0);
	int64_t swap = exd_command_number(command, EXD_KEY_MEMORY_SWAP, -1);

	if (exd_command_is_set(command, EXD_KEY_CPUS) &&
	    (exd_command_is_set(command, EXD_KEY_CPU_QUOTA) ||
	     exd_command_is_set(command, EXD_KEY_CPU_PERIOD)))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'cpus' stands for 'cpu_quota' and 'cpu_period': "
				     "set either it or them");
	if (swap != -1 && !memory)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'memory_swap' needs 'memory' to be set too");
	if (swap != -1 && swap < memory)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'memory_swap' counts memory and swap together: "
				     "it must not be below 'memory'");
	return 0;
}

/* Without a cgroup of its own a limit would be that of the whole container. */
static int check_use(const struct exd_command *command, const struct exd_command_key *key,
		     bool exec, struct exd_error *err)
{
	if (!exec)
		return key->use & EXD_USE_RUN ? 0
					      : exd_error_set(err, EXD_ERR_KEY, 0,
							      "key '%s' is not for a run",
							      key->name);
	if (key->use & EXD_USE_EXEC)
		return 0;
	if (!(key->use & EXD_USE_CGROUP_CHILD))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key '%s' is not for a further process of a container",
				     key->name);
	if (exd_command_bool(command, EXD_KEY_CGROUP_CHILD))
		return 0;
	return exd_error_set(err, EXD_ERR_KEY, 0,
			     "key '%s' is not for a further process of a container, unless that "
			     "gets a cgroup of its own (cgroup_child)",
			     key->name);
}

int command_check(const struct exd_command *command, bool exec, struct exd_error *err)
{
	const struct exd_command_key *key = NULL;
	const char *program, *id;
	int r;

	if (!command)
		return exd_error_set(err, EXD_ERR_INVALID, 0, "there is no command");
	while ((key = exd_command_key_next(key))) {
		r = command->values[key->key].set ? check_use(command, key, exec, err) : 0;
		if (r < 0)
			return r;
	}
	id = exd_command_string(command, EXD_KEY_ID, NULL);
	r = id ? id_check(id, err) : 0;
	if (r < 0)
		return r;
	program = exd_command_item(command, EXD_KEY_ARGS, 0);
	if (!program || !*program)
		return exd_error_set(err, EXD_ERR_KEY, 0, "key 'args': there is no program to run");
	return check_agreement(command, err);
}
