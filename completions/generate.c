/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what shells need to complete driverctl: its tables of sub-commands and options. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "completions/kinds.h"
#include "driverctl/ctl.h"

/* All options of one sub-command, or of none. */
static uint32_t of_verb(const struct verb *verb)
{
	return verb ? verb->of : (uint32_t)OF_GLOBAL;
}

static void bash_pattern(const struct verb *verb)
{
	if (!verb)
		(void)printf("\t'')");
	else
		(void)printf("\t%s%s%s)", verb->name, verb->alias ? " | " : "",
			     verb->alias ? verb->alias : "");
}

static void bash_options(const struct verb *verb)
{
	const char *between = " _driverctl_reply='";

	bash_pattern(verb);
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
		if (!(row->of & of_verb(verb)))
			continue;
		(void)printf("%s--%s", between, row->name);
		between = " ";
		if (row->letter)
			(void)printf(" -%c", row->letter);
	}
	(void)printf("' ;;\n");
}

/* What follows each option that takes a value. */
static void bash_values(const struct verb *verb)
{
	bash_pattern(verb);
	(void)printf("\n\t\tcase $2 in\n");
	for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
		if (!(row->of & of_verb(verb)) || !row->argument)
			continue;
		(void)printf("\t\t--%s", row->name);
		if (row->letter)
			(void)printf(" | -%c", row->letter);
		(void)printf(") _driverctl_reply='%s' ;;\n", kind_of_value(row));
	}
	(void)printf("\t\tesac\n\t\t;;\n");
}

/* One word for each operand; the last stands for all that follow when the verb takes many. */
static void bash_operands(const struct verb *verb)
{
	char kinds[128];

	bash_pattern(verb);
	kinds_of_operands(verb, kinds, sizeof(kinds));
	(void)printf(" _driverctl_reply='%s' ;;\n", kinds);
}

static void bash_function(const char *name, void (*print)(const struct verb *verb), bool globals)
{
	(void)printf("\n%s()\n{\n\tcase $1 in\n", name);
	if (globals)
		print(NULL);
	for (const struct verb *verb = verb_next(NULL); verb; verb = verb_next(verb))
		print(verb);
	(void)printf("\tesac\n}\n");
}

static void bash_print(void)
{
	(void)printf("_driverctl_verbs='");
	for (const struct verb *verb = verb_next(NULL); verb; verb = verb_next(verb))
		(void)printf("%s%s%s%s", verb == verb_next(NULL) ? "" : " ", verb->name,
			     verb->alias ? " " : "", verb->alias ? verb->alias : "");
	(void)printf("'\n");
	bash_function("_driverctl_options", bash_options, true);
	bash_function("_driverctl_value", bash_values, true);
	bash_function("_driverctl_operands", bash_operands, false);
	(void)printf("\ncomplete -F _driverctl driverctl\n");
}

/* In single quotes inside an argument of _arguments: [help]:what:action. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			(void)printf("'\\''");
		else if (strchr("[]:\\", *text))
			(void)printf("\\%c", *text);
		else
			(void)printf("%c", *text);
	}
}

static void zsh_action(const char *kind)
{
	if (strncmp(kind, "words ", strlen("words ")) == 0) {
		(void)printf("(");
		zsh_text(kind + strlen("words "));
		(void)printf(")");
	} else {
		(void)printf("_driverctl_%s", kind);
	}
}

/* An option may be given more than once wherever it takes a value: the table does not say which. */
static void zsh_option(const struct option_row *row, const char *dash, bool is_long)
{
	(void)printf(" \\\n\t\t\t'%s%s%s[", row->argument ? "*" : "", dash,
		     row->argument ? (is_long ? "=" : "+") : "");
	zsh_text(row->help);
	(void)printf("]");
	if (row->argument) {
		(void)printf(":");
		zsh_text(row->argument);
		(void)printf(":");
		zsh_action(kind_of_value(row));
	}
	(void)printf("'");
}

static void zsh_options(const struct verb *verb)
{
	char dash[80];

	for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
		if (!(row->of & of_verb(verb)))
			continue;
		(void)snprintf(dash, sizeof(dash), "--%s", row->name);
		zsh_option(row, dash, true);
		(void)snprintf(dash, sizeof(dash), "-%c", row->letter);
		if (row->letter)
			zsh_option(row, dash, false);
	}
}

static void zsh_operands(const struct verb *verb)
{
	char kinds[128], *rest = kinds;
	const char *kind;
	unsigned int number = 0;

	kinds_of_operands(verb, kinds, sizeof(kinds));
	while ((kind = strsep(&rest, " "))) {
		bool last = !rest && verb->max == ANY_NUMBER;

		number++;
		if (strcmp(kind, "program") == 0)
			(void)printf(" \\\n\t\t\t'(-)*::: :_normal'");
		else if (last)
			(void)printf(" \\\n\t\t\t'*: :_driverctl_%s'", kind);
		else
			(void)printf(" \\\n\t\t\t'%u: :_driverctl_%s'", number, kind);
	}
}

static void zsh_verb(const struct verb *verb)
{
	(void)printf("\t%s%s%s)\n\t\t_arguments -s -S :", verb->name, verb->alias ? "|" : "",
		     verb->alias ? verb->alias : "");
	zsh_options(verb);
	zsh_operands(verb);
	(void)printf(" && return 0\n\t\t;;\n");
}

static void zsh_print(void)
{
	(void)printf("\n_driverctl_verbs()\n{\n\tlocal -a verbs=(");
	for (const struct verb *verb = verb_next(NULL); verb; verb = verb_next(verb)) {
		for (int i = 0; i < (verb->alias ? 2 : 1); i++) {
			(void)printf("\n\t\t'%s:", i ? verb->alias : verb->name);
			zsh_text(verb->summary);
			(void)printf("'");
		}
	}
	(void)printf("\n\t)\n\n\t_describe command verbs\n}\n");
	(void)printf("\n_driverctl_globals=(");
	zsh_options(NULL);
	(void)printf("\n)\n");
	(void)printf("\n_driverctl_verb()\n{\n\tcase $words[1] in\n");
	for (const struct verb *verb = verb_next(NULL); verb; verb = verb_next(verb))
		zsh_verb(verb);
	(void)printf("\tesac\n\treturn 1\n}\n\n_driverctl \"$@\"\n");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "bash") == 0)
		bash_print();
	else if (argc == 2 && strcmp(argv[1], "zsh") == 0)
		zsh_print();
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 1;
}
