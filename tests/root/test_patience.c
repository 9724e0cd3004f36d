/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long calls wait: for monitors that stand still, for hooks; and what is refused at once. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/root/library.h"

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- monitors that stand still --------------------------------------------------------------- */

struct still {
	struct exd_engine *engine;
	struct exd_process *process;
	pid_t monitor;
};

static struct still stand_still(void)
{
	struct still s = {.engine = lib_engine(0)};

	s.process = lib_start(s.engine, "box", "sleep 100", 0);
	lib_until(s.engine, s.process, EXD_PHASE_RUNNING);
	s.monitor = lib_monitor(s.engine, "box");
	kill(s.monitor, SIGSTOP);
	return s;
}

static void go_on(struct still *s)
{
	kill(s->monitor, SIGCONT);
	must(exd_delete(s->engine, "box", true, &lib_err));
	must(exd_process_wait(s->process, 10000, NULL, &lib_err));
	exd_process_free(s->process);
	lib_end(s->engine);
}

START_TEST(test_looking_needs_no_monitor)
{
	struct still s = stand_still();
	double began = seconds();

	ck_assert_int_eq(lib_status(s.engine, "box"), EXD_STATUS_RUNNING);
	must(exd_pause(s.engine, "box", &lib_err));
	must(exd_unpause(s.engine, "box", &lib_err));
	ck_assert(seconds() - began < 5);
	go_on(&s);
}
END_TEST

