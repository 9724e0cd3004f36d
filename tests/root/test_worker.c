/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that a worker of the driver starts: all that holds for others holds for them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/root/worker_rig.h"

/* ---- ends ------------------------------------------------------------------------------------ */

START_TEST(test_exit_codes)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_exit_status status = STATUS_INIT;

	must(worker_run(engine, "good", "exit 0", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 0);
	must(worker_run(engine, "good", "exit 42", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 42);
	ck_assert_uint_eq(status.lost, EXD_LOST_NO);
	ck_assert_uint_gt(status.started_ns, 0);
	ck_assert_uint_ge(status.finished_ns, status.started_ns);
	must(worker_run(engine, "good", "kill -9 $$", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 137);
	ck_assert_uint_eq(status.signal, SIGKILL);
	must(worker_run(engine, "leaky", "exit 5", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 5);
	worker_end(engine);
}
END_TEST

/* Where there is no wait status: all 32 bits, everywhere. */
START_TEST(test_exit_code_of_32_bits)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_command *command = worker_command("box", "code", "exit 2");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = NULL;
	struct exd_box *box = NULL;
	struct exd_event event;

	must(exd_subscribe(engine, 0, &lib_err));
	must(exd_start(engine, command, NULL, NULL, 0, &process, &lib_err));
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 0x80070002u);
	ck_assert_uint_eq(status.signal, 0);
	do
		ck_assert(lib_next_event(engine, &event));
	while (event.type != EXD_EVENT_EXITED);
	ck_assert_uint_eq(event.exit.exit_code, 0x80070002u);
	exd_process_free(process);
	/* From the record. */
	status = (struct exd_exit_status)STATUS_INIT;
	must(exd_wait(engine, "box", 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 0x80070002u);
	must(exd_box_find(engine, "box", &box, &lib_err));
	ck_assert_ptr_nonnull(strstr(exd_box_json(box), "\"exit_code\": 2147942402"));
	exd_box_free(box);
	must(exd_delete(engine, "box", false, &lib_err));
	exd_command_free(command);
	worker_end(engine);
}
END_TEST

/* ---- what goes in and out -------------------------------------------------------------------- */

START_TEST(test_stdio)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_command *command = worker_command(NULL, "good", "read x; echo got $x; echo bad >&2; ls /proc/self/fd");
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_PIPE, .out = EXD_FD_PIPE, .err = EXD_FD_PIPE};
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = NULL;
	char out[256], err[256];

	must(exd_start(engine, command, &stdio, NULL, EXD_START_EPHEMERAL, &process, &lib_err));
	ck_assert_int_eq(write(exd_process_stdin(process), "it\n", 3), 3);
	must(exd_process_close_stdin(process, &lib_err));
	lib_until(engine, process, EXD_PHASE_DONE);
	lib_read(exd_process_stdout(process), out, sizeof(out));
	lib_read(exd_process_stderr(process), err, sizeof(err));
	/* 3 is what ls reads the directory by. */
	ck_assert_str_eq(out, "got it\n0\n1\n2\n3\n");
	ck_assert_str_eq(err, "bad\n");
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert(!status.stdio_held_open);
	exd_process_free(process);
	exd_command_free(command);
	worker_end(engine);
}
END_TEST

START_TEST(test_tty)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_command *command = worker_command(NULL, "good", "read x; test -t 0 && test -t 1 && echo tty $x");
	struct exd_process *process = NULL;
	char out[256];

	must(exd_command_set_bool(command, EXD_KEY_TTY, true, &lib_err));
	must(exd_start(engine, command, NULL, NULL, EXD_START_EPHEMERAL, &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert_int_ge(exd_process_tty(process), 0);
	must(exd_process_resize(process, 33, 99, &lib_err));
	ck_assert_int_eq(write(exd_process_tty(process), "is\n", 3), 3);
	lib_until(engine, process, EXD_PHASE_DONE);
	lib_read(exd_process_tty(process), out, sizeof(out));
	ck_assert_msg(strstr(out, "tty is"), "%s", out);
	exd_process_free(process);
	exd_command_free(command);
	worker_end(engine);
}
END_TEST

START_TEST(test_words_of_the_worker)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks)};
	struct exd_engine *engine = worker_engine("worker");
	char whole[512];

	ck_assert_int_eq(worker_run(engine, "failed", "exit 0", &hooks, NULL), -ENOENT);
	(void)snprintf(whole, sizeof(whole), "the root '/absent%0300d' is not there: 100%% sure", 7);
	ck_assert_str_eq(lib_err.text, whole);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_ROOTFS);
	ck_assert_int_eq(lib_err.sys_errno, ENOENT);
	ck_assert_uint_eq(lib_err.stage, EXD_STAGE_CHILD);
	ck_assert_int_lt(worker_run(engine, "failed-unknown", "exit 0", &hooks, NULL), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_INTERNAL);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "the driver's worker gave no reason"));
	must(worker_run(engine, "warns", "exit 0", &hooks, NULL));
	ck_assert_str_eq(worker_log, "no swap accounting here\n");
	worker_end(engine);
}
END_TEST

