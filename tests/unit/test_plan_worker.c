/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last child step of drivers that have a worker: what surrounds it, and what it excludes. */
#include "tests/unit/plans.h"

static const char *const worker[] = {"/usr/libexec/worker", "box", NULL};

static struct exd_plan *plan_with_stdio(int fd)
{
	struct exd_plan *plan = new_plan();

	ck_assert_int_eq(plan_set_stdio(plan, fd, fd, fd, NULL), 0);
	return plan;
}

START_TEST(test_worker_gets_what_it_is_promised)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct exd_plan *plan = plan_with_stdio(null);
	int made = exd_plan_slot(plan), slots[2];
	const struct wire_plan *head;
	const struct wire_step *step;

	slots[0] = made;
	slots[1] = exd_plan_fd_consume(plan, open("/", O_PATH | O_CLOEXEC), EXD_FD_KEEP);
	plan_set_park(plan, true);
	exd_plan_open(plan, EXD_PREPARE, -1, made, "/etc", O_PATH);
	ck_assert_int_eq(exd_plan_worker(plan, worker, env, slots, 2, EXD_WORKER_REMOTE), 0);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->phase_steps[WIRE_CHILD], 5);
	ck_assert_uint_eq(step_at(head, 1)->op, WIRE_SETSID);
	ck_assert_uint_eq(step_at(head, 2)->op, WIRE_STDIO);
	/* Sealing puts slots that come from outside before those that steps fill. */
	ck_assert_uint_eq(step_at(head, 3)->op, WIRE_LEND);
	ck_assert_uint_eq(step_at(head, 3)->slot[0], 4);
	ck_assert_uint_eq(step_at(head, 4)->op, WIRE_LEND);
	ck_assert_uint_eq(step_at(head, 4)->slot[0], 3);
	step = step_at(head, 5);
	ck_assert_uint_eq(step->op, WIRE_WORKER);
	ck_assert_str_eq(text_at(head, step, 0), "/usr/libexec/worker");
	ck_assert_mem_eq(text_at(head, step, 1), "/usr/libexec/worker\0box", 24);
	ck_assert_uint_eq(step->num[0], 2);
	ck_assert_uint_eq(step->num[1], 2);
	ck_assert_uint_eq(step->num[2], WIRE_WORKER_REMOTE | WIRE_WORKER_PARK);
	unmap(head);
	plan_free(plan);
	close(null);
}
END_TEST

/* With a terminal there is no stdio; a session that the driver has started is not started again. */
START_TEST(test_worker_with_a_terminal)
{
	struct exd_plan *plan = new_plan();
	const struct wire_plan *head;

	exd_plan_setsid(plan);
	ck_assert_int_eq(exd_plan_worker(plan, worker, NULL, NULL, 0, 0), 0);
	head = seal(plan, NULL);
	ck_assert_uint_eq(head->phase_steps[WIRE_CHILD], 2);
	ck_assert_uint_eq(step_at(head, 1)->op, WIRE_WORKER);
	ck_assert_uint_eq(step_at(head, 1)->num[1], 0);
	ck_assert_uint_eq(step_at(head, 1)->num[2], WIRE_WORKER_TTY);
	unmap(head);
	plan_free(plan);
}
END_TEST

START_TEST(test_worker_is_refused)
{
	static const char *const relative[] = {"worker", NULL};
	static const char *const nothing[] = {NULL};
	static const int no_slot[] = {-1};
	struct exd_plan *plan = new_plan();

	exd_plan_worker(plan, relative, NULL, NULL, 0, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "absolute path");
	plan_free(plan);
	plan = new_plan();
	exd_plan_worker(plan, nothing, NULL, NULL, 0, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "absolute path");
	plan_free(plan);
	plan = new_plan();
	exd_plan_worker(plan, worker, NULL, NULL, 0, 1u << 9);
	assert_failed(plan, EXD_ERR_INTERNAL, "flags 0x200");
	plan_free(plan);
	plan = new_plan();
	exd_plan_worker(plan, worker, NULL, no_slot, 1, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "needs a slot");
	plan_free(plan);
	plan = new_plan();
	exd_plan_worker(plan, worker, NULL, no_slot, 100000, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "100000 descriptors");
	plan_free(plan);
}
END_TEST

START_TEST(test_worker_does_these_itself)
{
	struct exd_plan *plan = new_plan();

	exd_plan_park(plan);
	exd_plan_worker(plan, worker, NULL, NULL, 0, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "does itself");
	plan_free(plan);
	plan = new_plan();
	exd_plan_init(plan);
	exd_plan_worker(plan, worker, NULL, NULL, 0, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "does itself");
	plan_free(plan);
	plan = new_plan();
	exd_plan_birth(plan, CLONE_NEWPID, -1, -1);
	exd_plan_worker(plan, worker, NULL, NULL, 0, 0);
	assert_failed(plan, EXD_ERR_INTERNAL, "pid namespace");
	plan_free(plan);
	plan = new_plan();
	exd_plan_worker(plan, worker, NULL, NULL, 0, 0);
	exd_plan_exec(plan, args, NULL);
	assert_failed(plan, EXD_ERR_INTERNAL, "behind its program");
	plan_free(plan);
}
END_TEST

START_TEST(test_worker_in_words)
{
	static const char *const lines[] = {"start a session", "lend / to the driver's worker",
					    "execute the driver's worker [/usr/libexec/worker box] with 2 variables "
					    "[A=1 PATH=/one::/two/]: /usr/libexec/worker, which brings a terminal"};
	struct exd_plan *plan = new_plan();
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_report *report = NULL;
	int slot = exd_plan_fd_consume(plan, open("/", O_PATH | O_CLOEXEC), EXD_FD_KEEP);

	exd_plan_worker(plan, worker, env, &slot, 1, 0);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(plan_print(plan, report, NULL), 0);
	ck_assert_uint_eq(exd_report_count(report), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(exd_report_line(report, i, &line));
		ck_assert_str_eq(line.text, lines[i]);
	}
	exd_report_free(report);
	plan_free(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan_worker");
	TCase *tc = tap_tcase(s, "worker");

	tcase_add_test(tc, test_worker_gets_what_it_is_promised);
	tcase_add_test(tc, test_worker_with_a_terminal);
	tcase_add_test(tc, test_worker_is_refused);
	tcase_add_test(tc, test_worker_does_these_itself);
	tcase_add_test(tc, test_worker_in_words);
	return tap_main(s);
}
