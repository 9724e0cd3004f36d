/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FNV-1a by words of 64 bits: to tell plans apart, not to protect anything. */
#ifndef EXECDRIVER_BASE_HASH_H
#define EXECDRIVER_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_INIT 0xcbf29ce484222325ull

/* Begin with HASH_INIT. The last word is filled up with zeros. */
uint64_t hash_words(uint64_t hash, const void *data, size_t size);

#endif
