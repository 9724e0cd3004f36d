/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error objects: what is written, what is cut, names and exit codes; and reports. */
#include "tests/tap.h"

#include <errno.h>
#include <string.h>

#include <execdriver/execdriver.h>

START_TEST(test_set_describes_errno)
{
	struct exd_error err = EXD_ERROR_INIT;
	int r = exd_error_set(&err, EXD_ERR_ROOTFS, ENOENT, "cannot open '%s'", "/x");

	ck_assert_int_eq(r, -ENOENT);
	ck_assert_uint_eq(err.code, EXD_ERR_ROOTFS);
	ck_assert_int_eq(err.sys_errno, ENOENT);
	ck_assert_uint_eq(err.stage, EXD_STAGE_HOST);
	ck_assert_int_eq(err.step, -1);
	ck_assert_str_eq(err.text, "cannot open '/x': No such file or directory");
}
END_TEST

START_TEST(test_set_without_errno_is_einval)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(exd_error_set(&err, EXD_ERR_ROOTFS, 0, "no"), -EINVAL);
	ck_assert_str_eq(err.text, "no");
}
END_TEST

START_TEST(test_set_leaves_complete_texts_alone)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(exd_error_set(&err, EXD_ERR_NOT_FOUND, ENOENT, "no container 'x'"),
			 -ENOENT);
	ck_assert_str_eq(err.text, "no container 'x'");
	ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

START_TEST(test_set_takes_null)
{
	ck_assert_int_eq(exd_error_set(NULL, EXD_ERR_SYSTEM, EPERM, "x"), -EPERM);
	ck_assert_int_eq(exd_error_set(NULL, EXD_ERR_SYSTEM, 0, "x"), -EINVAL);
}
END_TEST

START_TEST(test_set_may_quote_its_own_text)
{
	struct exd_error err = EXD_ERROR_INIT;

	exd_error_set(&err, EXD_ERR_KEY, 0, "first");
	exd_error_set(&err, EXD_ERR_KEY, 0, "second after %s", err.text);
	ck_assert_str_eq(err.text, "second after first");
}
END_TEST

START_TEST(test_control_characters_become_question_marks)
{
	struct exd_error err = EXD_ERROR_INIT;

	exd_error_set(&err, EXD_ERR_KEY, 0, "a\nb\033[31mc\177d\xc3\xa4");
	ck_assert_str_eq(err.text, "a?b?[31mc?d\xc3\xa4");
}
END_TEST

START_TEST(test_long_text_is_cut)
{
	struct exd_error err = EXD_ERROR_INIT;
	char text[2000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	exd_error_set(&err, EXD_ERR_ROOTFS, ENOENT, "%s", text);
	ck_assert_uint_eq(strlen(err.text), EXD_ERROR_TEXT_MAX - 1);
	ck_assert_str_eq(err.text + EXD_ERROR_TEXT_MAX - 5, "x...");
}
END_TEST

/* The two-byte letters stand so that the cut falls into one, for one of the two offsets. */
START_TEST(test_cut_keeps_letters_whole)
{
	struct exd_error err = EXD_ERROR_INIT;
	char text[2001];
	size_t at = (size_t)_i, size;

	memset(text, 'x', sizeof(text));
	for (; at + 2 < sizeof(text); at += 2)
		memcpy(text + at, "\xc3\xa4", 2);
	text[at] = '\0';
	exd_error_set(&err, EXD_ERR_KEY, 0, "%s", text);
	size = strlen(err.text);
	ck_assert_str_eq(err.text + size - 3, "...");
	ck_assert_int_eq((unsigned char)err.text[size - 4], 0xa4);
}
END_TEST

START_TEST(test_prefix_comes_before)
{
	struct exd_error err = EXD_ERROR_INIT;
	int r = exd_error_set(&err, EXD_ERR_DRIVER_LOAD, ENOMEM, "open");

	ck_assert_int_eq(exd_error_prefix(&err, r, "driver %s", "x"), -ENOMEM);
	ck_assert_str_eq(err.text, "driver x: open: Cannot allocate memory");
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_LOAD);
	ck_assert_int_eq(exd_error_prefix(NULL, -EPERM, "x"), -EPERM);
}
END_TEST

