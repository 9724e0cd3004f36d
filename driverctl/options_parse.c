/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a command line by the table of options. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driverctl/options.h"

struct parser {
	struct arguments *args;
	uint32_t of;
	char **next; /* the first argument not yet read */
	struct exd_error *err;
};

static void *setting(struct arguments *args, const struct option_row *row)
{
	return (char *)&args->settings + row->setting;
}

static void take(struct parser *p, const struct option_row *row, const char *value)
{
	if (row->key)
		p->args->given[p->args->given_count++] = (struct given){row, value};
	else if (row->argument)
		*(const char **)setting(p->args, row) = value;
	else
		*(bool *)setting(p->args, row) = true;
}

/* The value of an option that stands in the next argument. */
static int take_next(struct parser *p, const struct option_row *row, const char *shown)
{
	if (!*p->next)
		return exd_error_set(p->err, EXD_ERR_INVALID, 0, "%s needs a value: %s", shown,
				     row->argument);
	take(p, row, *p->next++);
	return 0;
}

static int parse_long(struct parser *p, const char *text)
{
	const char *name = text + strlen("--");
	size_t size = strcspn(name, "=");
	const struct option_row *row = option_named(p->of, name, size);

	if (!row && option_named(OF_GLOBAL, name, size))
		return exd_error_set(p->err, EXD_ERR_INVALID, 0,
				     "'--%.*s' stands before the command", (int)size, name);
	if (!row)
		return exd_error_set(p->err, EXD_ERR_INVALID, 0, "unknown option '--%.*s'",
				     (int)(size < 64 ? size : 64), name);
	if (!row->argument && name[size])
		return exd_error_set(p->err, EXD_ERR_INVALID, 0, "option '--%s' takes no value",
				     row->name);
	if (row->argument && !name[size])
		return take_next(p, row, text);
	take(p, row, row->argument ? name + size + 1 : NULL);
	return 0;
}

/* "-it", "-m64m", "-m 64m": switches may share a dash, and a value ends them. */
static int parse_letters(struct parser *p, const char *text)
{
	for (const char *at = text + 1; *at; at++) {
		const struct option_row *row = option_lettered(p->of, *at);
		char shown[] = {'-', *at, '\0'};

		if (!row)
			return exd_error_set(p->err, EXD_ERR_INVALID, 0,
					     "unknown option '%s'%s%.32s%s", shown,
					     at[1] || at > text + 1 ? " in '" : "",
					     at[1] || at > text + 1 ? text : "",
					     at[1] || at > text + 1 ? "'" : "");
		if (row->argument && at[1]) {
			take(p, row, at + 1);
			return 0;
		}
		if (row->argument)
			return take_next(p, row, shown);
		take(p, row, NULL);
	}
	return 0;
}

/* Whether this operand is the last thing that driverctl itself reads. */
static bool ends_options(const struct arguments *args, enum grammar grammar)
{
	return grammar == GRAMMAR_GLOBAL || (grammar == GRAMMAR_EXEC && args->operand_count == 1);
}

static int parse_words(struct parser *p, enum grammar grammar)
{
	struct arguments *args = p->args;
	int r;

	while (*p->next) {
		const char *text = *p->next;

		if (text[0] != '-' || !text[1]) {
			if (ends_options(args, grammar))
				return 0;
			args->operands[args->operand_count++] = text;
			p->next++;
			continue;
		}
		p->next++;
		if (strcmp(text, "--") == 0) {
			args->dashes = true;
			return 0;
		}
		r = text[1] == '-' ? parse_long(p, text) : parse_letters(p, text);
		if (r < 0)
			return r;
	}
	return 0;
}

static size_t words(char **argv)
{
	size_t count = 0;

	while (argv[count])
		count++;
	return count;
}

int options_parse(struct arguments *args, uint32_t of, enum grammar grammar, char **argv,
		  struct exd_error *err)
{
	struct parser p = {args, of, argv + 1, err};
	size_t letters = 0;
	int r;

	memset(args, 0, sizeof(*args));
	/* Each letter of an argument may be an option with a key. */
	for (size_t i = 0; argv[i]; i++)
		letters += argv[i][0] == '-' ? strlen(argv[i]) : 1;
	args->operands = calloc(words(argv) + 1, sizeof(*args->operands));
	args->given = calloc(letters + 1, sizeof(*args->given));
	if (!args->operands || !args->given)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM,
				     "cannot read the command line");
	r = parse_words(&p, grammar);
	if (r < 0)
		return r;
	if (grammar == GRAMMAR_EXEC && !args->operand_count && *p.next)
		args->operands[args->operand_count++] = *p.next++;
	while (grammar == GRAMMAR_PLAIN && *p.next)
		args->operands[args->operand_count++] = *p.next++;
	args->command = p.next;
	return 0;
}

void arguments_free(struct arguments *args)
{
	free(args->given);
	free(args->operands);
	memset(args, 0, sizeof(*args));
}
