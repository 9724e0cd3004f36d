/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows command lines: one text that each program takes apart for itself. */
#ifndef EXECDRIVER_HCS_CMDLINE_H
#define EXECDRIVER_HCS_CMDLINE_H

#include <stddef.h>

/*
 * The arguments as a C program on Windows sees them, NULL-terminated, in one piece of memory to be
 * freed. -EINVAL when there is no program, -ENOMEM.
 */
int cmdline_split(const char *line, char ***argv, size_t *argc);

#endif
