/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a container's program. */
#include "tests/tap.h"

#include <stdlib.h>

#include "drivers/native/process.h"

static struct exd_command *new_command(void)
{
	struct exd_command *command = NULL;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	return command;
}

static const char *value_of(char **env, const char *name)
{
	const char *found = NULL;

	for (; *env; env++) {
		if (strncmp(*env, name, strlen(name)) != 0 || (*env)[strlen(name)] != '=')
			continue;
		ck_assert_msg(!found, "%s is there twice", name);
		found = *env + strlen(name) + 1;
	}
	return found;
}

static size_t count(char **env)
{
	size_t n = 0;

	while (env[n])
		n++;
	return n;
}

START_TEST(test_defaults_only)
{
	struct exd_command *command = new_command();
	char **env = native_environment(command, "/root", "box");

	ck_assert_uint_eq(count(env), 3);
	ck_assert_str_eq(value_of(env, "PATH"), NATIVE_PATH);
	ck_assert_str_eq(value_of(env, "HOME"), "/root");
	ck_assert_str_eq(value_of(env, "HOSTNAME"), "box");
	ck_assert_ptr_null(value_of(env, "TERM"));
	free(env);
	exd_command_free(command);
}
END_TEST

START_TEST(test_term_with_a_tty)
{
	struct exd_command *command = new_command();
	char **env;

	ck_assert_int_eq(exd_command_set_bool(command, EXD_KEY_TTY, true, NULL), 0);
	env = native_environment(command, "/", NULL);
	ck_assert_str_eq(value_of(env, "TERM"), "xterm");
	ck_assert_ptr_null(value_of(env, "HOSTNAME"));
	free(env);
	exd_command_free(command);
}
END_TEST

START_TEST(test_own_ones_replace)
{
	struct exd_command *command = new_command();
	char **env;

	ck_assert_int_eq(exd_command_add(command, EXD_KEY_ENV, "HOME=/x", NULL), 0);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_ENV, "HOMES=1", NULL), 0);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_ENV, "A=1", NULL), 0);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_ENV, "A=2=3", NULL), 0);
	ck_assert_int_eq(exd_command_add(command, EXD_KEY_ENV, "EMPTY=", NULL), 0);
	env = native_environment(command, "/root", "box");
	ck_assert_str_eq(value_of(env, "HOME"), "/x");
	ck_assert_str_eq(value_of(env, "HOMES"), "1");
	ck_assert_str_eq(value_of(env, "A"), "2=3");
	ck_assert_str_eq(value_of(env, "EMPTY"), "");
	ck_assert_uint_eq(count(env), 6);
	free(env);
	exd_command_free(command);
}
END_TEST

START_TEST(test_never_the_hosts)
{
	struct exd_command *command = new_command();
	char **env;

	ck_assert_int_eq(setenv("EXD_TEST_SECRET", "1", 1), 0);
	env = native_environment(command, "/root", "box");
	ck_assert_ptr_null(value_of(env, "EXD_TEST_SECRET"));
	free(env);
	exd_command_free(command);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_environment");
	TCase *tc = tap_tcase(s, "environment");

	tcase_add_test(tc, test_defaults_only);
	tcase_add_test(tc, test_term_with_a_tty);
	tcase_add_test(tc, test_own_ones_replace);
	tcase_add_test(tc, test_never_the_hosts);
	return tap_main(s);
}
