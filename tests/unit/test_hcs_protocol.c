/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests to the emulated compute service as they come in, malformed ones above all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/hcs_protocol.h"
#include "tests/tap.h"

static char message[HCS_REQUEST_MAX + 16];

/* Builds a request in `message`; returns its size. */
static size_t build(uint32_t call, const char *id, size_t id_size, size_t text_size)
{
	struct hcs_request head = {
		.magic = HCS_MAGIC,
		.call = call,
		.id_size = (uint32_t)id_size,
		.text_size = (uint32_t)text_size,
	};

	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), id, id_size);
	memset(message + sizeof(head) + id_size, 'x', text_size);
	return sizeof(head) + id_size + text_size;
}

static struct hcs_request *head(void)
{
	return (struct hcs_request *)message;
}

static int parse(size_t size, unsigned int nfds)
{
	struct hcs_incoming in = {0};
	int r = hcs_incoming_parse(&in, message, size, nfds);

	hcs_incoming_clear(&in);
	return r;
}

START_TEST(test_whole_request)
{
	struct hcs_incoming in = {0};
	size_t size = build(HCS_CALL_CREATE_SYSTEM, "web-1.a_b+c", 11, 5);

	ck_assert_int_eq(hcs_incoming_parse(&in, message, size, 0), 0);
	ck_assert_str_eq(in.id, "web-1.a_b+c");
	ck_assert_str_eq(in.text, "xxxxx");
	ck_assert_uint_eq(in.head.call, HCS_CALL_CREATE_SYSTEM);
	hcs_incoming_clear(&in);
	ck_assert_int_eq(parse(build(HCS_CALL_HELLO, "", 0, 0), 0), 0);
	ck_assert_int_eq(parse(build(HCS_CALL_CREATE_SYSTEM, "a", 1, HCS_TEXT_MAX), 0), 0);
}
END_TEST

START_TEST(test_sizes)
{
	size_t size = build(HCS_CALL_CREATE_SYSTEM, "web", 3, 5);

	for (size_t less = 0; less < size; less++)
		ck_assert_int_eq(parse(less, 0), -EPROTO);
	ck_assert_int_eq(parse(size + 1, 0), -EPROTO);
	head()->id_size = UINT32_MAX;
	ck_assert_int_eq(parse(size, 0), -EPROTO);
	/* Two sizes that only wrapped around are right. */
	head()->id_size = 16;
	head()->text_size = (uint32_t)(3 + 5 - 16);
	ck_assert_int_eq(parse(size, 0), -EPROTO);
	ck_assert_int_eq(parse(build(HCS_CALL_CREATE_SYSTEM, "a", 1, HCS_TEXT_MAX + 1), 0),
			 -EPROTO);
}
END_TEST

START_TEST(test_magic_and_call)
{
	size_t size = build(HCS_CALL_START_SYSTEM, "web", 3, 0);

	head()->magic++;
	ck_assert_int_eq(parse(size, 0), -EPROTO);
	size = build(HCS_CALL_COUNT, "web", 3, 0);
	ck_assert_int_eq(parse(size, 0), -EPROTO);
}
END_TEST

START_TEST(test_ids)
{
	static const char *const bad[] = {"", ".hidden", "-x", "a/b", "..", "a b", "a\n", "\xc3\xa4"};
	char longest[HCS_ID_MAX + 1];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(parse(build(HCS_CALL_START_SYSTEM, bad[i], strlen(bad[i]), 0), 0),
				 -EPROTO);
	ck_assert_int_eq(parse(build(HCS_CALL_START_SYSTEM, "a\0b", 3, 0), 0), -EPROTO);
	memset(longest, 'a', sizeof(longest));
	ck_assert_int_eq(parse(build(HCS_CALL_START_SYSTEM, longest, HCS_ID_MAX, 0), 0), 0);
	ck_assert_int_eq(parse(build(HCS_CALL_START_SYSTEM, longest, HCS_ID_MAX + 1, 0), 0),
			 -EPROTO);
	/* A greeting is of no system. */
	ck_assert_int_eq(parse(build(HCS_CALL_HELLO, "web", 3, 0), 0), -EPROTO);
}
END_TEST

START_TEST(test_text_with_nul)
{
	size_t size = build(HCS_CALL_CREATE_SYSTEM, "web", 3, 5);

	message[size - 2] = '\0';
	ck_assert_int_eq(parse(size, 0), -EPROTO);
}
END_TEST

START_TEST(test_descriptors)
{
	size_t size = build(HCS_CALL_CREATE_PROCESS, "web", 3, 2);

	head()->handles = 5;
	ck_assert_int_eq(parse(size, 2), 0);
	ck_assert_int_eq(parse(size, 1), -EPROTO);
	ck_assert_int_eq(parse(size, 3), -EPROTO);
	head()->handles = 8;
	ck_assert_int_eq(parse(size, 1), -EPROTO);
	/* No other call takes any. */
	size = build(HCS_CALL_START_SYSTEM, "web", 3, 0);
	ck_assert_int_eq(parse(size, 1), -EPROTO);
	head()->handles = 1;
	ck_assert_int_eq(parse(size, 1), -EPROTO);
}
END_TEST

START_TEST(test_call_names)
{
	for (uint32_t call = HCS_CALL_HELLO + 1; call < HCS_CALL_COUNT; call++)
		ck_assert_int_eq(hcs_call_find(hcs_call_name(call)), (int)call);
	ck_assert_int_eq(hcs_call_find("CreateComputeSystems"), -ENOENT);
	ck_assert_int_eq(hcs_call_find("Hello"), -ENOENT);
	ck_assert_str_eq(hcs_call_name(HCS_CALL_COUNT), "Unknown");
}
END_TEST

START_TEST(test_error_texts)
{
	ck_assert_str_eq(hcs_error_text(HCS_E_NO_SUCH_SYSTEM),
			 "There is no compute system of this id.");
	ck_assert_str_eq(hcs_error_text(0x80004005u), "An unknown error.");
	ck_assert(HCS_FAILED(HCS_E_PENDING));
	ck_assert(!HCS_FAILED(HCS_OK));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_protocol");
	TCase *tc = tap_tcase(s, "requests");

	tcase_add_test(tc, test_whole_request);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_magic_and_call);
	tcase_add_test(tc, test_ids);
	tcase_add_test(tc, test_text_with_nul);
	tcase_add_test(tc, test_descriptors);
	tcase_add_test(tc, test_call_names);
	tcase_add_test(tc, test_error_texts);
	return tap_main(s);
}
