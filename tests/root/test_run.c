/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running containers through the library: exit codes, stdio, hooks, exec. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/root/library.h"
#include "tests/tap.h"

/* ---- exit codes ------------------------------------------------------------------------------ */

START_TEST(test_exit_codes)
{
	struct exd_engine *engine = lib_engine(0);

	ck_assert_int_eq(lib_run(engine, "exit 0"), 0);
	ck_assert_int_eq(lib_run(engine, "exit 3"), 3);
	ck_assert_int_eq(lib_run(engine, "exit 42"), 42);
	ck_assert_int_eq(lib_run(engine, "exit 255"), 255);
	lib_end(engine);
}
END_TEST

START_TEST(test_exit_status_fields)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command =
		lib_shell("fields", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7");
	struct exd_exit_status status = STATUS_INIT;

	must(exd_run(engine, command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 7);
	ck_assert_uint_eq(status.signal, 0);
	ck_assert_uint_eq(status.lost, EXD_LOST_NO);
	ck_assert(!status.oom_killed && !status.core_dumped && !status.stdio_held_open);
	ck_assert_uint_gt(status.started_ns, 0);
	ck_assert_uint_gt(status.finished_ns, status.started_ns);
	ck_assert_uint_gt(status.user_us + status.system_us, 0);
	ck_assert_uint_gt(status.maxrss_kb, 0);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* A host compiled against an older, shorter struct. */
START_TEST(test_exit_status_short)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "exit 9");
	struct exd_exit_status status;

	memset(&status, 0x5a, sizeof(status));
	status.struct_size = 8;
	must(exd_run(engine, command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.struct_size, 8);
	ck_assert_uint_eq(status.exit_code, 9);
	ck_assert_uint_eq(status.signal, 0x5a5a5a5a);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_program_not_found)
{
	const char *const args[] = {"/no/such/program", NULL};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_command("absent", args);

	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_EXEC_NOT_FOUND);
	ck_assert_int_eq(exd_error_exit_code(&lib_err), 127);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "/no/such/program"));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_program_not_executable)
{
	const char *const args[] = {"/etc/passwd", NULL};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_command(NULL, args);

	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_EXEC);
	ck_assert_int_eq(exd_error_exit_code(&lib_err), 126);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_id_in_use)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process =
		lib_start(engine, "taken", "sleep 60", EXD_START_TIED | EXD_START_EPHEMERAL);
	struct exd_command *command = lib_shell("taken", "exit 0");

	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_ID_IN_USE);
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	must(exd_kill(engine, "taken", SIGKILL, &lib_err));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	ck_assert_int_eq(lib_run(engine, "exit 4"), 4);
	lib_end(engine);
}
END_TEST

/* ---- stdio ----------------------------------------------------------------------------------- */

