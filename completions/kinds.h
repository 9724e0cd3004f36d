/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a shell may propose where a value or an operand stands. */
#ifndef EXECDRIVER_COMPLETIONS_KINDS_H
#define EXECDRIVER_COMPLETIONS_KINDS_H

#include <stddef.h>

#include "driverctl/ctl.h"

/*
 * "none", "files", "dirs", "users", "groups", "containers", "drivers", "signals", "verbs",
 * "program" (a program and its arguments), "namespaces" (a mode of one), "network", or "words" and
 * then the words. The functions of these names are in the shells' own parts.
 */
const char *kind_of_value(const struct option_row *row);

/* A kind for each operand of the sub-command, with blanks between them. */
void kinds_of_operands(const struct verb *verb, char *out, size_t size);

#endif
