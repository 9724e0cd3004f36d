/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The growing buffer, JSON texts, strict numbers. */
#include "tests/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(test_buffer_grows)
{
	cleanup_strbuf struct strbuf sb = {0};

	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(sb_addf(&sb, "%d,", i % 10), 0);
	ck_assert_uint_eq(sb.size, 2000);
	ck_assert_uint_eq(strlen(sb.text), 2000);
	ck_assert_int_eq(strncmp(sb.text, "0,1,2,", 6), 0);
}
END_TEST

START_TEST(test_take_leaves_it_empty)
{
	struct strbuf sb = {0};
	char *text = sb_take(&sb);

	ck_assert_str_eq(text, "");
	free(text);
	ck_assert_int_eq(sb_add_bytes(&sb, "ab\0c", 4), 0);
	text = sb_take(&sb);
	ck_assert_mem_eq(text, "ab\0c", 5);
	ck_assert_ptr_null(sb.text);
	ck_assert_uint_eq(sb.size, 0);
	free(text);
}
END_TEST

START_TEST(test_failure_sticks)
{
	struct strbuf sb = {0};

	ck_assert_int_eq(sb_add(&sb, "x"), 0);
	ck_assert_int_eq(sb_add_bytes(&sb, "", SIZE_MAX - 1), -ENOMEM);
	ck_assert_int_eq(sb_add(&sb, "y"), -ENOMEM);
	ck_assert_ptr_null(sb_take(&sb));
	ck_assert_int_eq(sb_add(&sb, "y"), 0);
	sb_free(&sb);
}
END_TEST

static const struct {
	const char *text;
	const char *json;
} jsons[] = {
	{"", "\"\""},
	{"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
	{"\n\t\001\177", "\"\\u000a\\u0009\\u0001\\u007f\""},
	{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
	{"a\xff"
	 "b",
	 "\"a\\ufffdb\""},
	{"\xc3", "\"\\ufffd\""},
	{"\xc0\xaf", "\"\\ufffd\\ufffd\""},
	{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"\xe2\x82", "\"\\ufffd\\ufffd\""},
};

START_TEST(test_json)
{
	cleanup_strbuf struct strbuf sb = {0};

	ck_assert_int_eq(sb_add_json(&sb, jsons[_i].text), 0);
	ck_assert_str_eq(sb.text, jsons[_i].json);
}
END_TEST

START_TEST(test_numbers)
{
	int64_t i = 0;
	uint64_t u = 0;

	ck_assert_int_eq(parse_int64("-9223372036854775808", &i), 0);
	ck_assert(i == INT64_MIN);
	ck_assert_int_eq(parse_int64("9223372036854775807", &i), 0);
	ck_assert(i == INT64_MAX);
	ck_assert_int_eq(parse_int64("9223372036854775808", &i), -ERANGE);
	ck_assert_int_eq(parse_int64("-9223372036854775809", &i), -ERANGE);
	ck_assert_int_eq(parse_uint64("18446744073709551615", &u), 0);
	ck_assert(u == UINT64_MAX);
	ck_assert_int_eq(parse_uint64("18446744073709551616", &u), -ERANGE);
	ck_assert_int_eq(parse_octal("0777", &u), 0);
	ck_assert_uint_eq(u, 0777);
	ck_assert_int_eq(parse_octal("8", &u), -EINVAL);
}
END_TEST

static const char *const no_numbers[] = {"", "-", "+1", " 1", "1 ", "0x1", "1.0", "--1", "1k"};

START_TEST(test_what_is_no_number)
{
	int64_t i = 77;

	ck_assert_int_eq(parse_int64(no_numbers[_i], &i), -EINVAL);
	ck_assert_int_eq(i, 77);
}
END_TEST

START_TEST(test_bytes)
{
	int64_t n = 0;

	ck_assert_int_eq(parse_bytes("0", &n), 0);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(parse_bytes("5b", &n), 0);
	ck_assert_int_eq(n, 5);
	ck_assert_int_eq(parse_bytes("3K", &n), 0);
	ck_assert_int_eq(n, 3072);
	ck_assert_int_eq(parse_bytes("2t", &n), 0);
	ck_assert_int_eq(n, INT64_C(2) << 40);
	ck_assert_int_eq(parse_bytes("8388607t", &n), 0);
	ck_assert_int_eq(parse_bytes("8388608t", &n), -ERANGE);
	ck_assert_int_eq(parse_bytes("k", &n), -EINVAL);
	ck_assert_int_eq(parse_bytes("", &n), -EINVAL);
	ck_assert_int_eq(parse_bytes("1kb", &n), -EINVAL);
	ck_assert_int_eq(parse_bytes("11111111111111111111111111", &n), -ERANGE);
}
END_TEST

START_TEST(test_small_ones)
{
	const char *const list[] = {"a", "b", NULL};

	ck_assert(str_has_prefix("path:x", "path:"));
	ck_assert(!str_has_prefix("pat", "path:"));
	ck_assert(str_has_suffix("x.conf", ".conf"));
	ck_assert(!str_has_suffix("conf", ".conf"));
	ck_assert(str_in("b", list));
	ck_assert(!str_in("", list));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("strutil");
	TCase *tc = tap_tcase(s, "buffer");

	tcase_add_test(tc, test_buffer_grows);
	tcase_add_test(tc, test_take_leaves_it_empty);
	tcase_add_test(tc, test_failure_sticks);
	tcase_add_loop_test(tc, test_json, 0, COUNT(jsons));
	tc = tap_tcase(s, "numbers");
	tcase_add_test(tc, test_numbers);
	tcase_add_loop_test(tc, test_what_is_no_number, 0, COUNT(no_numbers));
	tcase_add_test(tc, test_bytes);
	tcase_add_test(tc, test_small_ones);
	return tap_main(s);
}
