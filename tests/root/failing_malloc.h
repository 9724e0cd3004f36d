/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An allocator that fails when it is told to, and counts: linked in, it is the whole program's. */
#ifndef EXECDRIVER_TESTS_ROOT_FAILING_MALLOC_H
#define EXECDRIVER_TESTS_ROOT_FAILING_MALLOC_H

#include <stdbool.h>

/*
 * From now on this thread's allocation number n fails (0: none does). What neither counts nor fails
 * is what libraries do not look at, or lose: all that libconfig asks for, copies of texts and tables
 * of json-c.
 */
void failing_malloc_begin(long n);
/* True when one failed. */
bool failing_malloc_end(void);
/* Blocks that are allocated and not freed, of all threads. */
long failing_malloc_live(void);

#endif