START_TEST(test_lent_descriptors)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command =
		lib_shell(NULL, "read line; echo out $line; echo err $line >&2");
	struct exd_stdio stdio = {.struct_size = sizeof(stdio)};
	int in[2], out[2], err[2];
	char text[64];

	ck_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC) && !pipe2(err, O_CLOEXEC));
	stdio.in = in[0];
	stdio.out = out[1];
	stdio.err = err[1];
	ck_assert_int_eq(write(in[1], "x\n", 2), 2);
	must(exd_run(engine, command, &stdio, NULL, NULL, &lib_err));
	close(in[0]);
	close(in[1]);
	close(out[1]);
	close(err[1]);
	lib_read(out[0], text, sizeof(text));
	ck_assert_str_eq(text, "out x\n");
	lib_read(err[0], text, sizeof(text));
	ck_assert_str_eq(text, "err x\n");
	close(out[0]);
	close(err[0]);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_pipes)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_PIPE,
				  .out = EXD_FD_PIPE,
				  .err = EXD_FD_PIPE};
	struct exd_command *command = lib_shell(NULL, "cat; echo done >&2; exit 6");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = NULL;
	char text[64];

	must(exd_start(engine, command, &stdio, NULL, EXD_START_TIED | EXD_START_EPHEMERAL,
		       &process, &lib_err));
	ck_assert_int_eq(write(exd_process_stdin(process), "hello", 5), 5);
	must(exd_process_close_stdin(process, &lib_err));
	must(exd_process_close_stdin(process, &lib_err));
	ck_assert_int_eq(exd_process_stdin(process), -EBADF);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	lib_read(exd_process_stdout(process), text, sizeof(text));
	ck_assert_str_eq(text, "hello");
	lib_read(exd_process_stderr(process), text, sizeof(text));
	ck_assert_str_eq(text, "done\n");
	ck_assert_uint_eq(status.exit_code, 6);
	ck_assert(!status.stdio_held_open);
	exd_process_free(process);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_taken_descriptor)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_NULL,
				  .out = EXD_FD_PIPE,
				  .err = EXD_FD_NULL};
	struct exd_command *command = lib_shell(NULL, "echo taken");
	struct exd_process *process = NULL;
	char text[64];
	int fd;

	must(exd_start(engine, command, &stdio, NULL, EXD_START_TIED | EXD_START_EPHEMERAL,
		       &process, &lib_err));
	fd = exd_process_take_fd(process, 1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(exd_process_take_fd(process, 1), -EBADF);
	ck_assert_int_eq(exd_process_take_fd(process, 2), -EBADF);
	ck_assert_int_eq(exd_process_take_fd(process, 9), -EBADF);
	must(exd_process_wait(process, 20000, NULL, &lib_err));
	exd_process_free(process);
	lib_read(fd, text, sizeof(text));
	ck_assert_str_eq(text, "taken\n");
	close(fd);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_output_file)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_NULL,
				  .out = EXD_FD_OUTPUT,
				  .err = EXD_FD_OUTPUT};
	struct exd_command *command = lib_shell("written", "echo one; echo two >&2");
	struct exd_process *process = NULL;
	char path[128], text[64];
	int fd;

	must(exd_start(engine, command, &stdio, NULL, 0, &process, &lib_err));
	must(exd_process_wait(process, 20000, NULL, &lib_err));
	exd_process_free(process);
	snprintf(path, sizeof(path), "%s/written/output", lib_root());
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	lib_read(fd, text, sizeof(text));
	ck_assert_str_eq(text, "one\ntwo\n");
	close(fd);
	must(exd_delete(engine, "written", false, &lib_err));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_stdio_refused)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_OUTPUT,
				  .out = EXD_FD_NULL,
				  .err = EXD_FD_NULL};
	struct exd_command *command = lib_shell(NULL, "exit 0");

	ck_assert_int_eq(exd_run(engine, command, &stdio, NULL, NULL, &lib_err), -EINVAL);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_INVALID);
	stdio.in = EXD_FD_NULL;
	stdio.err = -9;
	ck_assert_int_eq(exd_run(engine, command, &stdio, NULL, NULL, &lib_err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "stderr"));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* ---- hooks ----------------------------------------------------------------------------------- */

struct seen {
	char order[64];
	pid_t pid;
	const char *id;
	int fail; /* what the hook named by `fail_in` returns */
	const char *fail_in;
	bool oom_fd_open;
	uint32_t exit_code;
	bool is_exec;
};

static int note(struct seen *seen, const char *hook)
{
	strcat(seen->order, hook);
	strcat(seen->order, " ");
	return seen->fail_in && strcmp(seen->fail_in, hook) == 0 ? seen->fail : 0;
}

static int on_pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	struct seen *seen = ctx;

	seen->pid = pid;
	ck_assert_int_eq(exd_process_phase(process), EXD_PHASE_PARKED);
	ck_assert_int_eq(kill(pid, 0), 0);
	return note(seen, "pre_start");
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;

	ck_assert_int_eq(exd_process_phase(process), EXD_PHASE_RUNNING);
	ck_assert_int_eq(exd_process_pid(process), pid);
	ck_assert_int_ge(exd_process_pidfd(process), 0);
	ck_assert_int_eq(exd_wait_fd(process), exd_process_pidfd(process));
	ck_assert_int_eq(exd_process_oom_fd(process), oom_fd);
	if (seen->pid)
		ck_assert_int_eq(pid, seen->pid);
	seen->pid = pid;
	seen->is_exec = exd_process_is_exec(process);
	seen->oom_fd_open = fcntl(oom_fd, F_GETFD) == FD_CLOEXEC;
	if (seen->id)
		ck_assert_str_eq(exd_process_id(process), seen->id);
	return note(seen, "start");
}

static void on_exit_hook(void *ctx, struct exd_process *process,
			 const struct exd_exit_status *status)
{
	struct seen *seen = ctx;

	ck_assert_int_eq(exd_process_phase(process), EXD_PHASE_EXITED);
	seen->exit_code = status->exit_code;
	(void)note(seen, "exit");
}

static void on_post_stop(void *ctx, struct exd_process *process)
{
	(void)note(ctx, "post_stop");
}

static struct exd_hooks all_hooks(struct seen *seen)
{
	return (struct exd_hooks){
		.struct_size = sizeof(struct exd_hooks),
		.ctx = seen,
		.pre_start = on_pre_start,
		.start = on_start,
		.exit = on_exit_hook,
		.post_stop = on_post_stop,
	};
}

