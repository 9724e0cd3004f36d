/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FNV-1a by words of 64 bits: to tell plans apart, not to protect anything. */
#include "base/hash.h"

#include <string.h>

uint64_t hash_words(uint64_t hash, const void *data, size_t size)
{
	const char *p = data;
	uint64_t word;

	for (; size; p += sizeof(word), size -= size < sizeof(word) ? size : sizeof(word)) {
		word = 0;
		memcpy(&word, p, size < sizeof(word) ? size : sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
		/* a product passes nothing downwards */
		hash ^= hash >> 32;
	}
	return hash;
}
