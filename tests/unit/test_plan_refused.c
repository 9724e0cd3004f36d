/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the builder of plans refuses, and that the first failure sticks. */
#include "tests/unit/plans.h"

START_TEST(test_first_failure_sticks)
{
	struct exd_plan *plan = new_plan();

	exd_plan_setns(plan, 3, CLONE_NEWNET);
	exd_plan_hostname(plan, NULL);
	assert_failed(plan, EXD_ERR_INTERNAL, "no slot 3");
	ck_assert_int_lt(exd_plan_slot(plan), 0);
	ck_assert_int_lt(exd_plan_exec(plan, args, env), 0);
	ck_assert_int_lt(exd_plan_note(plan, "a", "b"), 0);
	plan_free(plan);
}
END_TEST

START_TEST(test_slots_and_texts_are_checked)
{
	struct exd_plan *plan = new_plan();

	exd_plan_pivot(plan, -1);
	assert_failed(plan, EXD_ERR_INTERNAL, "needs a slot");
	plan_free(plan);
	plan = new_plan();
	exd_plan_hostname(plan, NULL);
	assert_failed(plan, EXD_ERR_INTERNAL, "needs a text");
	plan_free(plan);
	plan = new_plan();
	exd_plan_open(plan, (enum exd_plan_phase)9, -1, exd_plan_slot(plan), "/x", 0);
	assert_failed(plan, EXD_ERR_INVALID, "phase");
	plan_free(plan);
	plan = new_plan();
	exd_plan_open(plan, EXD_CHILD, -1, exd_plan_slot(plan), "relative", 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "relative");
	plan_free(plan);
	plan = new_plan();
	exd_plan_seccomp(plan, "123", 3, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "3 bytes");
	plan_free(plan);
	plan = new_plan();
	exd_plan_devices(plan, exd_plan_slot(plan), "12345", 5, "c 1:3 rwm");
	assert_failed(plan, EXD_ERR_INTERNAL, "5 bytes");
	plan_free(plan);
}
END_TEST

START_TEST(test_birth_takes_only_what_clone_may_do)
{
	struct exd_plan *plan = new_plan();

	exd_plan_birth(plan, CLONE_NEWNS, -1, -1);
	assert_failed(plan, EXD_ERR_INTERNAL, "flags");
	plan_free(plan);
	plan = new_plan();
	exd_plan_birth(plan, CLONE_NEWNET, 4, -1);
	assert_failed(plan, EXD_ERR_INTERNAL, "slot 4");
	plan_free(plan);
}
END_TEST

START_TEST(test_number_of_steps_and_slots_is_bounded)
{
	struct exd_plan *plan = new_plan();
	int fd;

	for (unsigned int i = 0; i < WIRE_STEPS_MAX; i++)
		ck_assert_int_eq(exd_plan_setsid(plan), 0);
	exd_plan_setsid(plan);
	assert_failed(plan, EXD_ERR_INVALID, "steps");
	plan_free(plan);
	plan = new_plan();
	for (unsigned int i = 0; i < WIRE_SLOTS_MAX; i++)
		ck_assert_int_eq(exd_plan_slot(plan), (int)i);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_lt(exd_plan_fd_consume(plan, fd, EXD_FD_ONCE), 0);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	assert_failed(plan, EXD_ERR_INVALID, "descriptors");
	plan_free(plan);
}
END_TEST

START_TEST(test_no_descriptor_is_a_failure)
{
	struct exd_plan *plan = new_plan();

	ck_assert_int_lt(exd_plan_fd_consume(plan, -1, EXD_FD_KEEP), 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "descriptor");
	plan_free(plan);
}
END_TEST

/* ---- namespaces ------------------------------------------------------------------------------ */

START_TEST(test_namespace_of_a_path_is_checked)
{
	struct exd_plan *plan = new_plan();
	char dir[] = "/tmp/exd-plan-XXXXXX", fifo[64], spec[80];

	ck_assert_int_ge(exd_plan_namespace(plan, "path:/proc/self/ns/net", "net"), 0);
	exd_plan_namespace(plan, "path:/proc/self/ns/uts", "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "not a net namespace");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "path:/dev/null", "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "'/dev/null' is not");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "path:/nowhere", "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "/nowhere");
	plan_free(plan);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	snprintf(spec, sizeof(spec), "path:%s", fifo);
	plan = new_plan();
	exd_plan_namespace(plan, spec, "net");
	assert_failed(plan, EXD_ERR_NAMESPACE, "not a net namespace");
	plan_free(plan);
	unlink(fifo);
	rmdir(dir);
}
END_TEST

START_TEST(test_namespace_spec_and_name_are_checked)
{
	struct exd_plan *plan = new_plan();

	exd_plan_namespace(plan, "private", "net");
	assert_failed(plan, EXD_ERR_INVALID, "private");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "path:/proc/self/ns/net", "nets");
	assert_failed(plan, EXD_ERR_INTERNAL, "nets");
	plan_free(plan);
	plan = new_plan();
	exd_plan_namespace(plan, "container:../x", "net");
	assert_failed(plan, EXD_ERR_ID, "../x");
	plan_free(plan);
}
END_TEST

START_TEST(test_root_of_no_container)
{
	struct exd_plan *plan = new_plan();

	ck_assert_int_lt(exd_plan_container_root(plan, "../x"), 0);
	/* What failed stays failed. */
	ck_assert_int_lt(exd_plan_container_root(plan, "other"), 0);
	assert_failed(plan, EXD_ERR_ID, "../x");
	plan_free(plan);
	plan = new_plan();
	ck_assert_int_lt(exd_plan_container_root(plan, NULL), 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "without an id");
	plan_free(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan_refused");
	TCase *tc = tap_tcase(s, "refused");

	tcase_add_test(tc, test_first_failure_sticks);
	tcase_add_test(tc, test_slots_and_texts_are_checked);
	tcase_add_test(tc, test_birth_takes_only_what_clone_may_do);
	tcase_add_test(tc, test_number_of_steps_and_slots_is_bounded);
	tcase_add_test(tc, test_no_descriptor_is_a_failure);
	tcase_add_test(tc, test_namespace_of_a_path_is_checked);
	tcase_add_test(tc, test_namespace_spec_and_name_are_checked);
	tcase_add_test(tc, test_root_of_no_container);
	return tap_main(s);
}
