/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers of hcs-stub through the library: hooks, OOM channel, ends, hosts that come later. */
#include "tests/root/library.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct exd_engine *open_engine(void)
{
	struct exd_engine_config config = {
		.struct_size = sizeof(config),
		.root = lib_root(),
		.driver = "hcs-stub",
	};
	struct exd_engine *engine = NULL;

	must(exd_engine_open(&engine, &config, &lib_err));
	return engine;
}

/* What the hooks saw, in order. */
struct seen {
	char order[8];
	pid_t pid;
	ssize_t oom;
};

static void note(struct seen *seen, char what)
{
	size_t size = strlen(seen->order);

	if (size + 1 < sizeof(seen->order))
		seen->order[size] = what;
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;
	struct pollfd p = {.fd = oom_fd, .events = POLLIN};
	char byte;

	note(seen, 's');
	seen->pid = pid;
	seen->oom = poll(&p, 1, 5000) == 1 ? read(oom_fd, &byte, 1) : -1;
	return 0;
}

static void on_exit_hook(void *ctx, struct exd_process *process,
			 const struct exd_exit_status *status)
{
	note(ctx, status->exit_code == 9 ? 'e' : '?');
}

static void on_post_stop(void *ctx, struct exd_process *process)
{
	note(ctx, 'p');
}

static struct exd_hooks hooks_of(struct seen *seen)
{
	return (struct exd_hooks){
		.struct_size = sizeof(struct exd_hooks),
		.ctx = seen,
		.start = on_start,
		.exit = on_exit_hook,
		.post_stop = on_post_stop,
	};
}

START_TEST(test_hooks_and_oom_channel)
{
	struct exd_engine *engine = open_engine();
	struct exd_command *command = lib_shell(NULL, "exit 9");
	struct exd_exit_status status = STATUS_INIT;
	struct seen seen = {.oom = -1};
	struct exd_hooks hooks = hooks_of(&seen);

	must(exd_run(engine, command, NULL, &hooks, &status, &lib_err));
	ck_assert_str_eq(seen.order, "sep");
	ck_assert_int_gt(seen.pid, 1);
	ck_assert_int_eq(seen.oom, 0);
	ck_assert_uint_eq(status.exit_code, 9);
	ck_assert_uint_eq(status.oom_kills, 0);
	ck_assert_uint_eq(status.lost, EXD_LOST_NO);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

static int refuse_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	*(pid_t *)ctx = pid;
	return -ECANCELED;
}

START_TEST(test_start_hook_that_fails_ends_it)
{
	struct exd_engine *engine = open_engine();
	struct exd_command *command = lib_shell(NULL, "sleep 1000");
	struct exd_exit_status status = STATUS_INIT;
	pid_t pid = 0;
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = &pid, .start = refuse_start};

	ck_assert_int_lt(exd_run(engine, command, NULL, &hooks, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_HOOK);
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, 0), -1);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

static int on_pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	note(ctx, '0');
	return 0;
}

