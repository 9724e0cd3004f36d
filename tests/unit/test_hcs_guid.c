/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GUIDs of the compute service: the vectors that are known of it, and our own rule. */
#include <stdio.h>
#include <string.h>

#include "drivers/hcs-stub/guid.h"
#include "drivers/hcs-stub/sha1.h"
#include "tests/tap.h"

static const char *sha1_text(const char *text, size_t times)
{
	static char out[2 * SHA1_SIZE + 1];
	uint8_t digest[SHA1_SIZE];
	struct sha1 sha;

	sha1_init(&sha);
	for (size_t i = 0; i < times; i++)
		sha1_add(&sha, text, strlen(text));
	sha1_end(&sha, digest);
	for (int i = 0; i < SHA1_SIZE; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
	return out;
}

/* The examples of FIPS 180-4, and lengths around a block's end. */
START_TEST(test_sha1)
{
	ck_assert_str_eq(sha1_text("", 1), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	ck_assert_str_eq(sha1_text("abc", 1), "a9993e364706816aba3e25717850c26c9cd0d89d");
	ck_assert_str_eq(sha1_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1),
			 "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	ck_assert_str_eq(sha1_text("a", 1000000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	ck_assert_str_eq(sha1_text("a", 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	ck_assert_str_eq(sha1_text("a", 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}
END_TEST

START_TEST(test_known_vectors)
{
	char guid[HCS_GUID_SIZE];

	guid_of_system("cowork-vm-929216c6", guid);
	ck_assert_str_eq(guid, "d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4");
	guid_of_system("COWORK-vm-929216C6", guid);
	ck_assert_str_eq(guid, "d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4");
	guid_of_scsi_controller(0, guid);
	ck_assert_str_eq(guid, "df6d0690-79e5-55b6-a5ec-c1e2f77f580a");
	/* The head of the SHA-1 of "abc", as it is. */
	guid_of_path("abc", guid);
	ck_assert_str_eq(guid, "a9993e36-4706-816a-ba3e-25717850c26c");
}
END_TEST

/* The real service names layer "4" bd9c3ef9-...: ours must never be taken for that. */
START_TEST(test_own_rule)
{
	char guid[HCS_GUID_SIZE], other[HCS_GUID_SIZE];

	hcs_name_to_guid("4", guid);
	ck_assert_str_eq(guid, "3d4f9a24-74b8-58fb-8ec8-e50295ece37f");
	hcs_name_to_guid("25", other);
	ck_assert_str_ne(guid, other);
	ck_assert_int_eq(other[14], '5');
	hcs_name_to_guid("app", guid);
	ck_assert_str_eq(guid, "de37ed9e-8a59-57e9-a274-1993763264cc");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_guid");
	TCase *tc = tap_tcase(s, "guid");

	tcase_add_test(tc, test_sha1);
	tcase_add_test(tc, test_known_vectors);
	tcase_add_test(tc, test_own_rule);
	return tap_main(s);
}
