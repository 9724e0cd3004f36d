/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers whose init is not their only process: what else lives in them at its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define PIDS_MAX 16

/* All processes of a container. */
struct crowd {
	pid_t pids[PIDS_MAX];
	int fds[PIDS_MAX];
	int count;
	int alive_at_exit;
};

static struct exd_stdio pipes(void)
{
	return (struct exd_stdio){
		.struct_size = sizeof(struct exd_stdio), .in = EXD_FD_PIPE, .out = EXD_FD_PIPE, .err = EXD_FD_NULL};
}

static int crowd_alive(const struct crowd *crowd)
{
	int alive = 0;

	for (int i = 0; i < crowd->count; i++)
		alive += tiny_alive(crowd->fds[i], crowd->pids[i]);
	return alive;
}

static void crowd_open(struct crowd *crowd, struct exd_engine *engine, const char *id)
{
	int count = exd_pids(engine, id, crowd->pids, PIDS_MAX, &lib_err);

	must(count);
	ck_assert_int_le(count, PIDS_MAX);
	crowd->count = count;
	for (int i = 0; i < count; i++)
		crowd->fds[i] = tiny_pidfd(crowd->pids[i]);
	ck_assert_int_eq(crowd_alive(crowd), count);
}

static void crowd_close(struct crowd *crowd)
{
	for (int i = 0; i < crowd->count; i++)
		close(crowd->fds[i]);
}

static void on_exit_told(void *ctx, struct exd_process *process, const struct exd_exit_status *status)
{
	struct crowd *crowd = ctx;

	crowd->alive_at_exit = crowd_alive(crowd);
}

static struct exd_process *start(struct exd_engine *engine, struct exd_command *command, const struct exd_stdio *stdio,
				 const struct exd_hooks *hooks)
{
	struct exd_process *process = NULL;

	must(exd_start(engine, command, stdio, hooks, EXD_START_TIED | EXD_START_EPHEMERAL, &process, &lib_err));
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

static void wait_ready(struct exd_process *process)
{
	char byte = 0;

	ck_assert_int_eq(read(exd_process_stdout(process), &byte, 1), 1);
	ck_assert_int_eq(byte, 'r');
}

static void set_pid_namespace(struct exd_command *command, bool own)
{
	if (!own)
		must(exd_command_set_string(command, EXD_KEY_PID_NAMESPACE, "host", &lib_err));
}

/* ---- daemons that fork ---------------------------------------------------------------------------------- */

static void end_server(bool own_pids, bool by_signal)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = tiny_command("server", "server", "21");
	struct exd_exit_status status = STATUS_INIT;
	struct crowd crowd = {.alive_at_exit = -1};
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = &crowd, .exit = on_exit_told};
	struct exd_stdio stdio = pipes();
	struct exd_process *process;

	set_pid_namespace(command, own_pids);
	process = start(engine, command, &stdio, &hooks);
	wait_ready(process);
	crowd_open(&crowd, engine, "server");
	ck_assert_int_eq(crowd.count, 6);
	if (by_signal)
		must(exd_kill(engine, "server", SIGKILL, &lib_err));
	else
		ck_assert_int_eq(write(exd_process_stdin(process), "x", 1), 1);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, by_signal ? 137 : 21);
	ck_assert_int_eq(crowd.alive_at_exit, 0);
	/* They held stdout until they were killed, before the drain began. */
	ck_assert(!status.stdio_held_open);
	crowd_close(&crowd);
	exd_process_free(process);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_daemon_killed)
{
	end_server(true, true);
}
END_TEST

START_TEST(test_daemon_killed_without_pid_namespace)
{
	end_server(false, true);
}
END_TEST

START_TEST(test_daemon_ends)
{
	end_server(true, false);
}
END_TEST

START_TEST(test_daemon_ends_without_pid_namespace)
{
	end_server(false, false);
}
END_TEST

/* By its record: terminate ends all at once, whoever ignores signals. */
static void terminate_server(bool own_pids)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = tiny_command("server", "server", "21");
	struct exd_stdio stdio = pipes();
	struct exd_exit_status status = STATUS_INIT;
	struct crowd crowd = {0};
	struct exd_process *process;

	set_pid_namespace(command, own_pids);
	process = start(engine, command, &stdio, NULL);
	wait_ready(process);
	crowd_open(&crowd, engine, "server");
	must(exd_pause(engine, "server", &lib_err));
	must(exd_terminate(engine, "server", &lib_err));
	ck_assert_int_eq(crowd_alive(&crowd), 0);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	crowd_close(&crowd);
	exd_process_free(process);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_daemon_terminated_while_paused)
{
	terminate_server(true);
}
END_TEST

