/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scope-bound ownership: a variable marked here is released when its scope ends; errno is kept. */
#ifndef EXECDRIVER_BASE_CLEANUP_H
#define EXECDRIVER_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For other types: `CLEANUP(foo_unrefp) struct foo *f = NULL;`, foo_unrefp takes a pointer to f. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* A descriptor that is not open is this: close() of it fails with EBADF and harms nobody. */
#define FD_NONE (-EBADF)

static inline void cleanup_free_fn(void *pp)
{
	int saved = errno;

	free(*(void **)pp);
	errno = saved;
}

static inline void cleanup_close_fn(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

static inline void cleanup_fclose_fn(FILE **f)
{
	int saved = errno;

	if (*f)
		(void)fclose(*f);
	errno = saved;
}

static inline void cleanup_closedir_fn(DIR **d)
{
	int saved = errno;

	if (*d)
		(void)closedir(*d);
	errno = saved;
}

#define cleanup_free CLEANUP(cleanup_free_fn)
#define cleanup_close CLEANUP(cleanup_close_fn)
#define cleanup_fclose CLEANUP(cleanup_fclose_fn)
#define cleanup_closedir CLEANUP(cleanup_closedir_fn)

/* Hands a descriptor out of its scope: the variable keeps FD_NONE. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = FD_NONE;
	return taken;
}

static inline void *take_ptr_fn(void *pp)
{
	void *taken = *(void **)pp;

	*(void **)pp = NULL;
	return taken;
}

/* Hands a pointer out of its scope with its type: the variable keeps NULL. */
#define take_ptr(pp) ((__typeof__(*(pp)))take_ptr_fn(pp))

#endif
