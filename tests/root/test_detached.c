/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that outlive their host's interest: handles, other engines, events. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/root/library.h"
#include "tests/tap.h"

/* ---- handles --------------------------------------------------------------------------------- */

START_TEST(test_wait_again)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process =
		lib_start(engine, NULL, "sleep 0.3; exit 8", EXD_START_TIED | EXD_START_EPHEMERAL);
	struct exd_exit_status status = STATUS_INIT;

	ck_assert_int_eq(exd_process_wait(process, 50, &status, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	ck_assert_int_eq(exd_process_wait(process, 0, &status, &lib_err), -ETIMEDOUT);
	must(exd_process_wait(process, -1, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 8);
	status.exit_code = 0;
	must(exd_process_wait(process, 0, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 8);
	ck_assert_int_eq(exd_process_phase(process), EXD_PHASE_DONE);
	ck_assert_ptr_null(exd_process_free(process));
	lib_end(engine);
}
END_TEST

START_TEST(test_many_by_dispatch)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *processes[12];
	struct exd_exit_status status = STATUS_INIT;
	char script[32];

	for (int i = 0; i < 12; i++) {
		snprintf(script, sizeof(script), "exit %d", 30 + i);
		processes[i] =
			lib_start(engine, NULL, script, EXD_START_TIED | EXD_START_EPHEMERAL);
	}
	for (int i = 0; i < 12; i++) {
		lib_until(engine, processes[i], EXD_PHASE_DONE);
		must(exd_process_wait(processes[i], 0, &status, &lib_err));
		ck_assert_uint_eq(status.exit_code, (uint32_t)(30 + i));
		exd_process_free(processes[i]);
	}
	lib_end(engine);
}
END_TEST

START_TEST(test_failed_start)
{
	const char *const args[] = {"/no/such", NULL};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_command(NULL, args);
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, NULL, 0, &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_FAILED);
	ck_assert_int_lt(exd_process_wait(process, 0, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_EXEC_NOT_FOUND);
	exd_process_free(process);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

static void free_itself(void *ctx, struct exd_process *process)
{
	(*(int *)ctx)++;
	exd_process_free(process);
}

START_TEST(test_freed_in_hook)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "exit 0");
	int freed = 0;
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = &freed, .post_stop = free_itself};
	struct pollfd p = {.fd = exd_engine_fd(engine), .events = POLLIN};
	struct exd_process *process = NULL;

	for (int i = 0; i < 3; i++)
		must(exd_start(engine, command, NULL, &hooks, EXD_START_EPHEMERAL, &process,
			       &lib_err));
	for (int i = 0; i < 200 && freed < 3; i++)
		if (poll(&p, 1, 100) > 0)
			must(exd_engine_dispatch(engine, &lib_err));
	ck_assert_int_eq(freed, 3);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_freed_handle)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "loose", "sleep 0.3; exit 11", 0);
	struct exd_exit_status status = STATUS_INIT;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	exd_process_free(process);
	ck_assert_int_eq(exd_wait(engine, "loose", 10, &status, &lib_err), -ETIMEDOUT);
	must(exd_wait(engine, "loose", 10000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 11);
	ck_assert_int_eq(lib_status(engine, "loose"), EXD_STATUS_STOPPED);
	must(exd_wait(engine, "loose", 0, &status, &lib_err));
	must(exd_delete(engine, "loose", false, &lib_err));
	ck_assert_int_lt(exd_wait(engine, "loose", 0, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_FOUND);
	lib_end(engine);
}
END_TEST

START_TEST(test_tied_ends_with_engine)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process =
		lib_start(engine, "tied", "sleep 60", EXD_START_TIED | EXD_START_EPHEMERAL);
	struct pollfd end = {.events = POLLIN};

	lib_until(engine, process, EXD_PHASE_RUNNING);
	end.fd = fcntl(exd_process_pidfd(process), F_DUPFD_CLOEXEC, 0);
	exd_process_free(process);
	ck_assert_int_eq(poll(&end, 1, 50), 0);
	exd_engine_close(engine);
	ck_assert_int_eq(poll(&end, 1, 10000), 1);
	close(end.fd);
	engine = lib_engine(0);
	ck_assert(exd_wait(engine, "tied", 10000, NULL, &lib_err) == 0 ||
		  lib_err.code == EXD_ERR_NOT_FOUND);
	exd_engine_close(engine);
	lib_remove_root();
}
END_TEST

