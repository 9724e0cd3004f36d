/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands: storage of one value per key, typed setters and getters. */
#include "core/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/command_items.h"

static const char *const type_names[] = {
	[EXD_TYPE_STRING] = "a text",
	[EXD_TYPE_BOOL] = "yes or no",
	[EXD_TYPE_NUMBER] = "a number",
	[EXD_TYPE_BYTES] = "a size",
	[EXD_TYPE_LIST] = "a list",
	[EXD_TYPE_MAP] = "a list of NAME=VALUE",
	[EXD_TYPE_NAMESPACE] = "a namespace",
	[EXD_TYPE_MOUNTS] = "mounts",
	[EXD_TYPE_DEVICES] = "devices",
	[EXD_TYPE_RLIMITS] = "rlimits",
};

static int no_memory(struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot keep a command");
}

int exd_command_new(struct exd_command **out, struct exd_error *err)
{
	struct exd_command *command = calloc(1, sizeof(*command));

	if (!command)
		return no_memory(err);
	*out = command;
	return 0;
}

static void value_free(struct command_value *value)
{
	free(value->string);
	for (size_t i = 0; i < value->count; i++)
		free(value->items[i]);
	free(value->items);
	*value = (struct command_value){0};
}

struct exd_command *exd_command_free(struct exd_command *command)
{
	if (!command)
		return NULL;
	for (int key = 0; key < EXD_KEY_MAX; key++)
		value_free(&command->values[key]);
	free(command);
	return NULL;
}

int command_refuse(const struct command_key *row, const char *value, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_KEY, 0, "key '%s': '%.100s%s' is not %s", row->key.name,
			     value, strlen(value) > 100 ? "..." : "",
			     row->takes ? row->takes : type_names[row->key.type]);
}

/* The row of a key whose type is in the mask of 1 << type. */
static int row_of(enum exd_key key, uint32_t types, const struct command_key **out,
		  struct exd_error *err)
{
	const struct command_key *row = command_key(key);

	if (!row)
		return exd_error_set(err, EXD_ERR_KEY, 0, "there is no command key %d", (int)key);
	if (!(types & (1u << row->key.type)))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key '%s' takes %s: use the setter for that", row->key.name,
				     type_names[row->key.type]);
	*out = row;
	return 0;
}

static int copy_valid(const struct command_key *row, const char *value, char **out,
		      struct exd_error *err)
{
	if (!value || (row->valid && !row->valid(value)))
		return command_refuse(row, value ? value : "NULL", err);
	*out = strdup(value);
	return *out ? 0 : no_memory(err);
}

int exd_command_set_string(struct exd_command *command, enum exd_key key, const char *value,
			   struct exd_error *err)
{
	const struct command_key *row;
	char *copy;
	int r = row_of(key, 1u << EXD_TYPE_STRING | 1u << EXD_TYPE_NAMESPACE, &row, err);

	if (r == 0)
		r = copy_valid(row, value, &copy, err);
	if (r < 0)
		return r;
	value_free(&command->values[key]);
	command->values[key] = (struct command_value){.set = true, .string = copy};
	return 0;
}

int exd_command_set_bool(struct exd_command *command, enum exd_key key, bool value,
			 struct exd_error *err)
{
	const struct command_key *row;
	int r = row_of(key, 1u << EXD_TYPE_BOOL, &row, err);

	if (r < 0)
		return r;
	command->values[key] = (struct command_value){.set = true, .number = value};
	return 0;
}

int exd_command_set_number(struct exd_command *command, enum exd_key key, int64_t value,
			   struct exd_error *err)
{
	const struct command_key *row;
	char text[24];
	int r = row_of(key, 1u << EXD_TYPE_NUMBER | 1u << EXD_TYPE_BYTES, &row, err);

	if (r < 0)
		return r;
	if ((value < row->min || value > row->max) &&
	    !(value == -1 && (row->flags & KEY_MINUS_ONE))) {
		(void)snprintf(text, sizeof(text), row->flags & KEY_OCTAL ? "%" PRIo64 : "%" PRId64,
			       value);
		return command_refuse(row, text, err);
	}
	command->values[key] = (struct command_value){.set = true, .number = value};
	return 0;
}

int exd_command_add(struct exd_command *command, enum exd_key key, const char *value,
		    struct exd_error *err)
{
	const struct command_key *row;
	int r = row_of(key, 1u << EXD_TYPE_LIST | 1u << EXD_TYPE_MAP, &row, err);
	char *copy;