START_TEST(test_pre_start_is_not_to_be_had)
{
	struct exd_engine *engine = open_engine();
	struct exd_command *command = lib_shell(NULL, "exit 0");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_hooks hooks = {.struct_size = sizeof(hooks)};
	struct seen seen = {.oom = -1};

	hooks.ctx = &seen;
	hooks.pre_start = on_pre_start;
	ck_assert_int_lt(exd_run(engine, command, NULL, &hooks, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_UNSUPPORTED);
	ck_assert_str_eq(seen.order, "");
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* By whoever comes next: it finds pid, processes and code, and may start more inside. */
START_TEST(test_another_host_takes_over)
{
	struct exd_engine *engine = open_engine();
	struct exd_process *process = lib_start(engine, "box", "sleep 0.6; exit 7", 0);
	struct exd_info info = {.struct_size = sizeof(info)};
	struct exd_exit_status status = STATUS_INIT;
	struct exd_command *command;
	pid_t pids[8], pid;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	pid = exd_process_pid(process);
	exd_engine_close(engine);

	engine = open_engine();
	must(exd_info(engine, "box", &info, &lib_err));
	ck_assert(info.running && !info.paused);
	ck_assert_str_eq(info.isolation, "process");
	ck_assert_int_ge(exd_pids(engine, "box", pids, 8, &lib_err), 1);
	ck_assert_int_eq(pids[0], pid);
	command = lib_shell(NULL, "exit 3");
	must(exd_exec(engine, "box", command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 3);
	must(exd_wait(engine, "box", 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 7);
	must(exd_info(engine, "box", &info, &lib_err));
	ck_assert(!info.running);
	must(exd_delete(engine, "box", false, &lib_err));
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_terminate_by_the_record)
{
	struct exd_engine *engine = open_engine();
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process =
		lib_start(engine, "box", "sleep 1000 & exec sleep 1000", 0);
	pid_t pids[8];
	int count;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	count = exd_pids(engine, "box", pids, 8, &lib_err);
	ck_assert_int_ge(count, 1);
	must(exd_terminate(engine, "box", &lib_err));
	must(exd_wait(engine, "box", 20000, &status, &lib_err));
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(kill(pids[i], 0), -1);
	must(exd_terminate(engine, "box", &lib_err));
	must(exd_delete(engine, "box", false, &lib_err));
	ck_assert_int_lt(exd_delete(engine, "box", false, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_FOUND);
	lib_end(engine);
}
END_TEST

START_TEST(test_refused_verbs_of_a_running_one)
{
	struct exd_engine *engine = open_engine();
	struct exd_process *process = lib_start(engine, "box", "sleep 1000", 0);
	struct exd_command *limits = NULL;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert_int_eq(exd_pause(engine, "box", &lib_err), -EOPNOTSUPP);
	ck_assert_str_eq(lib_err.text, "Windows: Containers cannot be paused");
	must(exd_command_new(&limits, &lib_err));
	ck_assert_int_eq(exd_update(engine, "box", limits, &lib_err), -EOPNOTSUPP);
	ck_assert_str_eq(lib_err.text, "Windows: Update not implemented");
	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_RUNNING);
	must(exd_delete(engine, "box", true, &lib_err));
	exd_command_free(limits);
	lib_end(engine);
}
END_TEST

#define MANY 12

/* One service, and a line of its own for each container. */
START_TEST(test_many_side_by_side)
{
	struct exd_engine *engine = open_engine();
	struct exd_process *all[MANY];

	for (int i = 0; i < MANY; i++) {
		char script[48], id[16];

		snprintf(script, sizeof(script), "sleep 0.2; exit %d", i + 1);
		snprintf(id, sizeof(id), "box%d", i);
		all[i] = lib_start(engine, id, script, 0);
	}
	for (int i = 0; i < MANY; i++) {
		struct exd_exit_status status = STATUS_INIT;
		char id[16];

		snprintf(id, sizeof(id), "box%d", i);
		must(exd_process_wait(all[i], 30000, &status, &lib_err));
		ck_assert_uint_eq(status.exit_code, (uint32_t)i + 1);
		exd_process_free(all[i]);
		must(exd_delete(engine, id, true, &lib_err));
	}
	lib_end(engine);
}
END_TEST

START_TEST(test_pipes)
{
	struct exd_engine *engine = open_engine();
	struct exd_command *command = lib_shell(NULL, "cat; echo err >&2");
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_PIPE,
				  .out = EXD_FD_PIPE,
				  .err = EXD_FD_PIPE};
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = NULL;
	char text[64];

	must(exd_start(engine, command, &stdio, NULL, EXD_START_TIED | EXD_START_EPHEMERAL,
		       &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert_int_eq(write(exd_process_stdin(process), "through", 7), 7);
	must(exd_process_close_stdin(process, &lib_err));
	lib_read(exd_process_stdout(process), text, sizeof(text));
	ck_assert_str_eq(text, "through");
	lib_read(exd_process_stderr(process), text, sizeof(text));
	ck_assert_str_eq(text, "err\n");
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 0);
	exd_process_free(process);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs");

	lib_add(s, "hcs", test_hooks_and_oom_channel, test_start_hook_that_fails_ends_it,
		test_pre_start_is_not_to_be_had, test_another_host_takes_over,
		test_terminate_by_the_record, test_refused_verbs_of_a_running_one,
		test_many_side_by_side, test_pipes);
	return tap_main(s);
}
