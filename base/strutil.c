/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings: a growing buffer, strict numbers, small tests. */
#include "base/strutil.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes and a NUL. */
static int sb_reserve(struct strbuf *sb, size_t more)
{
	size_t room = sb->room ? sb->room : 64;
	char *text;

	if (sb->error)
		return sb->error;
	if (more >= SIZE_MAX / 2 - sb->size)
		return sb->error = -ENOMEM;
	if (sb->size + more < sb->room)
		return 0;
	while (room <= sb->size + more)
		room *= 2;
	text = realloc(sb->text, room);
	if (!text)
		return sb->error = -ENOMEM;
	sb->text = text;
	sb->room = room;
	return 0;
}

int sb_add_bytes(struct strbuf *sb, const void *bytes, size_t size)
{
	int r = sb_reserve(sb, size);

	if (r < 0)
		return r;
	if (size)
		memcpy(sb->text + sb->size, bytes, size);
	sb->size += size;
	sb->text[sb->size] = '\0';
	return 0;
}

int sb_add(struct strbuf *sb, const char *text)
{
	return sb_add_bytes(sb, text, strlen(text));
}

int sb_addf(struct strbuf *sb, const char *format, ...)
{
	va_list args;
	int size, r;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		return sb->error = sb->error ? sb->error : -EINVAL;
	r = sb_reserve(sb, (size_t)size);
	if (r < 0)
		return r;
	va_start(args, format);
	(void)vsnprintf(sb->text + sb->size, (size_t)size + 1, format, args);
	va_end(args);
	sb->size += (size_t)size;
	return 0;
}

char *sb_take(struct strbuf *sb)
{
	char *text;

	if (sb_reserve(sb, 0) < 0) {
		sb_free(sb);
		return NULL;
	}
	if (!sb->size)
		sb->text[0] = '\0';
	text = take_ptr(&sb->text);
	*sb = (struct strbuf){0};
	return text;
}

void sb_free(struct strbuf *sb)
{
	int saved = errno;

	free(sb->text);
	*sb = (struct strbuf){0};
	errno = saved;
}

size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned int c = s[0];
	size_t n = c < 0x80                ? 1
		   : c >= 0xc2 && c < 0xe0 ? 2
		   : c >= 0xe0 && c < 0xf0 ? 3
		   : c >= 0xf0 && c < 0xf5 ? 4
					   : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates and what is above U+10FFFF. */
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
	    (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Bytes at the beginning that need no change inside of a JSON string. */
static size_t plain_length(const char *text, bool raw)
{
	const char *s = text;
	size_t n;

	for (; *s; s += n) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			break;
		n = c < 0x80 || raw ? 1 : utf8_length(s);
		if (!n)
			break;
	}
	return (size_t)(s - text);
}

static int add_json(struct strbuf *sb, const char *text, bool raw)
{
	(void)sb_add_bytes(sb, "\"", 1);
	for (;;) {
		size_t n = plain_length(text, raw);
		unsigned char c = (unsigned char)text[n];

		(void)sb_add_bytes(sb, text, n);
		if (!c)
			break;
		if (c >= 0x80)
			(void)sb_add(sb, "\\ufffd");
		else if (c == '"' || c == '\\')
			(void)sb_addf(sb, "\\%c", c);
		else
			(void)sb_addf(sb, "\\u%04x", c);
		text += n + 1;
	}
	return sb_add_bytes(sb, "\"", 1);
}

int sb_add_json(struct strbuf *sb, const char *text)
{
	return add_json(sb, text, false);
}

int sb_add_json_raw(struct strbuf *sb, const char *text)
{
	return add_json(sb, text, true);
}

static int parse_digits(const char *text, unsigned int base, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)*text - '0';

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -ERANGE;
	}
	*out = value;
	return 0;
}

int parse_uint64(const char *text, uint64_t *out)
{
	return parse_digits(text, 10, out);
}

int parse_octal(const char *text, uint64_t *out)
{
	return parse_digits(text, 8, out);
}

int parse_int64(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t value;
	int r = parse_digits(text + negative, 10, &value);

	if (r < 0)
		return r;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (int64_t)-value : (int64_t)value;
	return 0;
}

int parse_bytes(const char *text, int64_t *out)
{
	static const char units[] = "bkmgt";
	size_t size = strlen(text);
	const char *unit = size ? strchr(units, tolower((unsigned char)text[size - 1])) : NULL;
	char digits[24];
	uint64_t value;
	int r;

	if (unit)
		size--;
	if (size >= sizeof(digits))
		return strspn(text, "0123456789") >= size ? -ERANGE : -EINVAL;
	memcpy(digits, text, size);
	digits[size] = '\0';
	r = parse_digits(digits, 10, &value);
	if (r < 0)
		return r;
	if (unit && __builtin_mul_overflow(value, UINT64_C(1) << (10 * (unit - units)), &value))
		return -ERANGE;
	if (value > INT64_MAX)
		return -ERANGE;
	*out = (int64_t)value;
	return 0;
}

bool str_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *text, const char *suffix)
{
	size_t size = strlen(text), tail = strlen(suffix);

	return size >= tail && strcmp(text + size - tail, suffix) == 0;
}

bool str_in(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}
