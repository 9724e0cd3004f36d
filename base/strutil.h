/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings: a growing buffer, strict numbers, small tests. No state, no locale. */
#ifndef EXECDRIVER_BASE_STRUTIL_H
#define EXECDRIVER_BASE_STRUTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * A growing text. Zero-initialised it is empty; `text` is NUL-terminated as soon as anything was
 * added, `size` does not count the NUL (but bytes that were added may hold some). The first failure
 * (-ENOMEM) sticks: later calls only return it, so that a caller may check the last one or
 * sb_take().
 */
struct strbuf {
	char *text;
	size_t size;
	size_t room;
	int error;
};

int sb_add(struct strbuf *sb, const char *text);
int sb_add_bytes(struct strbuf *sb, const void *bytes, size_t size);
int sb_addf(struct strbuf *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
int sb_add_json(struct strbuf *sb, const char *text);
/* The same, but those bytes stay: for records, which must give back what they were given. */
int sb_add_json_raw(struct strbuf *sb, const char *text);
/* Length of the valid UTF-8 sequence that the text begins with, or 0. */
size_t utf8_length(const char *text);
/*
 * Hands the text out ("" when nothing was added) and leaves the buffer empty; NULL after a failure.
 */
char *sb_take(struct strbuf *sb);
/* Frees the text; the buffer is empty and usable again. */
void sb_free(struct strbuf *sb);

#define cleanup_strbuf CLEANUP(sb_free)

/* The whole text must be a decimal number, with no blanks and no plus sign: -EINVAL, -ERANGE. */
int parse_int64(const char *text, int64_t *out);
int parse_uint64(const char *text, uint64_t *out);
/* An octal number of digits 0-7 only. */
int parse_octal(const char *text, uint64_t *out);
/* A number, perhaps with b, k, m, g or t (powers of 1024, any case): "64m". */
int parse_bytes(const char *text, int64_t *out);

bool str_has_prefix(const char *text, const char *prefix);
bool str_has_suffix(const char *text, const char *suffix);
/* Whether text is one of a NULL-terminated list. */
bool str_in(const char *text, const char *const *list);

#endif
