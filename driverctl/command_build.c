/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From options to a command: the few values that are not passed on as they are, and their order. */
#include "driverctl/command_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"

/* The path as seen from "/": whoever opens it may have another working directory. */
static int absolute_path(char **out, const char *path, struct exd_error *err)
{
	cleanup_free char *cwd = NULL;
	char *text;

	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return exd_error_set(err, EXD_ERR_SYSTEM, errno,
					     "cannot tell where '%s' is", path);
	}
	if (asprintf(&text, "%s%s%s", cwd ? cwd : "", cwd ? "/" : "", path) < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "%s", path);
	*out = text;
	return 0;
}

int option_rootfs(struct exd_command *command, const char *value, struct exd_error *err)
{
	cleanup_free char *path = NULL;
	int r;

	if (!*value || strncmp(value, "overlay:", strlen("overlay:")) == 0)
		return exd_command_set(command, "rootfs", value, err);
	r = absolute_path(&path, value, err);
	return r < 0 ? r : exd_command_set(command, "rootfs", path, err);
}

int option_env(struct exd_command *command, const char *value, struct exd_error *err)
{
	cleanup_free char *pair = NULL;
	const char *own;

	if (strchr(value, '=') || !*value)
		return exd_command_set(command, "env", value, err);
	own = getenv(value);
	if (!own)
		return 0;
	if (asprintf(&pair, "%s=%s", value, own) < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "%s", value);
	return exd_command_set(command, "env", pair, err);
}

int option_env_file(struct exd_command *command, const char *value, struct exd_error *err)
{
	cleanup_fclose FILE *file = fopen(value, "re");
	cleanup_free char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int r;

	if (!file)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot open '%s'", value);
	for (unsigned int number = 1; (size = getline(&line, &room, file)) >= 0; number++) {
		if (size && line[size - 1] == '\n')
			line[--size] = '\0';
		if (size && line[size - 1] == '\r')
			line[--size] = '\0';
		if (!size || line[0] == '#')
			continue;
		if (strlen(line) != (size_t)size)
			return exd_error_set(err, EXD_ERR_INVALID, 0, "%s:%u: a NUL byte", value,
					     number);
		r = option_env(command, line, err);
		if (r < 0)
			return exd_error_prefix(err, r, "%s:%u", value, number);
	}
	if (ferror(file))
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot read '%s'", value);
	return 0;
}

/* A source without a slash in front is a path too, not a type as in the command file. */
int option_volume(struct exd_command *command, const char *value, struct exd_error *err)
{
	cleanup_free char *mount = NULL;
	int r;

	if (value[0] == ':' || !strchr(value, ':'))
		return exd_error_set(err, EXD_ERR_INVALID, 0, "'%s' is not SRC:DST[:OPTIONS]",
				     value);
	r = absolute_path(&mount, value, err);
	return r < 0 ? r : exd_command_set(command, "mounts", mount, err);
}

int option_tmpfs(struct exd_command *command, const char *value, struct exd_error *err)
{
	cleanup_free char *mount = NULL;

	if (asprintf(&mount, "tmpfs:%s", value) < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "%s", value);
	return exd_command_set(command, "mounts", mount, err);
}

/* What is none of the words is a file, as with --volume. */
static int set_seccomp(struct exd_command *command, const char *value, struct exd_error *err)
{
	cleanup_free char *path = NULL;
	int r;

	if (!*value || *value == '{' || strcmp(value, "default") == 0 ||
	    strcmp(value, "unconfined") == 0)
		return exd_command_set(command, "seccomp", value, err);
	r = absolute_path(&path, value, err);
	return r < 0 ? r : exd_command_set(command, "seccomp", path, err);
}

int option_security(struct exd_command *command, const char *value, struct exd_error *err)
{
	static const struct {
		const char *prefix, *key;
	} options[] = {
		{"no-new-privileges=", "no_new_privileges"},
		{"apparmor=", "apparmor"},
		{"label=", "selinux_label"},
	};

	if (str_has_prefix(value, "seccomp="))
		return set_seccomp(command, value + strlen("seccomp="), err);
	if (strcmp(value, "no-new-privileges") == 0)
		return exd_command_set(command, "no_new_privileges", "yes", err);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (str_has_prefix(value, options[i].prefix))
			return exd_command_set(command, options[i].key,
					       value + strlen(options[i].prefix), err);
	return exd_error_set(
		err, EXD_ERR_INVALID, 0,
		"'%s' is none of no-new-privileges, seccomp=, apparmor= and label=", value);
}

static int apply(struct exd_command *command, const struct given *given, struct exd_error *err)
{
	int r;

	if (given->row->apply)
		r = given->row->apply(command, given->value, err);
	else
		r = exd_command_set(command, given->row->key, given->value ? given->value : "yes",
				    err);
	return r < 0 ? exd_error_prefix(err, r, "--%s", given->row->name) : 0;
}

static void command_freep(struct exd_command **command)
{
	*command = exd_command_free(*command);
}

#define cleanup_command CLEANUP(command_freep)

int command_build(struct exd_command **out, const struct arguments *args, struct exd_error *err)
{
	cleanup_command struct exd_command *command = NULL;
	int r = exd_command_new(&command, err);

	if (r < 0)
		return r;
	if (args->settings.file) {
		r = exd_command_load(command, args->settings.file, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < args->given_count; i++) {
		r = apply(command, &args->given[i], err);
		if (r < 0)
			return r;
	}
	if (args->command[0]) {
		r = exd_command_set_args(command, (const char *const *)args->command, err);
		if (r < 0)
			return r;
	}
	*out = take_ptr(&command);
	return 0;
}
