/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sealed memory files: what is in them can never change again. */
#ifndef EXECDRIVER_BASE_MEMFD_H
#define EXECDRIVER_BASE_MEMFD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A close-on-exec memfd with these bytes, sealed; `exec`: it may be executed. -EACCES where policy
 * forbids that.
 */
int memfd_sealed(const char *name, const void *data, size_t size, bool exec);

/* The same with the content of an open file, from its beginning. */
int memfd_seal_copy(const char *name, int from_fd, bool exec);

#endif
