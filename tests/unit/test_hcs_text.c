/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes in the service's JSON. */
#include <stdlib.h>
#include <string.h>

#include "drivers/hcs-stub/hcs_text.h"
#include "tests/tap.h"

static const struct {
	const char *bytes;
	const char *text;
} pairs[] = {
	{"", ""},
	{"plain \"text\"\n", "plain \"text\"\n"},
	{"\xc3\xa4", "\xc3\xa4"},
	{"\xff", "\xee\xbf\xbf"},
	{"\x80", "\xee\xbe\x80"},
	{"a\xc3", "a\xee\xbf\x83"},
	/* U+EF80 itself, and its neighbours on both sides */
	{"\xee\xbe\x80", "\xee\xbf\xae\xee\xbe\xbe\xee\xbe\x80"},
	{"\xee\xbd\xbf", "\xee\xbd\xbf"},
	{"\xef\x80\x80", "\xef\x80\x80"},
};

START_TEST(test_pairs)
{
	char *text = hcs_text_encode(pairs[_i].bytes), *bytes;

	ck_assert_str_eq(text, pairs[_i].text);
	bytes = hcs_text_decoded(text);
	ck_assert_str_eq(bytes, pairs[_i].bytes);
	free(bytes);
	free(text);
}
END_TEST

/* Each two bytes beside each other. */
START_TEST(test_all_bytes)
{
	for (int first = 1; first < 256; first++)
		for (int second = 1; second < 256; second++) {
			const char bytes[] = {(char)first, (char)second, '\0'};
			char *text = hcs_text_encode(bytes);

			hcs_text_decode(text);
			ck_assert_str_eq(text, bytes);
			free(text);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_text");
	TCase *tc = tap_tcase(s, "text");

	tcase_add_loop_test(tc, test_pairs, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(tc, test_all_bytes);
	return tap_main(s);
}
