/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last child step: the program, its arguments and environment. */
#include "tests/unit/plans.h"

/* Candidates of the only step, '|' between them. */
static char *candidates(const char *const *argv, const char *const *envp)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_span *span;
	char *list;

	ck_assert_int_eq(exd_plan_exec(plan, argv, envp), 0);
	head = seal(plan, NULL);
	span = &step_at(head, 0)->str[0];
	list = malloc(span->size);
	memcpy(list, text_at(head, step_at(head, 0), 0), span->size);
	for (size_t i = 0; i + 1 < span->size; i++)
		if (!list[i])
			list[i] = '|';
	unmap(head);
	plan_free(plan);
	return list;
}

START_TEST(test_program_is_searched_in_its_own_path)
{
	static const char *const name[] = {"prog", NULL};
	static const char *const twice[] = {"PATH=/no", "X=PATH=/never", "PATH=/yes", NULL};
	static const char *const none[] = {"HOME=/", NULL};
	char *list = candidates(name, env);

	ck_assert_str_eq(list, "/one/prog|./prog|/two//prog");
	free(list);
	list = candidates(name, twice);
	ck_assert_str_eq(list, "/yes/prog");
	free(list);
	list = candidates(name, none);
	ck_assert_str_eq(
		list,
		"/usr/local/sbin/prog|/usr/local/bin/prog|/usr/sbin/prog|/usr/bin/prog|/sbin/prog|/bin/prog");
	free(list);
	list = candidates(args, env);
	ck_assert_str_eq(list, "/bin/true");
	free(list);
}
END_TEST

START_TEST(test_program_step_counts_its_texts)
{
	static const char *const name[] = {"prog", "", "b", NULL};
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_step *step;

	exd_plan_exec(plan, name, env);
	head = seal(plan, NULL);
	step = step_at(head, 0);
	ck_assert_uint_eq(step->num[0], 3);
	ck_assert_uint_eq(step->num[1], 2);
	ck_assert_uint_eq(step->num[2], 0);
	ck_assert_mem_eq(text_at(head, step, 1), "prog\0\0b", sizeof("prog\0\0b"));
	ck_assert_uint_eq(step->str[1].size, sizeof("prog\0\0b"));
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_program_must_be_given)
{
	static const char *const nothing[] = {NULL};
	static const char *const empty[] = {"", NULL};
	struct exd_plan *plan = new_plan();

	exd_plan_exec(plan, nothing, NULL);
	assert_failed(plan, EXD_ERR_INVALID, "no program");
	plan_free(plan);
	plan = new_plan();
	exd_plan_exec(plan, empty, NULL);
	assert_failed(plan, EXD_ERR_EXEC_NOT_FOUND, "empty");
	plan_free(plan);
	plan = new_plan();
	exd_plan_hostname(plan, "x");
	ck_assert_int_lt(plan_seal(plan, NULL, NULL, NULL), 0);
	plan_free(plan);
}
END_TEST

START_TEST(test_too_many_arguments_are_126)
{
	struct exd_plan *plan = new_plan();
	struct exd_error err = EXD_ERROR_INIT;
	char *large = malloc((4u << 20) + 1);
	const char *argv[] = {"/bin/true", large, large, NULL};

	memset(large, 'x', 4u << 20);
	large[4u << 20] = '\0';
	ck_assert_int_eq(exd_plan_exec(plan, argv, NULL), -E2BIG);
	exd_plan_error(plan, &err);
	ck_assert_uint_eq(err.code, EXD_ERR_EXEC);
	ck_assert_int_eq(err.sys_errno, E2BIG);
	ck_assert_int_eq(exd_error_exit_code(&err), 126);
	plan_free(plan);
	free(large);
}
END_TEST

START_TEST(test_program_is_the_last_step_of_the_child)
{
	struct exd_plan *plan = new_plan();
	int slot = exd_plan_slot(plan);

	exd_plan_exec(plan, args, NULL);
	ck_assert_int_eq(exd_plan_oom_watch(plan, slot, 2), 0);
	ck_assert_int_lt(exd_plan_umask(plan, 022), 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "behind its program");
	plan_free(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan_program");
	TCase *tc = tap_tcase(s, "program");

	tcase_add_test(tc, test_program_is_searched_in_its_own_path);
	tcase_add_test(tc, test_program_step_counts_its_texts);
	tcase_add_test(tc, test_program_must_be_given);
	tcase_add_test(tc, test_too_many_arguments_are_126);
	tcase_add_test(tc, test_program_is_the_last_step_of_the_child);
	return tap_main(s);
}
