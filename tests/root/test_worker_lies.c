/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers that break the rules of <execdriver/worker.h>: none is believed, all are told apart. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/root/worker_rig.h"

/* ---- before READY: the launch fails ---------------------------------------------------------- */

static const struct {
	const char *how;
	uint32_t code;
	const char *text;
} early[] = {
	{"early-exit", EXD_ERR_ABORTED, "the driver's worker ended too early, with exit code 3"},
	{"early-close", EXD_ERR_ABORTED, "the driver's worker closed its line"},
	{"silent", EXD_ERR_TIMEOUT, "report of the driver's worker"},
	{"stubborn", EXD_ERR_TIMEOUT, "report of the driver's worker"},
	{"early-end", EXD_ERR_PROTOCOL, "the end of a program that it has not started"},
	{"foreign", EXD_ERR_PROTOCOL, "a process as init that it did not start"},
	{"other-pidfd", EXD_ERR_PROTOCOL, "a pidfd of another process than init"},
	{"no-pidfd", EXD_ERR_PROTOCOL, "no pidfd of init"},
	{"no-pid", EXD_ERR_PROTOCOL, "no pid of init"},
	{"pipe-as-pidfd", EXD_ERR_PROTOCOL, "something else than a pidfd of init"},
	{"short", EXD_ERR_PROTOCOL, "something that is no report"},
	{"empty", EXD_ERR_ABORTED, "the driver's worker ended too early, with exit code 0"},
	{"huge", EXD_ERR_PROTOCOL, "something that is no report"},
	{"wrong-size", EXD_ERR_PROTOCOL, "something that is no report"},
	{"unknown", EXD_ERR_PROTOCOL, "something that is no report"},
	{"endless", EXD_ERR_PROTOCOL, "something that is no report"},
	{"odd-descriptors", EXD_ERR_PROTOCOL, "something that is no report"},
	{"more-descriptors", EXD_ERR_PROTOCOL, "something that is no report"},
	{"less-descriptors", EXD_ERR_PROTOCOL, "something that is no report"},
	{"unasked-tty", EXD_ERR_PROTOCOL, "a terminal that is none or was not asked for"},
	{"unasked-park", EXD_ERR_PROTOCOL, "PARKED, out of order"},
};

START_TEST(test_early_lie_fails_the_launch)
{
	struct exd_engine *engine = worker_engine("worker");

	worker_run_failing(engine, early[_i].how, early[_i].code, early[_i].text);
	worker_end(engine);
}
END_TEST

/* ---- after READY: the container is lost ------------------------------------------------------ */

static const struct {
	const char *how;
	const char *script;
	const char *warning;
} late[] = {
	{"late-close", "exec sleep 30", "the driver's worker ended without telling how it went on"},
	{"twice", "exec sleep 30", "READY, out of order"},
	{"late-failed", "exec sleep 30", "a failure to start what it had started"},
	{"liar", "exec sleep 30", "the end of an init that is still there"},
	{"late-short", "exec sleep 30", "something that is no report"},
	{"bad-status", "exit 3", "something else than a wait status"},
	{"mute", "exit 3", "did not tell how the container ended"},
};

/* One that was orphaned is a zombie until somebody else reaps it. */
static bool is_gone(pid_t pid)
{
	char path[32], state = 'Z';
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (f)
		(void)fclose(f);
	return state == 'Z' || state == 'X';
}

static int kill_worker(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	pid_t worker = worker_parent(pid);

	*(pid_t *)ctx = pid;
	return worker > 1 ? kill(worker, SIGKILL) : -1;
}

static int keep_pid(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	*(pid_t *)ctx = pid;
	return 0;
}

START_TEST(test_late_lie_loses_the_container)
{
	pid_t pid = 0;
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 1000, .ctx = &pid, .start = keep_pid};
	struct exd_engine *engine = worker_engine("worker");
	struct exd_exit_status status = STATUS_INIT;

	ck_assert_int_lt(worker_run(engine, late[_i].how, late[_i].script, &hooks, &status), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_LOST);
	ck_assert_ptr_nonnull(strstr(lib_err.text, exd_lost_reason(EXD_LOST_WORKER)));
	ck_assert_uint_eq(status.lost, EXD_LOST_WORKER);
	ck_assert_msg(strstr(worker_log, late[_i].warning), "%s", worker_log);
	/* What it had started does not outlive it. */
	ck_assert_int_gt(pid, 0);
	ck_assert_msg(is_gone(pid), "init is still there");
	worker_end(engine);
}
END_TEST

