/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-1, as FIPS 180-4 writes it down. */
#include "drivers/hcs-stub/sha1.h"

#define BLOCK 64u

static uint32_t rotl(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static void mix(const uint32_t state[5], unsigned int t, uint32_t *f, uint32_t *k)
{
	const uint32_t b = state[1], c = state[2], d = state[3];

	if (t < 20) {
		*f = (b & c) ^ (~b & d);
		*k = 0x5a827999;
	} else if (t < 40) {
		*f = b ^ c ^ d;
		*k = 0x6ed9eba1;
	} else if (t < 60) {
		*f = (b & c) ^ (b & d) ^ (c & d);
		*k = 0x8f1bbcdc;
	} else {
		*f = b ^ c ^ d;
		*k = 0xca62c1d6;
	}
}

static void compress(struct sha1 *sha)
{
	uint32_t w[80], s[5], f, k;

	for (unsigned int t = 0; t < 16; t++)
		w[t] = (uint32_t)sha->block[4 * t] << 24 | (uint32_t)sha->block[4 * t + 1] << 16 |
		       (uint32_t)sha->block[4 * t + 2] << 8 | sha->block[4 * t + 3];
	for (unsigned int t = 16; t < 80; t++)
		w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (unsigned int i = 0; i < 5; i++)
		s[i] = sha->state[i];
	for (unsigned int t = 0; t < 80; t++) {
		uint32_t next;

		mix(s, t, &f, &k);
		next = rotl(s[0], 5) + f + s[4] + k + w[t];
		s[4] = s[3];
		s[3] = s[2];
		s[2] = rotl(s[1], 30);
		s[1] = s[0];
		s[0] = next;
	}
	for (unsigned int i = 0; i < 5; i++)
		sha->state[i] += s[i];
}

void sha1_init(struct sha1 *sha)
{
	*sha = (struct sha1){
		.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void sha1_add(struct sha1 *sha, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		sha->block[sha->total++ % BLOCK] = bytes[i];
		if (sha->total % BLOCK == 0)
			compress(sha);
	}
}

void sha1_end(struct sha1 *sha, uint8_t digest[SHA1_SIZE])
{
	const uint64_t bits = sha->total * 8;
	uint8_t length[8];

	for (unsigned int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha1_add(sha, "\x80", 1);
	while (sha->total % BLOCK != BLOCK - sizeof(length))
		sha1_add(sha, "", 1);
	sha1_add(sha, length, sizeof(length));
	for (unsigned int i = 0; i < SHA1_SIZE; i++)
		digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}
