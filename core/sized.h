/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs that begin with struct_size: copies between what the caller knows and what we know. */
#ifndef EXECDRIVER_CORE_SIZED_H
#define EXECDRIVER_CORE_SIZED_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <execdriver/error.h>

/*
 * EXD_ERR_INVALID for a struct whose struct_size the caller forgot: taken as it is, all that it
 * says would be passed over without a word. NULL is fine.
 */
static inline int sized_check(const void *theirs, const char *name, struct exd_error *err)
{
	uint32_t size = UINT32_MAX;

	if (theirs)
		memcpy(&size, theirs, sizeof(size));
	if (size > sizeof(size))
		return 0;
	return exd_error_set(err, EXD_ERR_INVALID, EINVAL,
			     "struct %s has a struct_size of %u: set it to its sizeof", name, size);
}

/*
 * Fills the caller's struct as far as it reaches; its struct_size stays, and what is beyond ours is
 * zero.
 */
static inline void sized_give(void *theirs, const void *ours, size_t our_size)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof(size));
	if (size < sizeof(size))
		return;
	memcpy((char *)theirs + sizeof(size), (const char *)ours + sizeof(size),
	       (size < our_size ? size : our_size) - sizeof(size));
	if (size > our_size)
		memset((char *)theirs + our_size, 0, size - our_size);
}

/*
 * Takes the caller's struct as far as it reaches; the rest of ours is zero, its struct_size our
 * own.
 */
static inline void sized_take(void *ours, const void *theirs, size_t our_size)
{
	uint32_t size, mine = (uint32_t)our_size;

	memcpy(&size, theirs, sizeof(size));
	memset(ours, 0, our_size);
	memcpy(ours, theirs, size < our_size ? size : our_size);
	memcpy(ours, &mine, sizeof(mine));
}

#endif
