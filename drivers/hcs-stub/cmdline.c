/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Windows command lines. The program's name ends at a blank or, when it begins with a quote, at the
 * next one, and knows no escapes. In the arguments a quote switches quoting; backslashes are
 * themselves unless a quote follows: then each pair of them is one, and one left over makes the
 * quote a literal one. Two quotes within quotes are a literal one too.
 */
#include "drivers/hcs-stub/cmdline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

/* Where the pieces go; the text behind the pointers is never longer than the line was. */
struct split {
	const char *at;
	char *to;
};

static void take_program(struct split *s)
{
	bool quoted = *s->at == '"';
	size_t size;

	s->at += quoted;
	size = strcspn(s->at, quoted ? "\"" : BLANKS);
	memcpy(s->to, s->at, size);
	s->to += size;
	*s->to++ = '\0';
	s->at += size;
	if (quoted && *s->at)
		s->at++;
}

/* At backslashes; true when the quote after them is a literal one that was taken as well. */
static void take_backslashes(struct split *s)
{
	size_t n = strspn(s->at, "\\");
	bool before_quote = s->at[n] == '"';
	size_t out = before_quote ? n / 2 : n;

	memset(s->to, '\\', out);
	s->to += out;
	s->at += n;
	if (before_quote && n % 2)
		*s->to++ = *s->at++;
}

static void take_argument(struct split *s)
{
	bool quoted = false;

	while (*s->at && (quoted || !strchr(BLANKS, *s->at))) {
		if (*s->at == '\\') {
			take_backslashes(s);
		} else if (*s->at != '"') {
			*s->to++ = *s->at++;
		} else if (quoted && s->at[1] == '"') {
			*s->to++ = '"';
			s->at += 2;
		} else {
			quoted = !quoted;
			s->at++;
		}
	}
	*s->to++ = '\0';
}

int cmdline_split(const char *line, char ***argv, size_t *argc)
{
	/* Each argument but the first needs a blank before it. */
	size_t room = strlen(line) / 2 + 3, n = 0;
	struct split s = {.at = line + strspn(line, BLANKS)};
	char **list;

	if (!*s.at)
		return -EINVAL;
	/* An argument's NUL has the place of its blank; only the last one has none. */
	list = malloc(room * sizeof(*list) + strlen(line) + 2);
	if (!list)
		return -ENOMEM;
	s.to = (char *)(list + room);
	list[n++] = s.to;
	take_program(&s);
	for (s.at += strspn(s.at, BLANKS); *s.at; s.at += strspn(s.at, BLANKS)) {
		list[n++] = s.to;
		take_argument(&s);
	}
	list[n] = NULL;
	*argv = list;
	*argc = n;
	return 0;
}
