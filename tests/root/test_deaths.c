/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monitors and hosts that are killed: what goes on without them, and what is still learned. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/root/library.h"

/* ---- monitors that die ----------------------------------------------------------------------- */

/* By the kernel since 6.15, else nobody can know. */
static bool exit_code_or_lost(int r, const struct exd_exit_status *status, uint32_t code)
{
	if (r == 0)
		return status->exit_code == code && !status->lost;
	return lib_err.code == EXD_ERR_LOST && status->lost == EXD_LOST_MONITOR;
}

START_TEST(test_monitor_killed_while_waiting)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "alone", "sleep 0.5; exit 15", 0);
	struct exd_exit_status status = STATUS_INIT;
	int r;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert_int_eq(kill(lib_monitor(engine, "alone"), SIGKILL), 0);
	r = exd_process_wait(process, 20000, &status, &lib_err);
	ck_assert_msg(exit_code_or_lost(r, &status, 15), "%d %u: %s", r, status.exit_code,
		      lib_err.text);
	exd_process_free(process);
	must(exd_delete(engine, "alone", false, &lib_err));
	must(exd_gc(engine, false, NULL, &lib_err));
	lib_end(engine);
}
END_TEST

static int kill_parent(void *ctx, struct exd_process *process, pid_t pid)
{
	char path[64], stat[256];
	int *parent = ctx;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	lib_read(fd, stat, sizeof(stat));
	close(fd);
	*parent = atoi(strrchr(stat, ')') + 4);
	ck_assert_int_gt(*parent, 1);
	return kill(*parent, SIGKILL);
}

static int kill_parent_late(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	return kill_parent(ctx, process, pid);
}

/* Nothing is left, not even cgroups: lib_end() and gc would tell. */
START_TEST(test_monitor_killed_before_start)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("unborn", "exit 0");
	struct exd_report *report = NULL;
	int parent = 0;
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = &parent, .pre_start = kill_parent};

	ck_assert_int_lt(exd_run(engine, command, NULL, &hooks, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_MONITOR);
	hooks.pre_start = NULL;
	must(exd_run(engine, command, NULL, &hooks, NULL, &lib_err));
	must(exd_report_new(&report, &lib_err));
	ck_assert_int_eq(exd_gc(engine, false, report, &lib_err), 1);
	exd_report_free(report);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* The call goes on to the end without it, and cleans up itself. */
START_TEST(test_monitor_killed_during_run)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("alone", "sleep 0.2; exit 18");
	struct exd_exit_status status = STATUS_INIT;
	int parent = 0;
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = &parent, .start = kill_parent_late};
	int r = exd_run(engine, command, NULL, &hooks, &status, &lib_err);

	ck_assert_msg(exit_code_or_lost(r, &status, 18), "%d %u: %s", r, status.exit_code,
		      lib_err.text);
	ck_assert_int_eq(lib_run(engine, "exit 19"), 19);
	must(exd_gc(engine, false, NULL, &lib_err));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_monitor_killed_during_exec)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *box = lib_start(engine, "target", "sleep 60", 0);
	struct exd_command *command = lib_shell(NULL, "sleep 0.2; exit 20");
	struct exd_exit_status status = STATUS_INIT;
	int parent = 0, r;
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = &parent, .start = kill_parent_late};

	lib_until(engine, box, EXD_PHASE_RUNNING);
	r = exd_exec(engine, "target", command, NULL, &hooks, &status, &lib_err);
	ck_assert_msg(exit_code_or_lost(r, &status, 20), "%d %u: %s", r, status.exit_code,
		      lib_err.text);
	/* One that nobody supervises takes in others all the same. */
	must(exd_exec(engine, "target", command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 20);
	must(exd_delete(engine, "target", true, &lib_err));
	exd_process_free(box);
	must(exd_gc(engine, false, NULL, &lib_err));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_monitor_killed_by_id)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "byid", "sleep 60", 0);
	struct exd_exit_status status = STATUS_INIT;
	int r;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	exd_process_free(process);
	ck_assert_int_eq(kill(lib_monitor(engine, "byid"), SIGKILL), 0);
	ck_assert_int_eq(exd_wait(engine, "byid", 100, &status, &lib_err), -ETIMEDOUT);
	ck_assert_int_eq(lib_status(engine, "byid"), EXD_STATUS_RUNNING);
	must(exd_kill(engine, "byid", SIGKILL, &lib_err));
	r = exd_wait(engine, "byid", 10000, &status, &lib_err);
	ck_assert_msg(exit_code_or_lost(r, &status, 137), "%d %u: %s", r, status.exit_code,
		      lib_err.text);
	must(exd_delete(engine, "byid", false, &lib_err));
	ck_assert_int_eq(lib_run(engine, "exit 16"), 16);
	must(exd_gc(engine, false, NULL, &lib_err));
	lib_end(engine);
}
END_TEST