START_TEST(test_wait_keeps_its_time)
{
	struct still s = stand_still();
	double began = seconds();

	ck_assert_int_eq(exd_wait(s.engine, "box", 100, NULL, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	ck_assert(seconds() - began < 5);
	go_on(&s);
}
END_TEST

START_TEST(test_dispatch_does_not_wait)
{
	struct still s = stand_still();
	struct exd_engine *other = lib_engine(0);
	struct exd_event event;
	double began = seconds();

	must(exd_subscribe(other, 0, &lib_err));
	must(exd_engine_dispatch(other, &lib_err));
	ck_assert(seconds() - began < 5);
	/* What it has to tell comes when it goes on. */
	kill(s.monitor, SIGCONT);
	ck_assert(lib_next_event(other, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_STARTED);
	ck_assert_str_eq(event.id, "box");
	exd_engine_close(other);
	go_on(&s);
}
END_TEST

START_TEST(test_start_is_given_up)
{
	const struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 100};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("late", "exit 3");
	struct exd_process *process;
	struct still s = {.engine = engine};
	struct exd_box *box = NULL;

	process = lib_start(engine, "box", "sleep 100", 0);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	/* It leaves an idle connection, on which nothing shows that nobody reads. */
	ck_assert_int_eq(lib_run(engine, "exit 4"), 4);
	s.process = process;
	s.monitor = lib_monitor(engine, "box");
	kill(s.monitor, SIGSTOP);
	ck_assert_int_eq(exd_run(engine, command, NULL, &hooks, NULL, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	kill(s.monitor, SIGCONT);
	exd_command_free(command);
	/* Its monitor finds that nobody wants it any more. */
	ck_assert_int_eq(lib_run(engine, "exit 5"), 5);
	ck_assert_int_eq(exd_box_find(engine, "late", &box, &lib_err), -ENOENT);
	go_on(&s);
}
END_TEST

/* Two connections that serve nothing now: on such, nothing shows that nobody reads. */
static void leave_two_idle(struct exd_engine *engine)
{
	struct exd_process *both[] = {
		lib_start(engine, "one", "sleep 0.1", EXD_START_EPHEMERAL),
		lib_start(engine, "two", "sleep 0.1", EXD_START_EPHEMERAL),
	};

	for (int i = 0; i < 2; i++) {
		must(exd_process_wait(both[i], 20000, NULL, &lib_err));
		exd_process_free(both[i]);
	}
}

static void assert_given_up(struct exd_engine *engine, struct exd_process *process)
{
	lib_until(engine, process, EXD_PHASE_FAILED);
	ck_assert_int_eq(exd_process_wait(process, 0, NULL, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	exd_process_free(process);
}

START_TEST(test_dispatch_gives_starts_up)
{
	const struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 100};
	struct still s = {.engine = lib_engine(0)};
	struct exd_command *command = lib_shell("late", "exit 3");
	struct exd_command *further = lib_shell(NULL, "sleep 100");
	struct exd_process *start = NULL, *exec = NULL;
	struct exd_box *box = NULL;

	s.process = lib_start(s.engine, "box", "exec sleep 100", 0);
	lib_until(s.engine, s.process, EXD_PHASE_RUNNING);
	leave_two_idle(s.engine);
	s.monitor = lib_monitor(s.engine, "box");
	kill(s.monitor, SIGSTOP);
	must(exd_start(s.engine, command, NULL, &hooks, 0, &start, &lib_err));
	must(exd_exec_start(s.engine, "box", further, NULL, &hooks, 0, &exec, &lib_err));
	assert_given_up(s.engine, start);
	assert_given_up(s.engine, exec);
	ck_assert_int_eq(exd_process_phase(s.process), EXD_PHASE_RUNNING);
	kill(s.monitor, SIGCONT);
	exd_command_free(command);
	exd_command_free(further);
	/* Its monitor finds that nobody wants them any more. */
	ck_assert_int_eq(lib_run(s.engine, "exit 5"), 5);
	ck_assert_int_eq(exd_box_find(s.engine, "late", &box, &lib_err), -ENOENT);
	for (int i = 0; i < 200 && exd_pids(s.engine, "box", NULL, 0, NULL) != 1; i++)
		(void)poll(NULL, 0, 50);
	ck_assert_int_eq(exd_pids(s.engine, "box", NULL, 0, &lib_err), 1);
	go_on(&s);
}
END_TEST

/* ---- events of monitors that others start ---------------------------------------------------- */

START_TEST(test_events_of_later_monitors)
{
	struct exd_engine *listener = lib_engine(0);
	struct exd_engine *engine;
	struct exd_process *process;
	struct exd_event event;

	must(exd_subscribe(listener, 0, &lib_err));
	engine = lib_engine(EXD_ENGINE_PRIVATE_MONITOR);
	process = lib_start(engine, "box", "sleep 0.2; exit 6", EXD_START_EPHEMERAL);
	ck_assert(lib_next_event(listener, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_STARTED);
	ck_assert_str_eq(event.id, "box");
	must(exd_process_wait(process, 20000, NULL, &lib_err));
	ck_assert(lib_next_event(listener, &event));
	ck_assert_uint_eq(event.type, EXD_EVENT_EXITED);
	ck_assert_uint_eq(event.exit.exit_code, 6);
	exd_process_free(process);
	exd_engine_close(engine);
	lib_end(listener);
}
END_TEST

/* ---- hooks ----------------------------------------------------------------------------------- */

struct seen {
	int pidfd;
	bool same;
	int pause_ms;
};

static void pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

static int on_pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	struct seen *seen = ctx;

	seen->pidfd = exd_wait_fd(process);
	pause_ms(seen->pause_ms);
	return 0;
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;

	seen->same = seen->pidfd >= 0 && exd_wait_fd(process) == seen->pidfd;
	pause_ms(seen->pause_ms);
	return 0;
}

START_TEST(test_lent_pidfd_stays)
{
	struct seen seen = {.pidfd = -1};
	const struct exd_hooks hooks = {.struct_size = sizeof(hooks),
					.ctx = &seen,
					.pre_start = on_pre_start,
					.start = on_start};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "exit 0");

	must(exd_run(engine, command, NULL, &hooks, NULL, &lib_err));
	ck_assert(seen.same);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_hooks_share_one_timeout)
{
	struct seen seen = {.pause_ms = 700};
	const struct exd_hooks hooks = {.struct_size = sizeof(hooks),
					.timeout_ms = 1000,
					.ctx = &seen,
					.pre_start = on_pre_start,
					.start = on_start};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell(NULL, "sleep 10");

	ck_assert_int_eq(exd_run(engine, command, NULL, &hooks, NULL, &lib_err), -ETIMEDOUT);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TIMEOUT);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* ---- refused at once ------------------------------------------------------------------------- */

START_TEST(test_descriptor_that_is_not_open)
{
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_NULL,
				  .out = 1000000,
				  .err = EXD_FD_NULL};
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("box", "exit 0");

	ck_assert_int_eq(exd_run(engine, command, &stdio, NULL, NULL, &lib_err), -EBADF);
	ck_assert_msg(strstr(lib_err.text, "stdout of 'box'") != NULL, "%s", lib_err.text);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

START_TEST(test_forgotten_struct_size)
{
	struct exd_engine *engine = lib_engine(0), *other = NULL;
	struct exd_command *command = lib_shell("box", "exit 0");
	struct exd_engine_config config = {.root = lib_root()};
	struct exd_stdio stdio = {.out = EXD_FD_PIPE};
	struct exd_hooks hooks = {.start = on_start};
	struct exd_exit_status status = {.struct_size = 0};
	struct exd_mount mount = {.target = "/x"};
	struct exd_event event = {.struct_size = 0};
	struct exd_stats stats = {.struct_size = 0};

	ck_assert_int_eq(exd_engine_open(&other, &config, &lib_err), -EINVAL);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(lib_err.text, "struct exd_engine_config"));
	ck_assert_int_eq(exd_run(engine, command, &stdio, NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(exd_run(engine, command, NULL, &hooks, NULL, NULL), -EINVAL);
	ck_assert_int_eq(exd_run(engine, command, NULL, NULL, &status, NULL), -EINVAL);
	ck_assert_int_eq(exd_wait(engine, "box", 0, &status, NULL), -EINVAL);
	ck_assert_int_eq(exd_command_add_mount(command, &mount, NULL), -EINVAL);
	ck_assert_int_eq(exd_event_next(engine, &event, NULL), -EINVAL);
	ck_assert_int_eq(exd_stats(engine, "box", &stats, NULL), -EINVAL);
	config = (struct exd_engine_config){
		.struct_size = sizeof(config), .root = lib_root(), .flags = 1 << 7};
	ck_assert_int_eq(exd_engine_open(&other, &config, &lib_err), -EINVAL);
	ck_assert_ptr_null(other);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("patience");

	lib_add(s, "still", test_looking_needs_no_monitor, test_wait_keeps_its_time,
		test_dispatch_does_not_wait, test_start_is_given_up, test_dispatch_gives_starts_up);
	lib_add(s, "events", test_events_of_later_monitors);
	lib_add(s, "hooks", test_lent_pidfd_stays, test_hooks_share_one_timeout);
	lib_add(s, "refused", test_descriptor_that_is_not_open, test_forgotten_struct_size);
	return tap_main(s);
}
