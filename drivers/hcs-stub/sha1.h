/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-1, which GUIDs are made with: to name things, not to protect anything. */
#ifndef EXECDRIVER_HCS_SHA1_H
#define EXECDRIVER_HCS_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20

struct sha1 {
	uint32_t state[5];
	uint64_t total;
	uint8_t block[64];
};

void sha1_init(struct sha1 *sha);
void sha1_add(struct sha1 *sha, const void *data, size_t size);
void sha1_end(struct sha1 *sha, uint8_t digest[SHA1_SIZE]);

#endif
