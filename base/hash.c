/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FNV-1a, 64 bits: to tell plans apart, not to protect anything. */
#include "base/hash.h"

uint64_t hash_fnv1a(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ull;
	return hash;
}
