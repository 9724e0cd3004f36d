/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs that begin with struct_size: copies between what the caller knows and what we know. */
#ifndef EXECDRIVER_CORE_SIZED_H
#define EXECDRIVER_CORE_SIZED_H

#include <stdint.h>
#include <string.h>

/* Fills the caller's struct as far as it reaches; its struct_size stays. */
static inline void sized_give(void *theirs, const void *ours, size_t our_size)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof(size));
	if (size < sizeof(size))
		return;
	memcpy((char *)theirs + sizeof(size), (const char *)ours + sizeof(size),
	       (size < our_size ? size : our_size) - sizeof(size));
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
