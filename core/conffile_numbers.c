/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds whole numbers that libconfig 1.5 would silently cut to 32 bits. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/conffile.h"

/* The end of a string, a comment or a blank that begins here; the same place when none does. */
static const char *skip_text(const char *s)
{
	const char *end;

	if (*s == '"') {
		for (s++; *s && *s != '"'; s++)
			s += *s == '\\' && s[1];
		return *s ? s + 1 : s;
	}
	if (*s == '#' || (s[0] == '/' && s[1] == '/'))
		return s + strcspn(s, "\n");
	if (s[0] == '/' && s[1] == '*') {
		end = strstr(s + 2, "*/");
		return end ? end + 2 : s + strlen(s);
	}
	return s;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_*.-+", c);
}

/* A word of digits only, perhaps with a sign, beyond an int. */
static bool is_cut(const char *word, size_t size)
{
	size_t sign = *word == '-' || *word == '+';
	long long value;

	if (size == sign || strspn(word + sign, "0123456789") != size - sign)
		return false;
	value = strtoll(word, NULL, 10);
	return value > INT_MAX || value < INT_MIN;
}

const char *conffile_cut_number(const char *text)
{
	const char *s = text;

	while (*s) {
		const char *after = skip_text(s);

		if (after != s) {
			s = after;
		} else if (is_word(*s)) {
			for (after = s; *after && is_word(*after); after++)
				;
			if (is_cut(s, (size_t)(after - s)))
				return s;
			s = after;
		} else {
			s++;
		}
	}
	return NULL;
}
