/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a program: few defaults, never the host's. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/native/process.h"

#define DEFAULTS 4

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && (b[n] == '=' || b[n] == '\0');
}

/* The command's last word on this name; a later one replaces an earlier one. */
static bool is_set_after(const struct exd_command *command, size_t from, const char *variable)
{
	size_t count = exd_command_count(command, EXD_KEY_ENV);

	for (size_t i = from; i < count; i++) {
		if (same_name(variable, exd_command_item(command, EXD_KEY_ENV, i)))
			return true;
	}
	return false;
}

/* Appends "NAME=value" to the texts behind the array, and its address to the array. */
static char *put(char **env, size_t *used, char *text, const char *name, const char *value)
{
	env[(*used)++] = text;
	return text + sprintf(text, "%s=%s", name, value) + 1;
}

char **native_environment(const struct exd_command *command, const char *home, const char *hostname)
{
	const char *const names[DEFAULTS] = {"PATH", "HOME", "HOSTNAME", "TERM"};
	const char *const values[DEFAULTS] = {NATIVE_PATH, home, hostname,
					      exd_command_bool(command, EXD_KEY_TTY) ? "xterm"
										     : NULL};
	size_t count = exd_command_count(command, EXD_KEY_ENV), used = 0, size = 0;
	char **env, *text;

	for (size_t i = 0; i < DEFAULTS; i++)
		size += values[i] ? strlen(names[i]) + strlen(values[i]) + 2 : 0;
	env = malloc((count + DEFAULTS + 1) * sizeof(*env) + size);
	if (!env)
		return NULL;
	text = (char *)(env + count + DEFAULTS + 1);
	for (size_t i = 0; i < DEFAULTS; i++) {
		if (values[i] && !is_set_after(command, 0, names[i]))
			text = put(env, &used, text, names[i], values[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const char *variable = exd_command_item(command, EXD_KEY_ENV, i);

		if (!is_set_after(command, i + 1, variable))
			env[used++] = (char *)variable;
	}
	env[used] = NULL;
	return env;
}
