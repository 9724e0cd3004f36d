/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The GUIDs that the service derives from names: version 5 of RFC 4122, each kind of name in a
 * namespace of its own. The namespace of layers is not public: hcs_name_to_guid() uses one of
 * ours, which is the name "layer.hcs-stub.execdriver" in the RFC's namespace of DNS, and the name
 * as it is in UTF-8. Its GUIDs are stable, differ for different names, and are never those of the
 * real service.
 */
#include "drivers/hcs-stub/guid.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "drivers/hcs-stub/sha1.h"

#define GUID_BYTES 16

/* In the byte order of the RFC. */
static const uint8_t system_space[GUID_BYTES] = {0xca, 0xb7, 0x03, 0x44, 0xfa, 0xcb, 0x41, 0xe4,
						 0xb5, 0xe5, 0xab, 0x65, 0x92, 0x28, 0x3e, 0x6e};
static const uint8_t scsi_space[GUID_BYTES] = {0xd4, 0x22, 0x51, 0x2d, 0x2b, 0xf2, 0x47, 0x52,
					       0x80, 0x9d, 0x7b, 0x82, 0xb5, 0xfc, 0xb1, 0xb4};
static const uint8_t layer_space[GUID_BYTES] = {0x33, 0x02, 0x64, 0x85, 0x50, 0x40, 0x5f, 0xc7,
						0xb9, 0xd8, 0xc8, 0x3c, 0x35, 0x7e, 0x60, 0x5c};

static void print_guid(const uint8_t *b, char guid[HCS_GUID_SIZE])
{
	(void)snprintf(
		guid, HCS_GUID_SIZE,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

static void end_version_5(struct sha1 *sha, char guid[HCS_GUID_SIZE])
{
	uint8_t digest[SHA1_SIZE];

	sha1_end(sha, digest);
	digest[6] = (digest[6] & 0x0f) | 0x50;
	digest[8] = (digest[8] & 0x3f) | 0x80;
	print_guid(digest, guid);
}

static void version_5(const uint8_t *space, const char *name, char guid[HCS_GUID_SIZE])
{
	struct sha1 sha;

	sha1_init(&sha);
	sha1_add(&sha, space, GUID_BYTES);
	sha1_add(&sha, name, strlen(name));
	end_version_5(&sha, guid);
}

void hcs_name_to_guid(const char *name, char guid[HCS_GUID_SIZE])
{
	version_5(layer_space, name, guid);
}

void guid_of_path(const char *path, char guid[HCS_GUID_SIZE])
{
	uint8_t digest[SHA1_SIZE];
	struct sha1 sha;

	sha1_init(&sha);
	sha1_add(&sha, path, strlen(path));
	sha1_end(&sha, digest);
	print_guid(digest, guid);
}

/* The name is the id in upper case and UTF-16LE. */
void guid_of_system(const char *id, char guid[HCS_GUID_SIZE])
{
	struct sha1 sha;

	sha1_init(&sha);
	sha1_add(&sha, system_space, GUID_BYTES);
	for (; *id; id++) {
		const uint8_t wide[2] = {(uint8_t)toupper((unsigned char)*id), 0};

		sha1_add(&sha, wide, sizeof(wide));
	}
	end_version_5(&sha, guid);
}

void guid_of_scsi_controller(unsigned int index, char guid[HCS_GUID_SIZE])
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%u", index);
	version_5(scsi_space, name, guid);
}