/* ---- hooks ----------------------------------------------------------------------------------- */

struct seen {
	char order[16];
	int calls;
	pid_t pid;
	bool parked;   /* the pre_start hook saw a process that had not begun */
	bool pid_same; /* all hooks saw the same */
	int verdict;
	char file[64]; /* what the program makes first */
};

static void note(struct seen *seen, char letter, pid_t pid)
{
	if (seen->calls < 15)
		seen->order[seen->calls++] = letter;
	if (seen->calls == 1)
		seen->pid = pid;
	seen->pid_same = seen->pid_same && pid == seen->pid;
}

static int on_pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	struct seen *seen = ctx;

	seen->pid_same = true;
	note(seen, 'p', pid);
	seen->parked = kill(pid, 0) == 0 && access(seen->file, F_OK) < 0;
	return seen->verdict;
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	note(ctx, 's', pid);
	return 0;
}

static void on_exit_told(void *ctx, struct exd_process *process, const struct exd_exit_status *status)
{
	note(ctx, 'e', exd_process_pid(process));
}

static void on_post_stop(void *ctx, struct exd_process *process)
{
	note(ctx, 'c', exd_process_pid(process));
}

static int run_hooked(struct seen *seen, struct exd_engine *engine, const char *how, char *out, size_t size)
{
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks),
		.ctx = seen,
		.pre_start = on_pre_start,
		.start = on_start,
		.exit = on_exit_told,
		.post_stop = on_post_stop,
	};
	char script[128];
	int r, fd;

	(void)snprintf(seen->file, sizeof(seen->file), "%s/.began", lib_root());
	(void)snprintf(script, sizeof(script), "echo $$ > %s", seen->file);
	r = worker_run(engine, how, script, &hooks, NULL);
	fd = open(seen->file, O_RDONLY | O_CLOEXEC);
	out[0] = '\0';
	if (fd >= 0) {
		lib_read(fd, out, size);
		(void)close(fd);
	}
	(void)unlink(seen->file);
	return r;
}

START_TEST(test_hooks_once_in_order)
{
	struct exd_engine *engine = worker_engine("worker");
	struct seen seen = {0};
	char out[32];

	must(run_hooked(&seen, engine, "good", out, sizeof(out)));
	ck_assert_str_eq(seen.order, "psec");
	ck_assert(seen.parked);
	ck_assert(seen.pid_same);
	ck_assert_int_eq(atoi(out), seen.pid);
	worker_end(engine);
}
END_TEST

/* A program may be quicker than the word that it runs. */
START_TEST(test_init_ends_before_ready)
{
	struct exd_engine *engine = worker_engine("worker");
	struct seen seen = {0};
	char out[32];

	must(run_hooked(&seen, engine, "late-ready", out, sizeof(out)));
	ck_assert_str_eq(seen.order, "psec");
	ck_assert(seen.pid_same);
	ck_assert_int_eq(atoi(out), seen.pid);
	worker_end(engine);
}
END_TEST

START_TEST(test_pre_start_aborts)
{
	struct exd_engine *engine = worker_engine("worker");
	struct seen seen = {.verdict = -EACCES};
	char out[32];

	ck_assert_int_eq(run_hooked(&seen, engine, "good", out, sizeof(out)), -EACCES);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_HOOK);
	ck_assert_str_eq(seen.order, "pc");
	ck_assert_str_eq(out, "");
	ck_assert(kill(seen.pid, 0) < 0 && errno == ESRCH);
	worker_end(engine);
}
END_TEST