START_TEST(test_hooks_in_order)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("hooked", "exit 5");
	struct seen seen = {.id = "hooked"};
	struct exd_hooks hooks = all_hooks(&seen);

	must(exd_run(engine, command, NULL, &hooks, NULL, &lib_err));
	ck_assert_str_eq(seen.order, "pre_start start exit post_stop ");
	ck_assert_uint_eq(seen.exit_code, 5);
	ck_assert(seen.oom_fd_open && !seen.is_exec);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_pre_start_fails)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .err = EXD_FD_NULL};
	struct exd_command *command = lib_shell("refused", "echo began");
	struct seen seen = {.fail_in = "pre_start", .fail = -EACCES};
	struct exd_hooks hooks = all_hooks(&seen);
	char text[16];
	int out[2];

	ck_assert(!pipe2(out, O_CLOEXEC));
	stdio.out = out[1];
	ck_assert_int_eq(exd_run(engine, command, &stdio, &hooks, NULL, &lib_err), -EACCES);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_HOOK);
	ck_assert_str_eq(seen.order, "pre_start post_stop ");
	close(out[1]);
	lib_read(out[0], text, sizeof(text));
	ck_assert_str_eq(text, "");
	close(out[0]);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_start_hook_fails)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("unwanted", "sleep 60");
	struct exd_exit_status status = STATUS_INIT;
	struct seen seen = {.fail_in = "start", .fail = -EPERM};
	struct exd_hooks hooks = all_hooks(&seen);

	ck_assert_int_eq(exd_run(engine, command, NULL, &hooks, &status, &lib_err), -EPERM);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_HOOK);
	ck_assert_str_eq(seen.order, "pre_start start exit post_stop ");
	ck_assert_uint_eq(status.signal, SIGKILL);
	ck_assert_uint_eq(status.exit_code, 137);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

static int dawdle(void *ctx, struct exd_process *process, pid_t pid)
{
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	return 0;
}

static int dawdle_late(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	return dawdle(ctx, process, pid);
}

START_TEST(test_hooks_too_slow)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "sleep 60");
	struct exd_hooks early = {
		.struct_size = sizeof(early), .timeout_ms = 100, .pre_start = dawdle};
	struct exd_hooks late = {
		.struct_size = sizeof(late), .timeout_ms = 100, .start = dawdle_late};

	ck_assert_int_eq(exd_run(engine, command, NULL, &early, NULL, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	ck_assert_int_eq(exd_run(engine, command, NULL, &late, NULL, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

static int wait_for_itself(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	ck_assert_int_eq(exd_process_wait(process, 100, NULL, NULL), -EDEADLK);
	return 0;
}

START_TEST(test_hook_waits_for_itself)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "exit 0");
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .start = wait_for_itself};

	must(exd_run(engine, command, NULL, &hooks, NULL, &lib_err));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* ---- exec ------------------------------------------------------------------------------------ */

START_TEST(test_exec)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *box =
		lib_start(engine, "host", "sleep 60", EXD_START_TIED | EXD_START_EPHEMERAL);
	struct exd_command *command = lib_shell(NULL, "exit 5");
	struct exd_exit_status status = STATUS_INIT;
	struct seen seen = {.id = "host"};
	struct exd_hooks hooks = all_hooks(&seen);

	lib_until(engine, box, EXD_PHASE_RUNNING);
	must(exd_exec(engine, "host", command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 5);
	ck_assert_int_eq(exd_exec(engine, "host", command, NULL, &hooks, &status, &lib_err),
			 -EOPNOTSUPP);
	hooks.pre_start = NULL;
	must(exd_exec(engine, "host", command, NULL, &hooks, &status, &lib_err));
	ck_assert_str_eq(seen.order, "start exit ");
	ck_assert(seen.is_exec);
	ck_assert_int_ne(seen.pid, exd_process_pid(box));
	must(exd_kill(engine, "host", SIGKILL, &lib_err));
	must(exd_process_wait(box, 10000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	exd_process_free(box);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_exec_refused)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *box = lib_start(engine, "over", "exit 0", 0);
	struct exd_command *command = lib_shell(NULL, "exit 5");

	must(exd_process_wait(box, 10000, NULL, &lib_err));
	exd_process_free(box);
	ck_assert_int_lt(exd_exec(engine, "over", command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_lt(exd_exec(engine, "nobody", command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_FOUND);
	must(exd_clean(engine, "over", &lib_err));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("run");

	lib_add(s, "exit", test_exit_codes, test_exit_status_fields, test_exit_status_short,
		test_program_not_found, test_program_not_executable, test_id_in_use);
	lib_add(s, "stdio", test_lent_descriptors, test_pipes, test_taken_descriptor,
		test_output_file, test_stdio_refused);
	lib_add(s, "hooks", test_hooks_in_order, test_pre_start_fails, test_start_hook_fails,
		test_hooks_too_slow, test_hook_waits_for_itself);
	lib_add(s, "exec", test_exec, test_exec_refused);
	return tap_main(s);
}