START_TEST(test_daemon_terminated_while_paused_without_pid_namespace)
{
	terminate_server(false);
}
END_TEST

/* ---- stdio that somebody holds -------------------------------------------------------------------------- */

/* Another one outside got hold of the container's stdout. */
static int steal_stdout(const struct exd_process *process)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/1", (int)exd_process_pid(process));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

START_TEST(test_stdout_held_open)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = pipes();
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process;
	char text[8] = "";
	int held;

	stdio.drain_ms = 50;
	process = start(engine, tiny_command("held", "told", "22"), &stdio, NULL);
	held = steal_stdout(process);
	ck_assert_int_eq(write(exd_process_stdin(process), "x", 1), 1);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 22);
	ck_assert(status.stdio_held_open);
	/* The pipe itself is not taken away from them. */
	ck_assert_int_eq(write(held, "late", 4), 4);
	close(held);
	lib_read(exd_process_stdout(process), text, sizeof(text));
	ck_assert_str_eq(text, "late");
	exd_process_free(process);
	lib_end(engine);
	tiny_remove();
}
END_TEST

struct holder {
	int pidfd;
	int held;
};

static void *let_go_after_the_end(void *arg)
{
	struct holder *holder = arg;
	struct pollfd p = {.fd = holder->pidfd, .events = POLLIN};

	(void)poll(&p, 1, 20000);
	tiny_nap();
	(void)!write(holder->held, "last", 4);
	close(holder->held);
	return NULL;
}

/* The grace is as long as the test may take: only the end of the pipe can end it. */
START_TEST(test_stdout_let_go)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = pipes();
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process;
	struct holder holder;
	pthread_t thread;
	char text[8] = "";

	stdio.drain_ms = 600000;
	process = start(engine, tiny_command("held", "told", "23"), &stdio, NULL);
	holder = (struct holder){.pidfd = exd_process_pidfd(process), .held = steal_stdout(process)};
	ck_assert_int_eq(pthread_create(&thread, NULL, let_go_after_the_end, &holder), 0);
	ck_assert_int_eq(write(exd_process_stdin(process), "x", 1), 1);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	pthread_join(thread, NULL);
	ck_assert_uint_eq(status.exit_code, 23);
	ck_assert(!status.stdio_held_open);
	lib_read(exd_process_stdout(process), text, sizeof(text));
	ck_assert_str_eq(text, "last");
	exd_process_free(process);
	lib_end(engine);
	tiny_remove();
}
END_TEST

/* ---- exec ----------------------------------------------------------------------------------------------- */

static void end_below_exec(bool own_pids)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = tiny_command("box", "told", "24");
	const char *const args[] = {"/inside", "rest", NULL};
	struct exd_command *further = lib_command(NULL, args);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_stdio stdio = pipes();
	struct exd_process *box, *exec = NULL;

	set_pid_namespace(command, own_pids);
	box = start(engine, command, &stdio, NULL);
	must(exd_exec_start(engine, "box", further, NULL, NULL, 0, &exec, &lib_err));
	exd_command_free(further);
	lib_until(engine, exec, EXD_PHASE_RUNNING);
	ck_assert_int_eq(exd_pids(engine, "box", NULL, 0, &lib_err), 2);
	ck_assert_int_eq(write(exd_process_stdin(box), "x", 1), 1);
	must(exd_process_wait(box, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 24);
	must(exd_process_wait(exec, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	ck_assert_uint_eq(status.signal, SIGKILL);
	ck_assert(!status.oom_killed && !status.lost);
	exd_process_free(exec);
	exd_process_free(box);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_init_ends_before_exec)
{
	end_below_exec(true);
}
END_TEST

START_TEST(test_init_ends_before_exec_without_pid_namespace)
{
	end_below_exec(false);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemons");

	lib_add(s, "forks", test_daemon_killed, test_daemon_killed_without_pid_namespace, test_daemon_ends,
		test_daemon_ends_without_pid_namespace, test_daemon_terminated_while_paused,
		test_daemon_terminated_while_paused_without_pid_namespace);
	lib_add(s, "stdio", test_stdout_held_open, test_stdout_let_go);
	lib_add(s, "exec", test_init_ends_before_exec, test_init_ends_before_exec_without_pid_namespace);
	return tap_main(s);
}
