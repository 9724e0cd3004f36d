/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cut of a plan: where it is, and what is refused. */
#include "tests/unit/plans.h"

START_TEST(test_cut_is_behind_what_was_added)
{
	struct exd_plan *plan = new_plan();
	int root = exd_plan_slot(plan), leaf = exd_plan_slot(plan);
	const struct wire_plan *head;

	exd_plan_cgroup_make(plan, root, leaf, "a", NULL, false);
	exd_plan_setsid(plan);
	exd_plan_loopback_up(plan);
	ck_assert_int_eq(exd_plan_warm(plan, 3), 0);
	exd_plan_hostname(plan, "box");
	exd_plan_exec(plan, args, env);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->cut, 2);
	ck_assert_uint_eq(plan->warm, 3);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_no_boxes_no_cut)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;

	exd_plan_setsid(plan);
	ck_assert_int_eq(exd_plan_warm(plan, 0), 0);
	exd_plan_exec(plan, args, env);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->cut, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_cut_is_checked)
{
	struct exd_plan *plan = new_plan();

	exd_plan_setsid(plan);
	exd_plan_warm(plan, 65);
	assert_failed(plan, EXD_ERR_INVALID, "65 boxes");
	plan_free(plan);
	plan = new_plan();
	exd_plan_warm(plan, 1);
	assert_failed(plan, EXD_ERR_INTERNAL, "nothing is before");
	plan_free(plan);
	plan = new_plan();
	exd_plan_setsid(plan);
	ck_assert_int_eq(exd_plan_warm(plan, 64), 0);
	exd_plan_warm(plan, 1);
	assert_failed(plan, EXD_ERR_INTERNAL, "two cuts");
	plan_free(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan_warm");
	TCase *tc = tap_tcase(s, "warm");

	tcase_add_test(tc, test_cut_is_behind_what_was_added);
	tcase_add_test(tc, test_no_boxes_no_cut);
	tcase_add_test(tc, test_cut_is_checked);
	return tap_main(s);
}