/* A further process in a container that goes on; a descriptor of it. */
static int exec_pidfd(struct exd_engine *engine, const char *id, uint32_t flags)
{
	struct exd_command *command = lib_shell(NULL, "exec sleep 60");
	struct exd_process *process = NULL;
	int fd;

	must(exd_exec_start(engine, id, command, NULL, NULL, flags, &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	fd = fcntl(exd_process_pidfd(process), F_DUPFD_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	exd_process_free(process);
	exd_command_free(command);
	return fd;
}

START_TEST(test_tied_exec_ends_with_engine)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "box", "exec sleep 60", 0);
	struct pollfd tied = {.events = POLLIN}, loose = {.events = POLLIN};

	lib_until(engine, process, EXD_PHASE_RUNNING);
	exd_process_free(process);
	tied.fd = exec_pidfd(engine, "box", EXD_START_TIED);
	loose.fd = exec_pidfd(engine, "box", 0);
	ck_assert_int_eq(poll(&tied, 1, 50), 0);
	exd_engine_close(engine);
	ck_assert_int_eq(poll(&tied, 1, 10000), 1);
	ck_assert_int_eq(poll(&loose, 1, 50), 0);
	engine = lib_engine(0);
	ck_assert_int_eq(exd_pids(engine, "box", NULL, 0, &lib_err), 2);
	must(exd_delete(engine, "box", true, &lib_err));
	ck_assert_int_eq(poll(&loose, 1, 10000), 1);
	close(tied.fd);
	close(loose.fd);
	lib_end(engine);
}
END_TEST

START_TEST(test_exec_has_one_flag)
{
	static const uint32_t bad[] = {EXD_START_EPHEMERAL, EXD_START_TIED | EXD_START_EPHEMERAL,
				       1u << 7};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "exit 0");
	struct exd_process *process = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(exd_exec_start(engine, "box", command, NULL, NULL, bad[i],
						&process, &lib_err),
				 -EINVAL);
		ck_assert_uint_eq(lib_err.code, EXD_ERR_INVALID);
		ck_assert_ptr_nonnull(strstr(lib_err.text, "EXD_START_TIED"));
	}
	ck_assert_ptr_null(process);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* ---- other engines --------------------------------------------------------------------------- */

