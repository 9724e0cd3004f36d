/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for what is a number or raw bytes in a plan. */
#ifndef EXECDRIVER_CORE_PLAN_WORDS_H
#define EXECDRIVER_CORE_PLAN_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/strutil.h"

/* One line whatever the bytes: control characters and the backslash as in C. */
void words_add_text(struct strbuf *out, const char *text, size_t size);
/* "a\0b c\0" as a 'b c': each item that would not be told apart from its neighbours in quotes. */
void words_add_list(struct strbuf *out, const char *list, size_t size);
/* A mask of capabilities: "none", "chown,kill" or "all but sys_admin". */
void words_add_capabilities(struct strbuf *out, uint64_t mask);
/* Flags of open(2): "for reading, as a directory". */
void words_add_open_flags(struct strbuf *out, uint64_t flags);
/* The kind of a file by its mode. */
const char *words_file_kind(uint64_t mode);

#endif
