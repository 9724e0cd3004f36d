/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan builder: steps, slots, sealing and the hash. */
#include "tests/unit/plans.h"

/* ---- steps and data -------------------------------------------------------------------------- */

START_TEST(test_step_carries_text_and_numbers)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;
	const struct wire_step *step;

	ck_assert_int_eq(exd_plan_hostname(plan, "box"), 0);
	ck_assert_int_eq(exd_plan_rlimit(plan, RLIMIT_NOFILE, 10, UINT64_MAX), 0);
	ck_assert_int_eq(exd_plan_exec(plan, args, env), 0);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->magic, WIRE_PLAN_MAGIC);
	ck_assert_uint_eq(head->version, WIRE_VERSION);
	ck_assert_uint_eq(head->size, sizeof(*head) + 3 * sizeof(*step) + head->data_size);
	step = step_at(head, 0);
	ck_assert_uint_eq(step->op, WIRE_HOSTNAME);
	ck_assert_uint_eq(step->str[0].size, 4);
	ck_assert_str_eq(text_at(head, step, 0), "box");
	ck_assert_uint_eq(step->slot[0], WIRE_NO_SLOT);
	step = step_at(head, 1);
	ck_assert_uint_eq(step->num[1], 10);
	ck_assert_uint_eq(step->num[2], UINT64_MAX);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_phases_are_sorted_and_keep_their_order)
{
	struct exd_plan *plan = new_plan();
	int root = exd_plan_slot(plan), leaf = exd_plan_slot(plan);
	const struct wire_plan *head;

	exd_plan_cgroup_remove(plan, root, leaf, "a");
	exd_plan_cgroup_kill(plan, EXD_END, leaf, -1, 2);
	exd_plan_hostname(plan, "first");
	exd_plan_cgroup_make(plan, root, leaf, "a", "+pids", false);
	exd_plan_hostname(plan, "second");
	exd_plan_write(plan, leaf, "pids.max", "5", 1);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->phase_steps[WIRE_PREPARE], 2);
	ck_assert_uint_eq(head->phase_steps[WIRE_CHILD], 3);
	ck_assert_uint_eq(head->phase_steps[WIRE_END], 1);
	ck_assert_uint_eq(head->phase_steps[WIRE_CLEANUP], 1);
	ck_assert_uint_eq(step_at(head, 0)->op, WIRE_CGROUP_MAKE);
	ck_assert_uint_eq(step_at(head, 1)->op, WIRE_WRITE);
	ck_assert_uint_eq(step_at(head, 1)->str[1].size, 2);
	ck_assert_str_eq(text_at(head, step_at(head, 2), 0), "first");
	ck_assert_str_eq(text_at(head, step_at(head, 3), 0), "second");
	ck_assert_uint_eq(step_at(head, 4)->op, WIRE_EXEC);
	ck_assert_uint_eq(step_at(head, 5)->op, WIRE_CGROUP_KILL);
	ck_assert_uint_eq(step_at(head, 6)->op, WIRE_CGROUP_REMOVE);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_given_descriptors_get_the_first_slots)
{
	struct exd_plan *plan = new_plan();
	int empty = exd_plan_slot(plan);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int given = exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
	const struct wire_plan *head;
	const int *fds;
	size_t count;

	ck_assert_int_eq(empty, 0);
	ck_assert_int_eq(given, 1);
	exd_plan_tree(plan, given, empty, true);
	exd_plan_birth(plan, CLONE_NEWPID, given, empty);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->fds, 1);
	ck_assert_uint_eq(head->slots, 2);
	ck_assert_uint_eq(step_at(head, 0)->slot[0], 0);
	ck_assert_uint_eq(step_at(head, 0)->slot[1], 1);
	ck_assert_uint_eq(head->pidns_slot, 0);
	ck_assert_uint_eq(head->into_cgroup_slot, 1);
	ck_assert_uint_eq(head->clone_flags, CLONE_NEWPID);
	fds = plan_fds(plan, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(fds[0], fd);
	unmap(head);
	plan_free(plan);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(test_stdio_is_lent_and_may_be_one_descriptor)
{
	struct exd_plan *plan = new_plan();
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t count;

	ck_assert_int_eq(exd_plan_stdio_slot(plan, 0), -1);
	ck_assert_int_eq(exd_plan_stdio_slot(plan, 3), -1);
	ck_assert_int_eq(plan_set_stdio(plan, fd, fd, fd, NULL), 0);
	ck_assert_int_eq(exd_plan_stdio_slot(plan, 2), 2);
	ck_assert_int_eq(exd_plan_stdio(plan, 0, 1, 2), 0);
	exd_plan_exec(plan, args, NULL);
	ck_assert_int_eq(plan_seal(plan, NULL, NULL, NULL), 0);
	ck_assert_int_eq(plan_fds(plan, &count)[2], fd);
	plan_free(plan);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	close(fd);
}
END_TEST

START_TEST(test_options_are_split_at_commas)
{
	struct exd_plan *plan = new_plan();
	int slot = exd_plan_slot(plan);
	const struct wire_plan *head;

	exd_plan_fs(plan, slot, "tmpfs", "size=1m,,nr_inodes=5,", 2);
	exd_plan_fs(plan, slot, "proc", NULL, 0);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 0)->str[1].size, sizeof("size=1m\0nr_inodes=5"));
	ck_assert_mem_eq(text_at(head, step_at(head, 0), 1), "size=1m\0nr_inodes=5",
			 sizeof("size=1m\0nr_inodes=5"));
	ck_assert_uint_eq(step_at(head, 1)->str[1].size, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_numbers_lie_where_they_can_be_read)
{
	static const uint32_t gids[] = {4, 24};
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;

	exd_plan_hostname(plan, "abcde");
	exd_plan_groups(plan, gids, 2);
	exd_plan_groups(plan, gids, 0);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 1)->str[0].offset, 8);
	ck_assert_uint_eq(step_at(head, 1)->str[0].size, sizeof(gids));
	ck_assert_mem_eq(text_at(head, step_at(head, 1), 0), gids, sizeof(gids));
	ck_assert_uint_eq(step_at(head, 2)->str[0].offset, 0);
	ck_assert_uint_eq(step_at(head, 2)->str[0].size, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_blame_holds_for_later_steps_but_not_the_program)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;

	exd_plan_hostname(plan, "x");
	exd_plan_blame(plan, EXD_ERR_DEVICE, EXD_STEP_OPTIONAL | 0x100);
	exd_plan_hostname(plan, "y");
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 0)->code, EXD_ERR_NAMESPACE);
	ck_assert_uint_eq(step_at(head, 0)->flags, 0);
	ck_assert_uint_eq(step_at(head, 1)->code, EXD_ERR_DEVICE);
	ck_assert_uint_eq(step_at(head, 1)->flags, WIRE_OPTIONAL);
	ck_assert_uint_eq(step_at(head, 2)->code, EXD_ERR_EXEC);
	ck_assert_uint_eq(step_at(head, 2)->flags, 0);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_tty_has_the_size_of_the_command)
{
	struct exd_command *command = NULL;
	struct exd_plan *plan = NULL;
	const struct wire_plan *head;
	int slot;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set_string(command, EXD_KEY_TTY_SIZE, "24x80", NULL), 0);
	ck_assert_int_eq(plan_new(&plan, -1, command, NULL), 0);
	slot = exd_plan_slot(plan);
	exd_plan_tty_open(plan, slot, "dev/pts", slot, 7, 5);
	exd_plan_exec(plan, args, NULL);
	head = seal(plan, NULL);
	ck_assert_uint_eq(step_at(head, 0)->num[0], 24u << 16 | 80);
	ck_assert_uint_eq(step_at(head, 0)->num[1], 7);
	unmap(head);
	plan_free(plan);
	exd_command_free(command);
}
END_TEST