START_TEST(test_monitor_killed_events)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "told", "sleep 0.5; exit 17", 0);
	struct exd_event event;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	exd_process_free(process);
	must(exd_subscribe(engine, 0, &lib_err));
	ck_assert(lib_next_event(engine, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_STARTED);
	ck_assert_int_eq(kill(lib_monitor(engine, "told"), SIGKILL), 0);
	ck_assert(lib_next_event(engine, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_LOST_MONITOR);
	ck_assert(lib_next_event(engine, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_EXITED);
	ck_assert_str_eq(event.id, "told");
	ck_assert(event.exit.lost == EXD_LOST_MONITOR || event.exit.exit_code == 17);
	must(exd_delete(engine, "told", false, &lib_err));
	must(exd_gc(engine, false, NULL, &lib_err));
	lib_end(engine);
}
END_TEST

/* ---- both ------------------------------------------------------------------------------------ */

/* The monitor and this host, when the cgroups are there and nothing runs yet. */
static int kill_both(void *ctx, struct exd_process *process, pid_t pid)
{
	int parent = 0;

	(void)ctx;
	(void)kill_parent(&parent, process, pid);
	return kill(getpid(), SIGKILL);
}

static void host_that_is_killed(void)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("half", "sleep 100");
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .pre_start = kill_both};

	(void)exd_run(engine, command, NULL, &hooks, NULL, NULL);
	_exit(1);
}

START_TEST(test_both_killed_before_the_record)
{
	struct exd_engine *engine;
	struct exd_process *process;
	pid_t host;
	int status;

	(void)lib_root();
	host = fork();
	if (host == 0)
		host_that_is_killed();
	ck_assert_int_eq(waitpid(host, &status, 0), host);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	engine = lib_engine(0);
	/* The monitor was killed first, but may be the last to go. */
	for (int i = 0; i < 400 && lib_status(engine, "half") == EXD_STATUS_CREATING; i++)
		(void)usleep(5000);
	ck_assert_int_eq(lib_status(engine, "half"), EXD_STATUS_LOST);
	must(exd_gc(engine, false, NULL, &lib_err));
	/* Its cgroups are free again. */
	process = lib_start(engine, "half", "exit 7", 0);
	must(exd_process_wait(process, 20000, NULL, &lib_err));
	exd_process_free(process);
	must(exd_delete(engine, "half", false, &lib_err));
	lib_end(engine);
}
END_TEST

/* ---- hosts that die -------------------------------------------------------------------------- */

#define BOXES 20

static void host_of_many(int ready)
{
	struct exd_engine *engine = lib_engine(0);
	char id[16], script[32];

	for (int i = 0; i < BOXES; i++) {
		struct exd_process *process;

		snprintf(id, sizeof(id), "box%d", i);
		snprintf(script, sizeof(script), "sleep 1; exit %d", 40 + i);
		process = lib_start(engine, id, script, 0);
		lib_until(engine, process, EXD_PHASE_RUNNING);
	}
	(void)!write(ready, "r", 1);
	for (;;)
		pause();
}

START_TEST(test_host_killed)
{
	struct exd_engine *engine;
	struct exd_exit_status status = STATUS_INIT;
	int ready[2];
	char id[16], byte;
	pid_t host;

	(void)lib_root();
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	host = fork();
	if (host == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		host_of_many(ready[1]);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill(host, SIGKILL);
	waitpid(host, NULL, 0);
	engine = lib_engine(0);
	for (int i = 0; i < BOXES; i++) {
		snprintf(id, sizeof(id), "box%d", i);
		must(exd_wait(engine, id, 20000, &status, &lib_err));
		ck_assert_uint_eq(status.exit_code, (uint32_t)(40 + i));
		must(exd_delete(engine, id, false, &lib_err));
	}
	lib_end(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("deaths");

	lib_add(s, "monitors", test_monitor_killed_before_start, test_monitor_killed_during_run,
		test_monitor_killed_during_exec, test_monitor_killed_while_waiting,
		test_monitor_killed_by_id, test_monitor_killed_events);
	lib_add(s, "both", test_both_killed_before_the_record);
	lib_add(s, "hosts", test_host_killed);
	return tap_main(s);
}
