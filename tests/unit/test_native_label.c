/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels of security modules: what is refused here, and the bytes that would be written elsewhere. */
#include <unistd.h>

#include "drivers/native/process.h"
#include "tests/unit/plans.h"

static struct exd_command *command;
static char label[NATIVE_LABEL_SIZE];
static struct exd_error err;

static void set_up(void)
{
	err = (struct exd_error)EXD_ERROR_INIT;
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
}

static void tear_down(void)
{
	command = exd_command_free(command);
}

START_TEST(test_no_label_asks_for_nothing)
{
	ck_assert_int_eq(native_label_read(command, label, sizeof(label), &err), 0);
	ck_assert_str_eq(label, "");
	ck_assert_int_eq(exd_command_set(command, "apparmor", "unconfined", NULL), 0);
	ck_assert_int_eq(native_label_read(command, label, sizeof(label), &err), 0);
	ck_assert_str_eq(label, "");
}
END_TEST

static const struct {
	const char *key, *value, *place, *label;
} modules[] = {
	{"apparmor", "some-profile", "/sys/kernel/security/apparmor", "apparmor some-profile"},
	{"selinux_label", "a:b:c:s0", "/sys/fs/selinux", "selinux a:b:c:s0"},
};

START_TEST(test_only_where_the_module_is)
{
	bool there = access(modules[_i].place, F_OK) == 0;
	int r;

	ck_assert_int_eq(exd_command_set(command, modules[_i].key, modules[_i].value, NULL), 0);
	r = native_label_read(command, label, sizeof(label), &err);
	if (there) {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(label, modules[_i].label);
		return;
	}
	ck_assert_int_lt(r, 0);
	ck_assert_uint_eq(err.code, EXD_ERR_HOST);
	ck_assert_ptr_nonnull(strstr(err.text, modules[_i].key));
	ck_assert_ptr_nonnull(strstr(err.text, modules[_i].place));
}
END_TEST

START_TEST(test_there_is_one_at_most)
{
	ck_assert_int_eq(exd_command_set(command, "apparmor", "p", NULL), 0);
	ck_assert_int_eq(exd_command_set(command, "selinux_label", "a:b:c", NULL), 0);
	ck_assert_int_lt(native_label_read(command, label, sizeof(label), &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
}
END_TEST

static const struct {
	const char *label, *file, *bytes;
} writes[] = {
	{"apparmor some-profile", "exec", "exec some-profile"},
	{"apparmor a//&:ns:b", "exec", "exec a//&:ns:b"},
	{"selinux a:b:c:s0", "attr/exec", "a:b:c:s0"},
};

START_TEST(test_bytes_that_are_written)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_step *step;
	int slot = exd_plan_slot(plan);

	exd_plan_fs(plan, slot, "proc", "", 0);
	native_label_plan(writes[_i].label, plan, slot);
	exd_plan_exec(plan, args, env);
	head = seal(plan, NULL);
	step = step_at(head, 1);
	ck_assert_uint_eq(step->op, WIRE_PROC_WRITE);
	ck_assert_int_eq(strncmp(text_at(head, step, 0), "attr/", 5), 0);
	ck_assert_ptr_nonnull(strstr(text_at(head, step, 0), writes[_i].file));
	ck_assert_str_eq(text_at(head, step, 1), writes[_i].bytes);
	unmap(head);
	plan_free(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_label");
	TCase *tc = tap_tcase(s, "label");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_no_label_asks_for_nothing);
	tcase_add_loop_test(tc, test_only_where_the_module_is, 0, 2);
	tcase_add_test(tc, test_there_is_one_at_most);
	tcase_add_loop_test(tc, test_bytes_that_are_written, 0, 3);
	return tap_main(s);
}