	if (r == 0)
		r = copy_valid(row, value, &copy, err);
	if (r < 0)
		return r;
	if (items_put_consume(&command->values[key], row->key.type, copy) < 0)
		return no_memory(err);
	return 0;
}

int exd_command_set_args(struct exd_command *command, const char *const *args,
			 struct exd_error *err)
{
	struct command_value list = {.set = true};

	if (!args || !args[0])
		return exd_error_set(err, EXD_ERR_KEY, 0, "key 'args': there is no program");
	for (; *args; args++) {
		char *copy = strdup(*args);

		if (!copy || items_put_consume(&list, EXD_TYPE_LIST, copy) < 0) {
			value_free(&list);
			return no_memory(err);
		}
	}
	value_free(&command->values[EXD_KEY_ARGS]);
	command->values[EXD_KEY_ARGS] = list;
	return 0;
}

/* ---- getters ---- */

/* The value of a key of one of these types, when it is set. */
static const struct command_value *value_of(const struct exd_command *command, enum exd_key key,
					    uint32_t types)
{
	const struct command_key *row = command_key(key);

	if (!command || !row || !(types & (1u << row->key.type)) || !command->values[key].set)
		return NULL;
	return &command->values[key];
}

bool exd_command_is_set(const struct exd_command *command, enum exd_key key)
{
	return value_of(command, key, UINT32_MAX) != NULL;
}

const char *exd_command_string(const struct exd_command *command, enum exd_key key,
			       const char *fallback)
{
	const struct command_value *value =
		value_of(command, key, 1u << EXD_TYPE_STRING | 1u << EXD_TYPE_NAMESPACE);

	return value ? value->string : fallback;
}

bool exd_command_bool(const struct exd_command *command, enum exd_key key)
{
	const struct command_value *value = value_of(command, key, 1u << EXD_TYPE_BOOL);

	return value && value->number;
}

int64_t exd_command_number(const struct exd_command *command, enum exd_key key, int64_t fallback)
{
	const struct command_value *value =
		value_of(command, key, 1u << EXD_TYPE_NUMBER | 1u << EXD_TYPE_BYTES);

	return value ? value->number : fallback;
}

size_t exd_command_count(const struct exd_command *command, enum exd_key key)
{
	const struct command_value *value = value_of(command, key, UINT32_MAX);

	return value ? value->count : 0;
}

static const void *item_of(const struct exd_command *command, enum exd_key key, uint32_t types,
			   size_t index)
{
	const struct command_value *value = value_of(command, key, types);

	return value && index < value->count ? value->items[index] : NULL;
}

const char *exd_command_item(const struct exd_command *command, enum exd_key key, size_t index)
{
	return item_of(command, key, 1u << EXD_TYPE_LIST | 1u << EXD_TYPE_MAP, index);
}

bool exd_command_mount(const struct exd_command *command, size_t index, struct exd_mount *mount)
{
	return items_give(item_of(command, EXD_KEY_MOUNTS, 1u << EXD_TYPE_MOUNTS, index), mount);
}

bool exd_command_device(const struct exd_command *command, size_t index, struct exd_device *device)
{
	return items_give(item_of(command, EXD_KEY_DEVICES, 1u << EXD_TYPE_DEVICES, index), device);
}

bool exd_command_rlimit(const struct exd_command *command, size_t index, struct exd_rlimit *rlimit)
{
	return items_give(item_of(command, EXD_KEY_RLIMITS, 1u << EXD_TYPE_RLIMITS, index), rlimit);
}

/* ---- whole commands ---- */

static int value_copy(struct command_value *to, const struct command_value *from,
		      enum exd_key_type type)
{
	*to = (struct command_value){.set = from->set, .number = from->number};
	if (from->string && !(to->string = strdup(from->string)))
		return -ENOMEM;
	for (size_t i = 0; i < from->count; i++) {
		void *copy = item_copy(from->items[i], type);

		if (!copy || items_put_consume(to, type, copy) < 0)
			return -ENOMEM;
	}
	return 0;
}

int command_clone(struct exd_command **out, const struct exd_command *command,
		  struct exd_error *err)
{
	struct exd_command *copy;
	int r = exd_command_new(&copy, err);

	for (int key = 1; r == 0 && key < EXD_KEY_MAX; key++)
		if (value_copy(&copy->values[key], &command->values[key],
			       (enum exd_key_type)command_key((enum exd_key)key)->key.type) < 0) {
			exd_command_free(copy);
			r = no_memory(err);
		}
	if (r == 0)
		*out = copy;
	return r;
}
