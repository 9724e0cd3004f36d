/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: commands. An odd first byte: the rest is a command file; else lines of NAME=VALUE, as
 * options of driverctl.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/command.h"
#include "tests/fuzz/fuzz.h"

static int dir = -1;
static char path[128];

static void load(struct exd_command *command, const char *text)
{
	struct exd_error err = EXD_ERROR_INIT;
	const char *folder;

	if (dir < 0) {
		dir = fuzz_folder(&folder);
		(void)snprintf(path, sizeof(path), "%s/command", folder);
	}
	if (strstr(text, "@include"))
		return;
	fuzz_write(dir, "command", text);
	if (exd_command_load(command, path, &err) < 0)
		fuzz_require(strncmp(err.text, path, strlen(path)) == 0 ||
				     strstr(err.text, "cannot read") != NULL,
			     "a refusal names the file");
}

static void set(struct exd_command *command, char *text)
{
	struct exd_error err = EXD_ERROR_INIT;
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (value)
			*value++ = '\0';
		if (exd_command_set(command, line, value ? value : "", &err) < 0)
			fuzz_require(err.text[0], "a refusal says why");
	}
}

static void read_structs(const struct exd_command *command)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};
	struct exd_device device = {.struct_size = sizeof(device)};
	struct exd_rlimit rlimit = {.struct_size = sizeof(rlimit)};

	for (size_t i = 0; exd_command_mount(command, i, &mount); i++)
		fuzz_require(mount.target && mount.target[0] == '/', "a mount has a target");
	for (size_t i = 0; exd_command_device(command, i, &device); i++)
		fuzz_require(device.struct_size == sizeof(device), "a device is whole");
	for (size_t i = 0; exd_command_rlimit(command, i, &rlimit); i++)
		fuzz_require(rlimit.soft <= rlimit.hard, "a soft limit is at most the hard one");
}

/* What was let in is whole: as it is read, and as it is copied. */
static void check(const struct exd_command *command)
{
	const struct exd_command_key *key = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_command *copy = NULL;

	fuzz_require(command_clone(&copy, command, NULL) == 0, "a command can be copied");
	while ((key = exd_command_key_next(key))) {
		enum exd_key k = (enum exd_key)key->key;

		fuzz_require(exd_command_is_set(copy, k) == exd_command_is_set(command, k) &&
				     exd_command_count(copy, k) == exd_command_count(command, k),
			     "a copy has all that the command has");
	}
	read_structs(copy);
	(void)command_check(copy, false, &err);
	(void)command_check(copy, true, &err);
	exd_command_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exd_command *command = NULL;
	struct input in = {data, size};
	bool file = input_byte(&in) & 1;
	char *text = input_text(&in);

	fuzz_require(exd_command_new(&command, NULL) == 0, "a command");
	if (file)
		load(command, text);
	else
		set(command, text);
	check(command);
	exd_command_free(command);
	free(text);
	return 0;
}
