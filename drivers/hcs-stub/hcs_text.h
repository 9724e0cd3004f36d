/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of this host in the service's JSON, which is text. A byte that is no part of UTF-8 is a
 * character from U+EF80 to U+EFFF, of the private use area, that has it as its low byte; such
 * characters themselves are written byte by byte. So whatever is encoded comes back as it was.
 */
#ifndef EXECDRIVER_HCS_TEXT_H
#define EXECDRIVER_HCS_TEXT_H

/* Allocated; NULL: no memory. */
char *hcs_text_encode(const char *bytes);
/* In place: it gets no longer. */
void hcs_text_decode(char *text);
/* A copy, or NULL: no memory. */
char *hcs_text_decoded(const char *text);

#endif
