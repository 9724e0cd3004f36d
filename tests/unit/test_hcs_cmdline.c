/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows command lines, taken apart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/hcs-stub/cmdline.h"
#include "tests/tap.h"

/* Lines, and their arguments with a bar after each. */
static const struct {
	const char *line;
	const char *want;
} lines[] = {
	{"a", "a|"},
	{"  a  b\tc  ", "a|b|c|"},
	{"a \"b c\" d", "a|b c|d|"},
	{"a \"\" \"\"", "a|||"},
	{"\"C:\\Program Files\\x.exe\" y", "C:\\Program Files\\x.exe|y|"},
	/* A program's name knows no escapes. */
	{"\"a\\\" b", "a\\|b|"},
	{"a\\\"b c", "a\\\"b|c|"},
	{"a \\\"b\\\"", "a|\"b\"|"},
	{"a b\\c\\\\d", "a|b\\c\\\\d|"},
	{"a \"b\\\\\" c", "a|b\\|c|"},
	{"a \"b\\\\\\\"c\"", "a|b\\\"c|"},
	{"a b\"c d\"e", "a|bc de|"},
	{"a \"b\"\"c\"", "a|b\"c|"},
	{"a \"b c", "a|b c|"},
	{"a \\", "a|\\|"},
	{"a \\\\\\", "a|\\\\\\|"},
	{"\"\" a", "|a|"},
};

static char *joined(char *const *argv)
{
	struct strbuf sb = {0};

	for (; *argv; argv++)
		(void)sb_addf(&sb, "%s|", *argv);
	return sb_take(&sb);
}

START_TEST(test_lines)
{
	char **argv, *text;
	size_t argc;

	ck_assert_int_eq(cmdline_split(lines[_i].line, &argv, &argc), 0);
	text = joined(argv);
	ck_assert_str_eq(text, lines[_i].want);
	ck_assert_ptr_null(argv[argc]);
	free(text);
	free(argv);
}
END_TEST

START_TEST(test_no_program)
{
	char **argv;
	size_t argc;

	ck_assert_int_eq(cmdline_split("", &argv, &argc), -EINVAL);
	ck_assert_int_eq(cmdline_split(" \t ", &argv, &argc), -EINVAL);
}
END_TEST

/* As many arguments and as much text as a line of its length can hold. */
START_TEST(test_sizes)
{
	char line[513], **argv;
	size_t argc;

	for (size_t size = 1; size < sizeof(line); size++) {
		for (size_t i = 0; i < size; i++)
			line[i] = i % 2 ? ' ' : 'x';
		line[size] = '\0';
		ck_assert_int_eq(cmdline_split(line, &argv, &argc), 0);
		ck_assert_uint_eq(argc, (size + 1) / 2);
		ck_assert_str_eq(argv[argc - 1], "x");
		free(argv);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_cmdline");
	TCase *tc = tap_tcase(s, "cmdline");

	tcase_add_loop_test(tc, test_lines, 0, (int)(sizeof(lines) / sizeof(lines[0])));
	tcase_add_test(tc, test_no_program);
	tcase_add_test(tc, test_sizes);
	return tap_main(s);
}
