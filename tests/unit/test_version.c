/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The version of headers, library and build agree. */
#include "tests/tap.h"

#include <stdio.h>

#include <execdriver/version.h>

#include "config.h"

START_TEST(test_version_is_the_headers)
{
	ck_assert_str_eq(exd_version(), EXD_VERSION_STRING);
}
END_TEST

START_TEST(test_version_is_the_builds)
{
	ck_assert_str_eq(exd_version(), PACKAGE_VERSION);
}
END_TEST

START_TEST(test_version_numbers_make_the_string)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d.%d", EXD_VERSION_MAJOR, EXD_VERSION_MINOR,
		 EXD_VERSION_PATCH);
	ck_assert_str_eq(text, EXD_VERSION_STRING);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("version");
	TCase *tc = tap_tcase(s, "version");

	tcase_add_test(tc, test_version_is_the_headers);
	tcase_add_test(tc, test_version_is_the_builds);
	tcase_add_test(tc, test_version_numbers_make_the_string);
	return tap_main(s);
}