START_TEST(test_killed_worker_loses_the_container)
{
	pid_t pid = 0;
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = &pid, .start = kill_worker};
	struct exd_engine *engine = worker_engine("worker");
	struct exd_exit_status status = STATUS_INIT;

	for (int i = 0; i < 2; i++) {
		/* With its line still open in another process, too. */
		ck_assert_int_lt(worker_run(engine, i ? "leaky" : "good", "exec sleep 30", &hooks, &status), 0);
		ck_assert_uint_eq(lib_err.code, EXD_ERR_LOST);
		ck_assert_uint_eq(status.lost, EXD_LOST_WORKER);
		ck_assert_msg(is_gone(pid), "init is still there");
	}
	worker_end(engine);
}
END_TEST

/* It may not skip the host's hook. */
static int pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	++*(int *)ctx;
	return 0;
}

START_TEST(test_hook_cannot_be_skipped)
{
	int calls = 0;
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = &calls, .pre_start = pre_start};
	struct exd_engine *engine = worker_engine("worker");

	ck_assert_int_lt(worker_run(engine, "impatient", "exit 0", &hooks, NULL), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "READY, out of order"));
	ck_assert_int_eq(calls, 0);
	ck_assert_int_lt(worker_run(engine, "changeling", "exit 0", &hooks, NULL), 0);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "another process as init than before"));
	ck_assert_int_eq(calls, 1);
	worker_end(engine);
}
END_TEST

START_TEST(test_terminal_must_come)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_command *command = worker_command(NULL, "no-tty", "exit 0");

	must(exd_command_set_bool(command, EXD_KEY_TTY, true, &lib_err));
	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "no terminal"));
	exd_command_free(command);
	worker_end(engine);
}
END_TEST

START_TEST(test_flood_of_warnings)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_exit_status status = STATUS_INIT;
	int lines = 0;

	must(worker_run(engine, "flood", "exit 6", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 6);
	for (const char *p = worker_log; (p = strstr(p, "once more")); p++)
		lines++;
	ck_assert_int_eq(lines, 64);
	worker_end(engine);
}
END_TEST

/* One that does not end is ended, and the exit was told before. */
/* Whatever it says, there is an answer, and the monitor goes on. */
START_TEST(test_random_reports)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 5000};
	struct exd_engine *engine = worker_engine("worker");
	struct exd_command *command = worker_command("box", "good", "exec sleep 60");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *box = NULL;

	must(exd_start(engine, command, NULL, NULL, EXD_START_EPHEMERAL, &box, &lib_err));
	for (int seed = 1; seed <= 100; seed++) {
		char how[32];

		(void)snprintf(how, sizeof(how), "random:%d", seed);
		ck_assert_int_lt(worker_run(engine, how, "exit 0", &hooks, NULL), 0);
		ck_assert_msg(lib_err.code != EXD_ERR_MONITOR, "%s: %s", how, lib_err.text);
	}
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(box, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	exd_process_free(box);
	exd_command_free(command);
	worker_end(engine);
}
END_TEST

START_TEST(test_lingering_worker_is_ended)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 300};
	struct exd_engine *engine = worker_engine("worker");
	struct exd_exit_status status = STATUS_INIT;

	must(worker_run(engine, "lingers", "exit 8", &hooks, &status));
	ck_assert_uint_eq(status.exit_code, 8);
	worker_end(engine);
}
END_TEST

START_TEST(test_deaf_remote_worker_is_lost)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 500};
	struct exd_engine *engine = worker_engine("remote");
	struct exd_command *command = worker_command("box", "remote-deaf", "exec sleep 30");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, &hooks, 0, &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	must(exd_terminate(engine, "box", &lib_err));
	ck_assert_int_lt(exd_process_wait(process, 20000, &status, &lib_err), 0);
	ck_assert_uint_eq(status.lost, EXD_LOST_WORKER);
	exd_process_free(process);
	must(exd_delete(engine, "box", true, &lib_err));
	exd_command_free(command);
	worker_end(engine);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("worker lies");
	TCase *tc = tap_tcase(s, "early");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_early_lie_fails_the_launch, 0, sizeof(early) / sizeof(early[0]));
	tc = tap_tcase(s, "late");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_late_lie_loses_the_container, 0, sizeof(late) / sizeof(late[0]));
	lib_add(s, "others", test_killed_worker_loses_the_container, test_hook_cannot_be_skipped, test_terminal_must_come, test_flood_of_warnings,
		test_random_reports,
		test_lingering_worker_is_ended, test_deaf_remote_worker_is_lost);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