START_TEST(test_prefix_leaves_success_alone)
{
	struct exd_error err = EXD_ERROR_INIT;

	ck_assert_int_eq(exd_error_prefix(&err, 7, "driver x"), 7);
	ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(test_long_prefix_is_cut)
{
	struct exd_error err = EXD_ERROR_INIT;
	char text[2000];

	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	exd_error_set(&err, EXD_ERR_KEY, 0, "tail");
	exd_error_prefix(&err, -EINVAL, "%s", text);
	ck_assert_uint_lt(strlen(err.text), EXD_ERROR_TEXT_MAX);
	ck_assert_ptr_nonnull(strstr(err.text, "..."));
}
END_TEST

START_TEST(test_every_code_has_its_own_name)
{
	for (uint32_t a = 0; a <= EXD_ERR_INTERNAL; a++) {
		ck_assert_str_ne(exd_error_name(a), "UNKNOWN");
		for (uint32_t b = 0; b < a; b++)
			ck_assert_str_ne(exd_error_name(a), exd_error_name(b));
	}
	ck_assert_str_eq(exd_error_name(EXD_ERR_EXEC_NOT_FOUND), "EXEC_NOT_FOUND");
	ck_assert_str_eq(exd_error_name(EXD_ERR_INTERNAL + 1), "UNKNOWN");
	ck_assert_str_eq(exd_error_name(UINT32_MAX), "UNKNOWN");
}
END_TEST

START_TEST(test_stage_names)
{
	ck_assert_str_eq(exd_stage_name(EXD_STAGE_PREPARE), "prepare");
	ck_assert_str_eq(exd_stage_name(EXD_STAGE_CLEANUP), "cleanup");
	ck_assert_str_eq(exd_stage_name(99), "unknown");
}
END_TEST

START_TEST(test_exit_codes)
{
	struct exd_error err = EXD_ERROR_INIT;

	err.code = EXD_ERR_EXEC_NOT_FOUND;
	ck_assert_int_eq(exd_error_exit_code(&err), 127);
	err.code = EXD_ERR_EXEC;
	ck_assert_int_eq(exd_error_exit_code(&err), 126);
	err.code = EXD_ERR_ROOTFS;
	ck_assert_int_eq(exd_error_exit_code(&err), 125);
	ck_assert_int_eq(exd_error_exit_code(NULL), 125);
}
END_TEST

START_TEST(test_report_keeps_copies)
{
	struct exd_report *report;
	struct exd_report_line line = {.struct_size = sizeof(line)};
	char topic[] = "cgroup";

	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(exd_report_add(report, EXD_REPORT_NO, topic, NULL, "line %d", i),
				 0);
	topic[0] = 'X';
	ck_assert_uint_eq(exd_report_count(report), 100);
	ck_assert(exd_report_line(report, 99, &line));
	ck_assert_str_eq(line.topic, "cgroup");
	ck_assert_str_eq(line.text, "line 99");
	ck_assert_str_eq(line.cure, "");
	ck_assert_uint_eq(line.status, EXD_REPORT_NO);
	ck_assert(!exd_report_line(report, 100, &line));
	ck_assert_ptr_null(exd_report_free(report));
}
END_TEST

START_TEST(test_report_fills_only_what_the_caller_has)
{
	struct exd_report *report;
	struct exd_report_line line = {.struct_size = offsetof(struct exd_report_line, text),
				       .text = "untouched"};

	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(exd_report_add(report, EXD_REPORT_YES, "t", "c", "x"), 0);
	ck_assert(exd_report_line(report, 0, &line));
	ck_assert_str_eq(line.topic, "t");
	ck_assert_str_eq(line.text, "untouched");
	exd_report_free(report);
}
END_TEST

START_TEST(test_no_report_is_fine)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};

	ck_assert_int_eq(exd_report_add(NULL, EXD_REPORT_YES, "t", "c", "x"), 0);
	ck_assert_uint_eq(exd_report_count(NULL), 0);
	ck_assert(!exd_report_line(NULL, 0, &line));
	ck_assert_ptr_null(exd_report_free(NULL));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("error");
	TCase *tc = tap_tcase(s, "error");

	tcase_add_test(tc, test_set_describes_errno);
	tcase_add_test(tc, test_set_without_errno_is_einval);
	tcase_add_test(tc, test_set_leaves_complete_texts_alone);
	tcase_add_test(tc, test_set_takes_null);
	tcase_add_test(tc, test_set_may_quote_its_own_text);
	tcase_add_test(tc, test_control_characters_become_question_marks);
	tcase_add_test(tc, test_long_text_is_cut);
	tcase_add_loop_test(tc, test_cut_keeps_letters_whole, 0, 2);
	tcase_add_test(tc, test_prefix_comes_before);
	tcase_add_test(tc, test_prefix_leaves_success_alone);
	tcase_add_test(tc, test_long_prefix_is_cut);
	tcase_add_test(tc, test_every_code_has_its_own_name);
	tcase_add_test(tc, test_stage_names);
	tcase_add_test(tc, test_exit_codes);
	tc = tap_tcase(s, "report");
	tcase_add_test(tc, test_report_keeps_copies);
	tcase_add_test(tc, test_report_fills_only_what_the_caller_has);
	tcase_add_test(tc, test_no_report_is_fine);
	return tap_main(s);
}
