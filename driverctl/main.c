/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl: the command line. Reads it, opens an engine and hands over to the sub-command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driverctl/ctl.h"
#include "driverctl/help.h"
#include "driverctl/print.h"

/*
 * A closed standard descriptor would be the number of the next file opened. What stands in for it
 * cannot be read or written, so that using it is an error as it was.
 */
static void hold_standard_fds(struct ctl *ctl)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		ctl->closed[fd] = true;
		/* cppcheck-suppress leakReturnValNotUsed */
		(void)open("/dev/null",
			   (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_NOCTTY | O_CLOEXEC);
	}
}

static int check_operands(const struct ctl *ctl, struct exd_error *err)
{
	const struct verb *verb = ctl->verb;
	const struct arguments *args = &ctl->args;

	if (verb->grammar == GRAMMAR_RUN && !args->dashes && args->operand_count)
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "put '--' before the program: driverctl %s %s", verb->name,
				     verb->usage);
	if (args->operand_count < verb->min)
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "something is missing: driverctl %s %s", verb->name,
				     verb->usage);
	if (args->operand_count > verb->max)
		return exd_error_set(err, EXD_ERR_INVALID, 0, "'%.64s' is one word too many",
				     args->operands[verb->max]);
	return 0;
}

static int open_engine(struct ctl *ctl, struct exd_error *err)
{
	const struct settings *settings = &ctl->globals.settings;
	struct exd_engine_config config = {
		.struct_size = sizeof(config),
		.flags = ctl->verb->engine_flags,
		.config = settings->config,
		.root = settings->root,
		.driver = settings->driver,
		.log = log_line,
		.log_arg = &ctl->log,
		.log_level = ctl->log.level,
	};

	return exd_engine_open(&ctl->engine, &config, err);
}

/* argv as the sub-command sees it: its name, then its arguments. */
static int run_verb(struct ctl *ctl, char **argv, struct exd_error *err)
{
	int r = options_parse(&ctl->args, ctl->verb->of, ctl->verb->grammar, argv, err);

	if (r < 0)
		return r;
	if (ctl->args.settings.help)
		return help_print_verb(ctl->verb, err);
	r = check_operands(ctl, err);
	if (r < 0)
		return r;
	if (ctl->verb->of != OF_HELP) {
		r = open_engine(ctl, err);
		/* What is wrong with the host is to be told where there can be no engine, too. */
		if (r < 0 && ctl->verb->of != OF_CHECK)
			return r;
	}
	return ctl->verb->run(ctl, err);
}

static int run_ctl(struct ctl *ctl, char **argv, struct exd_error *err)
{
	const struct settings *settings = &ctl->globals.settings;
	char **rest;
	int r = options_parse(&ctl->globals, OF_GLOBAL, GRAMMAR_GLOBAL, argv, err);

	if (r < 0)
		return r;
	r = log_open(&ctl->log, settings, err);
	if (r < 0)
		return r;
	if (settings->help)
		return help_print_all(err);
	if (settings->version) {
		(void)printf("driverctl %s\n", exd_version());
		return print_flush(err);
	}
	rest = ctl->globals.command;
	if (!rest[0])
		return exd_error_set(err, EXD_ERR_INVALID, 0, "no command");
	ctl->verb = verb_named(rest[0]);
	if (!ctl->verb)
		return exd_error_set(err, EXD_ERR_INVALID, 0, "unknown command '%.64s'", rest[0]);
	return run_verb(ctl, rest, err);
}

int main(int argc, char **argv)
{
	static char *const nothing[] = {(char *)"driverctl", NULL};
	struct ctl ctl = {.log = {.fd = STDERR_FILENO}};
	struct exd_error err = EXD_ERROR_INIT;
	int r;

	hold_standard_fds(&ctl);
	r = run_ctl(&ctl, argc > 0 ? argv : (char **)nothing, &err);
	if (r < 0)
		r = ctl_report(&ctl, &err);
	ctl.engine = exd_engine_close(ctl.engine);
	arguments_free(&ctl.args);
	arguments_free(&ctl.globals);
	log_close(&ctl.log);
	return r;
}