START_TEST(test_notes_cgroups_warnings_are_kept)
{
	struct exd_plan *plan = new_plan();

	ck_assert_int_eq(exd_plan_note(plan, "a", "b"), 0);
	ck_assert_int_eq(exd_plan_cgroup(plan, "cpu,cpuacct", "/c", "p"), 0);
	exd_plan_warn(plan, "no %s here", "swap");
	ck_assert_str_eq(plan->notes[0].value, "b");
	ck_assert_str_eq(plan->cgroups[0].controllers, "cpu,cpuacct");
	ck_assert_uint_eq(plan_warning_count(plan), 1);
	ck_assert_str_eq(plan_warning(plan, 0), "no swap here");
	ck_assert_ptr_null(plan_warning(plan, 1));
	ck_assert(!exd_plan_wants_park(plan));
	plan_set_park(plan, true);
	ck_assert(exd_plan_wants_park(plan));
	plan_free(plan);
	ck_assert_ptr_null(plan_free(NULL));
}
END_TEST

/* ---- the hash -------------------------------------------------------------------------------- */

static struct exd_plan *plan_with_descriptor(const char *path, const char *hostname)
{
	struct exd_plan *plan = new_plan();
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	exd_plan_tree(plan, exd_plan_fd_consume(plan, fd, EXD_FD_KEEP), exd_plan_slot(plan), false);
	exd_plan_hostname(plan, hostname);
	exd_plan_exec(plan, args, env);
	return plan;
}

START_TEST(test_hash_is_of_the_bytes_not_the_descriptors)
{
	struct exd_plan *one = plan_with_descriptor("/dev/null", "x");
	struct exd_plan *two = plan_with_descriptor("/dev/zero", "x");
	struct exd_plan *other = plan_with_descriptor("/dev/null", "y");
	uint64_t a, b, c;
	const struct wire_plan *head = seal(one, &a);

	ck_assert_uint_eq(a, hash_words(HASH_INIT, head, head->size));
	ck_assert_int_eq(plan_seal(two, NULL, &b, NULL), 0);
	ck_assert_int_eq(plan_seal(other, NULL, &c, NULL), 0);
	ck_assert_uint_eq(a, b);
	ck_assert_uint_ne(a, c);
	ck_assert_int_eq(plan_seal(one, NULL, &b, NULL), 0);
	ck_assert_uint_eq(a, b);
	unmap(head);
	plan_free(one);
	plan_free(two);
	plan_free(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan");
	TCase *tc = tap_tcase(s, "build");

	tcase_add_test(tc, test_step_carries_text_and_numbers);
	tcase_add_test(tc, test_phases_are_sorted_and_keep_their_order);
	tcase_add_test(tc, test_given_descriptors_get_the_first_slots);
	tcase_add_test(tc, test_stdio_is_lent_and_may_be_one_descriptor);
	tcase_add_test(tc, test_options_are_split_at_commas);
	tcase_add_test(tc, test_numbers_lie_where_they_can_be_read);
	tcase_add_test(tc, test_blame_holds_for_later_steps_but_not_the_program);
	tcase_add_test(tc, test_tty_has_the_size_of_the_command);
	tcase_add_test(tc, test_notes_cgroups_warnings_are_kept);
	tcase_add_test(tc, test_hash_is_of_the_bytes_not_the_descriptors);
	return tap_main(s);
}
