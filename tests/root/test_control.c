/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done to a container by its id, and terminals. */
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

struct fixture {
	struct exd_engine *engine;
	struct exd_process *process;
};

static struct fixture begin(const char *script)
{
	struct fixture f;

	f.engine = lib_engine(0);
	f.process = lib_start(f.engine, "box", script, 0);
	lib_until(f.engine, f.process, EXD_PHASE_RUNNING);
	return f;
}

static void end(struct fixture *f)
{
	must(exd_delete(f->engine, "box", true, &lib_err));
	must(exd_process_wait(f->process, 10000, NULL, &lib_err));
	exd_process_free(f->process);
	lib_end(f->engine);
}

START_TEST(test_kill)
{
	struct fixture f = begin("trap 'exit 33' USR1; echo x; while :; do sleep 0.02; done");
	struct exd_exit_status status = STATUS_INIT;

	ck_assert_int_eq(exd_kill(f.engine, "box", -1, &lib_err), -EINVAL);
	ck_assert_int_eq(exd_kill(f.engine, "box", 65, &lib_err), -EINVAL);
	must(exd_kill(f.engine, "box", 0, &lib_err));
	/* Until its trap is there it is init, and ignores the signal; and it may end at any time. */
	do
		ck_assert_msg(exd_kill(f.engine, "box", SIGUSR1, &lib_err) == 0 ||
				      lib_err.code == EXD_ERR_NOT_RUNNING,
			      "%s", lib_err.text);
	while (exd_process_wait(f.process, 50, &status, NULL) == -ETIMEDOUT);
	ck_assert_uint_eq(status.exit_code, 33);
	ck_assert_int_lt(exd_kill(f.engine, "box", 0, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_lt(exd_kill(f.engine, "../box", 0, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_ID);
	end(&f);
}
END_TEST

START_TEST(test_pause)
{
	struct fixture f = begin("sleep 60");
	struct exd_info info = {.struct_size = sizeof(info)};
	struct exd_command *command = lib_shell(NULL, "exit 0");

	must(exd_info(f.engine, "box", &info, &lib_err));
	ck_assert(info.running && !info.paused);
	ck_assert_str_ne(info.driver, "");
	ck_assert_int_lt(exd_unpause(f.engine, "box", &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_PAUSED);
	must(exd_pause(f.engine, "box", &lib_err));
	ck_assert_int_eq(lib_status(f.engine, "box"), EXD_STATUS_PAUSED);
	ck_assert_int_lt(exd_pause(f.engine, "box", &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_PAUSED);
	ck_assert_int_lt(exd_exec(f.engine, "box", command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_PAUSED);
	must(exd_unpause(f.engine, "box", &lib_err));
	ck_assert_int_eq(lib_status(f.engine, "box"), EXD_STATUS_RUNNING);
	must(exd_exec(f.engine, "box", command, NULL, NULL, NULL, &lib_err));
	must(exd_pause(f.engine, "box", &lib_err));
	exd_command_free(command);
	end(&f);
}
END_TEST

START_TEST(test_pids_and_stats)
{
	struct fixture f = begin("sleep 60 & sleep 60 & wait");
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	pid_t pids[8];
	int count = 0;

	for (int i = 0; i < 200 && count < 3; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		count = exd_pids(f.engine, "box", pids, 8, &lib_err);
		must(count);
	}
	ck_assert_int_eq(count, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(kill(pids[i], 0), 0);
	ck_assert_int_eq(exd_pids(f.engine, "box", NULL, 0, &lib_err), 3);
	must(exd_stats(f.engine, "box", &stats, &lib_err));
	ck_assert_uint_eq(stats.struct_size, sizeof(stats));
	ck_assert_uint_gt(stats.time_ns, 0);
	ck_assert_uint_ne(stats.valid & (EXD_STATS_CPU | EXD_STATS_MEMORY | EXD_STATS_PIDS), 0);
	end(&f);
}
END_TEST

/* A box that is kept gives new counters each time, opens nothing twice, and lets all of it go. */
START_TEST(test_stats_of_a_kept_box)
{
	struct fixture f = begin("sleep 60 & sleep 60 & wait");
	struct exd_stats stats = {.struct_size = sizeof(stats)}, by_id = stats;
	int before = tap_count_fds(), first;
	struct exd_box *box = NULL;
	uint64_t pids = 0;

	must(exd_box_find(f.engine, "box", &box, &lib_err));
	for (int i = 0; i < 500 && pids != 3; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		must(exd_box_stats(f.engine, box, &stats, &lib_err));
		pids = stats.pids_current;
	}
	ck_assert_uint_eq(pids, 3);
	first = tap_count_fds();
	must(exd_box_stats(f.engine, box, &stats, &lib_err));
	ck_assert_int_eq(tap_count_fds(), first);
	must(exd_stats(f.engine, "box", &by_id, &lib_err));
	ck_assert_uint_eq(by_id.valid, stats.valid);
	ck_assert_uint_ge(by_id.cpu_total_ns, stats.cpu_total_ns);
	must(exd_kill(f.engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(f.process, 10000, NULL, &lib_err));
	ck_assert_int_lt(exd_box_stats(f.engine, box, &stats, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	exd_box_free(box);
	ck_assert_int_le(tap_count_fds(), before);
	end(&f);
}
END_TEST

START_TEST(test_not_running)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "box", "exit 1", 0);
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_info info = {.struct_size = sizeof(info)};

	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	ck_assert_int_lt(exd_pause(engine, "box", &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_lt(exd_unpause(engine, "box", &lib_err), 0);
	ck_assert_int_lt(exd_pids(engine, "box", NULL, 0, &lib_err), 0);
	ck_assert_int_lt(exd_stats(engine, "box", &stats, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_lt(exd_resize(engine, "box", 24, 80, &lib_err), 0);
	ck_assert_int_lt(exd_oom_open(engine, "box", &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	must(exd_info(engine, "box", &info, &lib_err));
	ck_assert(!info.running);
	must(exd_terminate(engine, "box", &lib_err));
	must(exd_clean(engine, "box", &lib_err));
	ck_assert_int_lt(exd_terminate(engine, "box", &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_FOUND);
	lib_end(engine);
}
END_TEST

START_TEST(test_update_unsupported)
{
	struct fixture f = begin("sleep 60");
	struct exd_command *command = NULL;

	must(exd_command_new(&command, &lib_err));
	must(exd_command_set(command, "hostname", "other", &lib_err));
	ck_assert_int_lt(exd_update(f.engine, "box", command, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_UNSUPPORTED);
	exd_command_free(command);
	end(&f);
}
END_TEST

START_TEST(test_oom_channel_ends)
{
	struct fixture f = begin("sleep 60");
	struct pollfd channel = {.events = POLLIN};
	struct exd_oom_event event;
	int second;

	channel.fd = exd_process_oom_fd(f.process);
	ck_assert_int_ge(channel.fd, 0);
	second = exd_oom_open(f.engine, "box", &lib_err);
	must(second);
	ck_assert_int_eq(poll(&channel, 1, 50), 0);
	must(exd_kill(f.engine, "box", SIGKILL, &lib_err));
	ck_assert_int_eq(poll(&channel, 1, 10000), 1);
	ck_assert_int_eq(read(channel.fd, &event, sizeof(event)), 0);
	ck_assert_int_eq(read(second, &event, sizeof(event)), 0);
	close(second);
	end(&f);
}
END_TEST

/* ---- terminals ------------------------------------------------------------------------------- */

static struct exd_process *start_tty(struct exd_engine *engine, const char *script,
				     const struct exd_stdio *stdio)
{
	struct exd_command *command = lib_shell("tty", script);
	struct exd_process *process = NULL;

	must(exd_command_set_bool(command, EXD_KEY_TTY, true, &lib_err));
	must(exd_command_set_string(command, EXD_KEY_TTY_SIZE, "30x90", &lib_err));
	must(exd_start(engine, command, stdio, NULL, 0, &process, &lib_err));
	exd_command_free(command);
	return process;
}

/* Until the text is seen; a pty whose other side is gone gives EIO. */
static bool tty_says(int fd, const char *text)
{
	char seen[1024] = "";
	size_t used = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	while (used + 1 < sizeof(seen) && poll(&p, 1, 10000) > 0) {
		n = read(fd, seen + used, sizeof(seen) - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		seen[used] = '\0';
		if (strstr(seen, text))
			return true;
	}
	return false;
}

START_TEST(test_tty)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_tty(
		engine, "stty size; read line; stty size; tty >/dev/null && exit 3", NULL);
	struct exd_exit_status status = STATUS_INIT;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert_int_ge(exd_process_tty(process), 0);
	ck_assert_int_eq(exd_process_stdout(process), -EBADF);
	ck_assert(tty_says(exd_process_tty(process), "30 90"));
	must(exd_process_resize(process, 40, 100, &lib_err));
	ck_assert_int_eq(write(exd_process_tty(process), "\n", 1), 1);
	ck_assert(tty_says(exd_process_tty(process), "40 100"));
	must(exd_process_wait(process, 10000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 3);
	exd_process_free(process);
	must(exd_clean(engine, "tty", &lib_err));
	lib_end(engine);
}
END_TEST

START_TEST(test_tty_size_before_start)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_tty(engine, "sleep 0.3; stty size", NULL);

	must(exd_process_resize(process, 50, 120, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert(tty_says(exd_process_tty(process), "50 120"));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	must(exd_clean(engine, "tty", &lib_err));
	lib_end(engine);
}
END_TEST

START_TEST(test_tty_detached)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_NULL,
				  .out = EXD_FD_OUTPUT,
				  .err = EXD_FD_NULL};
	struct exd_process *process = start_tty(
		engine, "until [ \"$(stty size)\" = '7 77' ]; do sleep 0.05; done; echo got it",
		&stdio);
	char path[128], text[64];
	int fd;

	lib_until(engine, process, EXD_PHASE_RUNNING);
	must(exd_resize(engine, "tty", 7, 77, &lib_err));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	snprintf(path, sizeof(path), "%s/tty/output", lib_root());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	lib_read(fd, text, sizeof(text));
	close(fd);
	ck_assert_ptr_nonnull(strstr(text, "got it"));
	must(exd_clean(engine, "tty", &lib_err));
	lib_end(engine);
}
END_TEST

START_TEST(test_no_tty)
{
	struct fixture f = begin("sleep 60");

	ck_assert_int_eq(exd_process_tty(f.process), -EBADF);
	ck_assert_int_lt(exd_process_resize(f.process, 1, 2, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TTY);
	ck_assert_int_lt(exd_resize(f.engine, "box", 1, 2, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_TTY);
	end(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control");

	lib_add(s, "verbs", test_kill, test_pause, test_pids_and_stats,
		test_stats_of_a_kept_box, test_not_running,
		test_update_unsupported, test_oom_channel_ends);
	lib_add(s, "terminals", test_tty, test_tty_size_before_start, test_tty_detached,
		test_no_tty);
	return tap_main(s);
}