/* ---- control --------------------------------------------------------------------------------- */

START_TEST(test_signals_reach_init)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *process =
		worker_start(engine, "box", "good", "trap 'exit 9' USR1; while :; do sleep 0.01; done", 0);
	struct exd_exit_status status = STATUS_INIT;

	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_RUNNING);
	/* The shell may not have come to its trap yet: 0 asks whether it is there. */
	must(exd_kill(engine, "box", 0, &lib_err));
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	ck_assert(!status.oom_killed);
	ck_assert_int_eq(exd_kill(engine, "box", SIGTERM, &lib_err), -ESRCH);
	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_STOPPED);
	exd_process_free(process);
	must(exd_delete(engine, "box", false, &lib_err));
	process = worker_start(engine, "box", "good", "exec sleep 30", 0);
	must(exd_delete(engine, "box", true, &lib_err));
	exd_process_free(process);
	worker_end(engine);
}
END_TEST

/* A service that is stopped as a whole must not take the worker along: it is where the monitor goes. */
START_TEST(test_worker_leaves_the_cgroups_of_its_host)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *process = worker_start(engine, "box", "good", "exec sleep 30", 0);
	char its[4096], worker[4096];

	/* The monitor moves before it starts one. */
	worker_cgroups(lib_monitor(engine, "box"), its, sizeof(its));
	worker_cgroups(worker_parent(exd_process_pid(process)), worker, sizeof(worker));
	ck_assert_str_eq(worker, its);
	exd_process_free(process);
	must(exd_delete(engine, "box", true, &lib_err));
	worker_end(engine);
}
END_TEST

START_TEST(test_exec)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *process = worker_start(engine, "box", "good", "exec sleep 30", EXD_START_EPHEMERAL);
	struct exd_command *command = worker_command(NULL, "good", "echo $$; exit 12");
	struct exd_stdio stdio = {.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .out = EXD_FD_PIPE, .err = EXD_FD_NULL};
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *exec = NULL;
	char out[32];

	must(exd_exec_start(engine, "box", command, &stdio, NULL, 0, &exec, &lib_err));
	lib_until(engine, exec, EXD_PHASE_DONE);
	lib_read(exd_process_stdout(exec), out, sizeof(out));
	ck_assert_int_eq(atoi(out), exd_process_pid(exec));
	must(exd_process_wait(exec, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 12);
	exd_process_free(exec);
	exd_command_free(command);
	/* One that is lost takes nothing else along. */
	command = worker_command(NULL, "liar", "exec sleep 30");
	ck_assert_int_lt(exd_exec(engine, "box", command, NULL, NULL, &status, &lib_err), 0);
	ck_assert_uint_eq(status.lost, EXD_LOST_WORKER);
	exd_command_free(command);
	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_RUNNING);
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(process, 20000, &status, &lib_err));
	exd_process_free(process);
	worker_end(engine);
}
END_TEST

/* ---- elsewhere ------------------------------------------------------------------------------- */

START_TEST(test_remote)
{
	struct exd_engine *engine = worker_engine("remote");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process;

	must(worker_run(engine, "remote-code", "exit 2", NULL, &status));
	ck_assert_uint_eq(status.exit_code, 0x80070002u);
	process = worker_start(engine, "box", "remote-good", "exec sleep 30", 0);
	ck_assert_int_eq(exd_process_pid(process), 0);
	ck_assert_int_ge(exd_wait_fd(process), 0);
	ck_assert_int_ge(exd_process_oom_fd(process), 0);
	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_RUNNING);
	must(exd_kill(engine, "box", SIGTERM, &lib_err));
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.signal, SIGTERM);
	exd_process_free(process);
	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_STOPPED);
	must(exd_delete(engine, "box", false, &lib_err));
	worker_end(engine);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("worker");

	lib_add(s, "end", test_exit_codes, test_exit_code_of_32_bits);
	lib_add(s, "stdio", test_stdio, test_tty, test_words_of_the_worker);
	lib_add(s, "hooks", test_hooks_once_in_order, test_init_ends_before_ready, test_pre_start_aborts);
	lib_add(s, "control", test_signals_reach_init, test_worker_leaves_the_cgroups_of_its_host, test_exec, test_remote);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
