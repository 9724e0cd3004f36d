/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program is allowed, as the kernel tells of it from outside. */
#ifndef EXECDRIVER_TESTS_ROOT_SIGHT_H
#define EXECDRIVER_TESTS_ROOT_SIGHT_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Namespaces, rights, filters, mounts, limits, cgroups with what is set in them, and descriptors,
 * without any number that differs between two of the same kind.
 */
void sight_of(pid_t pid, char *text, size_t size);

#endif
