/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Help, made from the tables of options and sub-commands. */
#include "driverctl/help.h"

#include <stdio.h>
#include <string.h>

#include "driverctl/print.h"

/* Where the explanations begin; a longer option has a line to itself. */
#define INDENT 34

static void print_option(const struct option_row *row)
{
	char text[128];
	int size;

	size = snprintf(text, sizeof(text), "  %c%c%s --%s%s%s", row->letter ? '-' : ' ',
			row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
			row->argument ? " " : "", row->argument ? row->argument : "");
	if (size < INDENT - 1)
		(void)printf("%-*s%s\n", INDENT, text, row->help);
	else
		(void)printf("%s\n%*s%s\n", text, INDENT, "", row->help);
}

static void print_options(uint32_t of)
{
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row))
		if (row->of & of)
			print_option(row);
}

int help_print_all(struct exd_error *err)
{
	(void)printf("usage: driverctl [OPTIONS] COMMAND ...\n\n"
		     "Runs programs in containers and looks after them.\n\n");
	for (const struct verb *verb = verb_next(NULL); verb; verb = verb_next(verb))
		(void)printf("  %-*s%s\n", INDENT - 2, verb->name, verb->summary);
	(void)printf("\noptions, before the command:\n");
	print_options(OF_GLOBAL);
	(void)printf(
		"\nexit code: the program's own; 128 + N when signal N ended it; 125 for errors "
		"of\ndriverctl or a driver; 126 when the program cannot be run; 127 when it was "
		"not found\n'driverctl COMMAND --help' tells more\n");
	return print_flush(err);
}

int help_print_verb(const struct verb *verb, struct exd_error *err)
{
	(void)printf("usage: driverctl %s %s\n", verb->name, verb->usage);
	if (verb->alias)
		(void)printf("       driverctl %s %s\n", verb->alias, verb->usage);
	(void)printf("\n%s.\n", verb->summary);
	if (verb->more)
		(void)printf("%s\n", verb->more);
	(void)printf("\noptions:\n");
	print_options(verb->of);
	return print_flush(err);
}

int verb_help(struct ctl *ctl, struct exd_error *err)
{
	const char *name = ctl->args.operand_count ? ctl->args.operands[0] : NULL;
	const struct verb *verb = name ? verb_named(name) : NULL;

	if (!name)
		return help_print_all(err);
	if (!verb)
		return exd_error_set(err, EXD_ERR_INVALID, 0, "unknown command '%.64s'", name);
	return help_print_verb(verb, err);
}