START_TEST(test_found_by_next_engine)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "kept", "sleep 60", 0);
	struct exd_exit_status status = STATUS_INIT;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	exd_engine_close(engine);
	engine = lib_engine(0);
	ck_assert_int_eq(lib_status(engine, "kept"), EXD_STATUS_RUNNING);
	ck_assert_int_lt(exd_delete(engine, "kept", false, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_STOPPED);
	must(exd_kill(engine, "kept", SIGKILL, &lib_err));
	must(exd_wait(engine, "kept", 10000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	ck_assert_int_lt(exd_kill(engine, "kept", SIGKILL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	must(exd_delete(engine, "kept", false, &lib_err));
	lib_end(engine);
}
END_TEST

START_TEST(test_forced_delete)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "forced", "sleep 60", 0);

	lib_until(engine, process, EXD_PHASE_RUNNING);
	must(exd_delete(engine, "forced", true, &lib_err));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	ck_assert_int_lt(exd_delete(engine, "forced", true, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_FOUND);
	lib_end(engine);
}
END_TEST

START_TEST(test_two_engines_one_root)
{
	struct exd_engine *one = lib_engine(0);
	struct exd_engine *two = lib_engine(0);
	struct exd_process *process = lib_start(one, "shared", "sleep 60", EXD_START_TIED);
	struct exd_command *command = lib_shell(NULL, "exit 12");
	struct exd_exit_status status = STATUS_INIT;

	lib_until(one, process, EXD_PHASE_RUNNING);
	must(exd_exec(two, "shared", command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 12);
	ck_assert_int_eq(lib_run(two, "exit 13"), 13);
	must(exd_terminate(two, "shared", &lib_err));
	must(exd_process_wait(process, 10000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	must(exd_terminate(two, "shared", &lib_err));
	exd_process_free(process);
	must(exd_delete(two, "shared", false, &lib_err));
	exd_command_free(command);
	exd_engine_close(one);
	lib_end(two);
}
END_TEST

/* 0: a container with the host's namespaces has those of this process, below that monitor. */
static int run_from_elsewhere(pid_t monitor)
{
	static const char *const kinds[] = {"network", "ipc_namespace", "uts_namespace",
					    "cgroup_namespace"};
	static const char *const names[] = {"net", "ipc", "uts", "cgroup"};
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = NULL;
	struct exd_command *command;
	struct exd_exit_status status = STATUS_INIT;
	char script[512] = "read -r go;", link[64];
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_PIPE,
				  .out = EXD_FD_NULL,
				  .err = EXD_FD_NULL};

	for (int i = 0; i < 4; i++) {
		size_t used = strlen(script);
		char path[32];
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			return 10;
		link[n] = '\0';
		(void)snprintf(script + used, sizeof(script) - used,
			       " [ \"$(readlink %s)\" = '%s' ] || exit %d;", path, link, 11 + i);
	}
	command = lib_shell("second", script);
	for (int i = 0; i < 4; i++)
		if (exd_command_set(command, kinds[i], "host", &lib_err) < 0)
			return 20;
	if (exd_start(engine, command, &stdio, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process,
		      &lib_err) < 0)
		return 21;
	lib_until(engine, process, EXD_PHASE_RUNNING);
	if (lib_monitor(engine, "second") != monitor)
		return 22;
	if (write(exd_process_stdin(process), "\n", 1) != 1 ||
	    exd_process_wait(process, 20000, &status, &lib_err) < 0)
		return 23;
	exd_process_free(process);
	exd_command_free(command);
	exd_engine_close(engine);
	return (int)status.exit_code;
}

START_TEST(test_host_namespaces_are_the_callers)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "first", "exec sleep 60", 0);
	pid_t monitor, child;
	int status = -1;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	monitor = lib_monitor(engine, "first");
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
			_exit(99);
		_exit(run_from_elsewhere(monitor));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	must(exd_delete(engine, "first", true, &lib_err));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	lib_end(engine);
}
END_TEST

START_TEST(test_private_monitor)
{
	struct exd_engine *one = lib_engine(0);
	struct exd_engine *two = lib_engine(EXD_ENGINE_PRIVATE_MONITOR);
	struct exd_process *a = lib_start(one, "a", "sleep 60", 0);
	struct exd_process *b = lib_start(two, "b", "sleep 60", 0);

	lib_until(one, a, EXD_PHASE_RUNNING);
	lib_until(two, b, EXD_PHASE_RUNNING);
	ck_assert_int_ne(lib_monitor(one, "a"), lib_monitor(one, "b"));
	must(exd_delete(one, "b", true, &lib_err));
	must(exd_delete(two, "a", true, &lib_err));
	exd_engine_close(two);
	lib_end(one);
}
END_TEST

/* It ends with its engine, though another one listens to it, and that one takes it for no loss. */
START_TEST(test_private_monitor_with_a_listener)
{
	struct exd_engine *listener = lib_engine(0);
	struct exd_engine *engine = lib_engine(EXD_ENGINE_PRIVATE_MONITOR);
	struct exd_process *process = lib_start(engine, "box", "sleep 0.3; exit 3", EXD_START_EPHEMERAL);
	struct exd_event event;
	pid_t monitor;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	monitor = lib_monitor(engine, "box");
	must(exd_subscribe(listener, 0, &lib_err));
	ck_assert(lib_next_event(listener, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_STARTED);
	must(exd_process_wait(process, 20000, NULL, &lib_err));
	ck_assert(lib_next_event(listener, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_EXITED);
	exd_process_free(process);
	exd_engine_close(engine);
	for (int i = 0; i < 1000 && kill(monitor, 0) == 0; i++) {
		must(exd_engine_dispatch(listener, &lib_err));
		usleep(10000);
	}
	ck_assert_int_lt(kill(monitor, 0), 0);
	must(exd_engine_dispatch(listener, &lib_err));
	event = (struct exd_event){.struct_size = sizeof(event)};
	ck_assert_int_eq(exd_event_next(listener, &event, &lib_err), 0);
	lib_end(listener);
}
END_TEST

/* ---- explain --------------------------------------------------------------------------------- */

START_TEST(test_explain)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("told", "exit 0");
	struct exd_report *report = NULL;
	uint64_t first = 0, second = 0;

	must(exd_report_new(&report, &lib_err));
	must(exd_explain(engine, command, report, &first, &lib_err));
	ck_assert_uint_gt(exd_report_count(report), 5);
	must(exd_explain(engine, command, report, &second, &lib_err));
	ck_assert_uint_eq(first, second);
	exd_report_free(report);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* ---- events ---------------------------------------------------------------------------------- */

START_TEST(test_events)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_event event;
	uint64_t sequence;

	must(exd_subscribe(engine, 0, &lib_err));
	ck_assert_int_eq(lib_run(engine, "exit 14"), 14);
	ck_assert(lib_next_event(engine, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_STARTED);
	ck_assert_int_gt(event.pid, 1);
	sequence = event.sequence;
	ck_assert(lib_next_event(engine, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_EXITED);
	ck_assert_uint_eq(event.exit.exit_code, 14);
	ck_assert_uint_gt(event.sequence, sequence);
	/* Again from the first on: only the second. */
	must(exd_subscribe(engine, sequence, &lib_err));
	ck_assert(lib_next_event(engine, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_EXITED);
	ck_assert_int_eq(exd_event_next(engine, &event, &lib_err), 0);
	lib_end(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("detached");

	lib_add(s, "handles", test_wait_again, test_many_by_dispatch, test_failed_start,
		test_freed_in_hook, test_freed_handle, test_tied_ends_with_engine,
		test_tied_exec_ends_with_engine, test_exec_has_one_flag);
	lib_add(s, "engines", test_found_by_next_engine, test_forced_delete,
		test_two_engines_one_root, test_host_namespaces_are_the_callers,
		test_private_monitor, test_private_monitor_with_a_listener, test_explain,
		test_events);
	return tap_main(s);
}
