/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of this host in the service's JSON. */
#include "drivers/hcs-stub/hcs_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"

#define STAND_IN_SIZE 3

/* U+EF80 to U+EFFF: ee be 80 to ee bf bf */
static bool is_stand_in(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	return s[0] == 0xee && (s[1] & 0xfe) == 0xbe && (s[2] & 0xc0) == 0x80;
}

static void put_stand_in(char *to, unsigned char byte)
{
	to[0] = (char)0xee;
	to[1] = (char)(0xbc | (byte >> 6));
	to[2] = (char)(0x80 | (byte & 0x3f));
}

char *hcs_text_encode(const char *bytes)
{
	char *text = malloc(strlen(bytes) * STAND_IN_SIZE + 1), *to = text;

	while (text && *bytes) {
		size_t size = is_stand_in(bytes) ? 0 : utf8_length(bytes);

		if (size) {
			memcpy(to, bytes, size);
			to += size;
			bytes += size;
		} else {
			put_stand_in(to, (unsigned char)*bytes++);
			to += STAND_IN_SIZE;
		}
	}
	if (text)
		*to = '\0';
	return text;
}

void hcs_text_decode(char *text)
{
	char *to = text;

	while (*text) {
		if (is_stand_in(text)) {
			*to++ = (char)((text[1] & 3) << 6 | (text[2] & 0x3f));
			text += STAND_IN_SIZE;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

char *hcs_text_decoded(const char *text)
{
	char *bytes = strdup(text);

	if (bytes)
		hcs_text_decode(bytes);
	return bytes;
}
