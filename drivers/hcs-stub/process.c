/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command -> the parameters that the service creates a process by. */
#include "drivers/hcs-stub/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/hcs-stub/members.h"

static void backslashes(struct strbuf *line, size_t count)
{
	while (count-- > 0)
		(void)sb_add(line, "\\");
}

/*
 * Backslashes stand for themselves unless a quote follows; there, and before the closing quote,
 * each takes two.
 */
void process_quote(struct strbuf *line, const char *argument)
{
	bool wrap = !*argument || strpbrk(argument, " \t");

	if (wrap)
		(void)sb_add(line, "\"");
	while (*argument) {
		size_t slashes = strspn(argument, "\\");

		argument += slashes;
		if (*argument == '"')
			backslashes(line, slashes * 2 + 1);
		else if (!*argument && wrap)
			backslashes(line, slashes * 2);
		else
			backslashes(line, slashes);
		if (*argument)
			(void)sb_add_bytes(line, argument++, 1);
	}
	if (wrap)
		(void)sb_add(line, "\"");
}

static bool quotes(const struct stub *stub, const struct exd_command *command)
{
	if (stub->schema == STUB_SCHEMA_1_8)
		return false;
	return !exd_command_bool(command, EXD_KEY_HCS_ARGS_ESCAPED);
}

/* The entry point comes as it is: quoting it is the caller's business. */
static void put_line(const struct stub *stub, const struct exd_command *command,
		     struct json_object *json, bool *failed)
{
	size_t count = exd_command_count(command, EXD_KEY_ARGS);
	cleanup_strbuf struct strbuf line = {0};

	for (size_t i = 0; i < count; i++) {
		const char *argument = exd_command_item(command, EXD_KEY_ARGS, i);

		if (i > 0)
			(void)sb_add(&line, " ");
		if (i > 0 && quotes(stub, command))
			process_quote(&line, argument);
		else
			(void)sb_add(&line, argument);
	}
	if (line.error)
		*failed = true;
	else
		member_text(failed, json, "CommandLine", line.text ? line.text : "");
}

/* Values may hold '=' too: the original, which split at each, lost those. */
static void put_environment(const struct exd_command *command, struct json_object *json,
			    bool *failed)
{
	struct json_object *map =
		member_put(failed, json, "Environment", json_object_new_object());
	size_t count = exd_command_count(command, EXD_KEY_ENV);

	for (size_t i = 0; i < count; i++) {
		const char *pair = exd_command_item(command, EXD_KEY_ENV, i);
		size_t size = strcspn(pair, "=");
		cleanup_free char *bytes = strndup(pair, size);
		cleanup_free char *name = bytes ? hcs_text_encode(bytes) : NULL;

		if (!name) {
			*failed = true;
			return;
		}
		member_text(failed, map, name, pair[size] ? pair + size + 1 : "");
	}
}

void process_console(const struct exd_command *command, uint16_t size[2])
{
	const char *text = exd_command_string(command, EXD_KEY_TTY_SIZE, "");
	unsigned int rows = 0, columns = 0;

	if (!exd_command_bool(command, EXD_KEY_TTY) ||
	    sscanf(text, "%5ux%5u", &rows, &columns) != 2)
		rows = columns = 0;
	size[0] = (uint16_t)rows;
	size[1] = (uint16_t)columns;
}

static void put_console(const struct exd_command *command, struct json_object *json, bool *failed)
{
	struct json_object *list;
	uint16_t size[2];

	process_console(command, size);
	member_bool(failed, json, "EmulateConsole", exd_command_bool(command, EXD_KEY_TTY));
	list = member_put(failed, json, "ConsoleSize", json_object_new_array());
	(void)element_put(failed, list, json_object_new_int(size[0]));
	(void)element_put(failed, list, json_object_new_int(size[1]));
}

int stub_process(const struct stub *stub, const struct exd_command *command,
		 struct json_object **out, struct exd_error *err)
{
	cleanup_json struct json_object *json = json_object_new_object();
	bool failed = false;

	member_text(&failed, json, "ApplicationName", "");
	put_line(stub, command, json, &failed);
	member_text(&failed, json, "WorkingDirectory",
		    exd_command_string(command, EXD_KEY_CWD, ""));
	put_environment(command, json, &failed);
	put_console(command, json, &failed);
	if (failed)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM,
				     "cannot write the parameters of the process");
	*out = take_ptr(&json);
	return 0;
}
