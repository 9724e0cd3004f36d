/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts that are killed, starts cut short, and who comes after: all is found again or gone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define BOXES 20

static pid_t pid_of(struct exd_engine *engine, const char *id)
{
	struct exd_box *box = NULL;
	pid_t pid;

	must(exd_box_find(engine, id, &box, &lib_err));
	pid = exd_box_pid(box);
	exd_box_free(box);
	return pid;
}

static void kill_host(pid_t host)
{
	kill(host, SIGKILL);
	ck_assert_int_eq(waitpid(host, NULL, 0), host);
}

/* ---- hosts that are killed ------------------------------------------------------------------------------ */

/* All of them read from one pipe; one byte ends one. */
static void host_of_many(int tell, int ready)
{
	struct exd_stdio stdio = {.struct_size = sizeof(stdio), .in = tell, .out = EXD_FD_NULL, .err = EXD_FD_NULL};
	struct exd_engine *engine = lib_engine(0);

	for (int i = 0; i < BOXES; i++) {
		struct exd_process *process;
		char id[16], code[16];

		(void)snprintf(id, sizeof(id), "box%02d", i);
		(void)snprintf(code, sizeof(code), "%d", 40 + i);
		process = tiny_start(engine, tiny_command(id, "told", code), &stdio, 0);
		lib_until(engine, process, EXD_PHASE_RUNNING);
	}
	(void)!write(ready, "r", 1);
	for (;;)
		pause();
}

static void list_all_running(struct exd_engine *engine)
{
	struct exd_box *box = NULL;
	char id[16];
	int count = 0;

	while (exd_box_next(engine, &box, NULL) > 0) {
		(void)snprintf(id, sizeof(id), "box%02d", count++);
		ck_assert_str_eq(exd_box_id(box), id);
		ck_assert_int_eq(exd_box_status(box), EXD_STATUS_RUNNING);
		ck_assert(exd_box_monitor_alive(box));
		ck_assert_int_eq(kill(exd_box_pid(box), 0), 0);
		ck_assert_str_eq(exd_box_arg(box, 1), "told");
		ck_assert(!exd_box_exit_status(box, NULL));
	}
	ck_assert_int_eq(count, BOXES);
}

START_TEST(test_host_killed)
{
	struct exd_engine *engine;
	int ready[2], tell[2];
	char byte = 0;
	pid_t host;

	(void)lib_root();
	(void)tiny_root();
	ck_assert(!pipe2(ready, O_CLOEXEC) && !pipe2(tell, O_CLOEXEC));
	host = tiny_fork();
	if (host == 0)
		host_of_many(tell[0], ready[1]);
	close(ready[1]);
	close(tell[0]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill_host(host);
	engine = lib_engine(0);
	list_all_running(engine);
	ck_assert_int_eq(write(tell[1], "01234567890123456789", BOXES), BOXES);
	for (int i = 0; i < BOXES; i++) {
		struct exd_exit_status status = STATUS_INIT;
		char id[16];

		(void)snprintf(id, sizeof(id), "box%02d", i);
		must(exd_wait(engine, id, 20000, &status, &lib_err));
		ck_assert_uint_eq(status.exit_code, (uint32_t)(40 + i));
		ck_assert_int_eq(lib_status(engine, id), EXD_STATUS_STOPPED);
		must(exd_delete(engine, id, false, &lib_err));
	}
	close(tell[1]);
	lib_end(engine);
	tiny_remove();
}
END_TEST

static void host_of_starts(int ready)
{
	struct exd_engine *engine = lib_engine(0);

	for (int i = 0;; i++) {
		static const uint32_t flags[] = {0, EXD_START_TIED, EXD_START_TIED | EXD_START_EPHEMERAL,
						 EXD_START_EPHEMERAL};
		char id[16];

		(void)snprintf(id, sizeof(id), "s%d", i);
		(void)tiny_start(engine, tiny_command(id, "rest", NULL), NULL, flags[i % 4]);
		(void)!write(ready, "s", 1);
		(void)exd_engine_dispatch(engine, &lib_err);
		if (i % 8 == 7)
			tiny_nap();
	}
}

/* At whatever moment, what it was starting either runs or leaves nothing. */
START_TEST(test_host_killed_while_starting)
{
	for (int round = 0; round < 12; round++) {
		struct exd_engine *engine;
		int ready[2];
		char bytes[64];
		pid_t host;

		(void)lib_root();
		(void)tiny_root();
		ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
		host = tiny_fork();
		if (host == 0)
			host_of_starts(ready[1]);
		close(ready[1]);
		for (int seen = 0; seen < 1 + 3 * round;) {
			ssize_t n = read(ready[0], bytes, sizeof(bytes));

			ck_assert_int_gt(n, 0);
			seen += (int)n;
		}
		kill_host(host);
		close(ready[0]);
		engine = lib_engine(0);
		tiny_delete_all(engine);
		must(exd_gc(engine, false, NULL, &lib_err));
		lib_end(engine);
		tiny_remove();
	}
}
END_TEST

static pid_t fork_driverctl(int in, int out)
{
	pid_t pid = tiny_fork();

	if (pid == 0) {
		if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
			_exit(126);
		execlp("driverctl", "driverctl", "--root", lib_root(), "run", "--cgroup-parent",
		       strrchr(tiny_root(), '/') + 1, "--rootfs", tiny_root(), "box", "--", "/inside", "server", "1",
		       NULL);
		_exit(127);
	}
	return pid;
}

static int count_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int count = 0, c;

	while ((c = fgetc(f)) != EOF)
		count += c == '\n';
	fclose(f);
	return count;
}

START_TEST(test_driverctl_killed)
{
	struct exd_engine *engine = lib_engine(0);
	int in[2], out[2], ended[16], mounts = count_mounts();
	pid_t driverctl, pids[16];
	char byte = 0;
	int count;

	(void)tiny_root();
	ck_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
	driverctl = fork_driverctl(in[0], out[1]);
	close(in[0]);
	close(out[1]);
	ck_assert_int_eq(read(out[0], &byte, 1), 1);
	/* The program may have begun before its record says so. */
	while (lib_status(engine, "box") != EXD_STATUS_RUNNING)
		tiny_nap();
	count = exd_pids(engine, "box", pids, 15, &lib_err);
	ck_assert_int_eq(count, 6);
	pids[count++] = lib_monitor(engine, "box");
	for (int i = 0; i < count; i++)
		ended[i] = tiny_pidfd(pids[i]);
	ck_assert_int_gt(tiny_cgroups(false), 0);
	kill_host(driverctl);
	for (int i = 0; i < count; i++) {
		ck_assert_msg(tiny_ended(ended[i], 20000), "process %d of %d goes on", i, count);
		close(ended[i]);
	}
	/* Its stdout was nobody else's. */
	ck_assert_int_eq(read(out[0], &byte, 1), 0);
	close(in[1]);
	close(out[0]);
	ck_assert_int_eq(exd_gc(engine, true, NULL, &lib_err), 0);
	ck_assert_int_eq(count_mounts(), mounts);
	lib_end(engine);
	tiny_remove();
}
END_TEST

/* ---- starts cut short ----------------------------------------------------------------------------------- */

static void make_file(const char *id, const char *name, const char *text)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", lib_root(), id);
	ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
	if (!name)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s/%s", lib_root(), id, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void run_as(struct exd_engine *engine, const char *id, bool in_use)
{
	struct exd_command *command = tiny_command(id, "exit", "0");
	int r = exd_run(engine, command, NULL, NULL, NULL, &lib_err);

	exd_command_free(command);
	if (!in_use) {
		must(r);
		return;
	}
	ck_assert_int_lt(r, 0);
	ck_assert_msg(lib_err.code == EXD_ERR_ID_IN_USE && strstr(lib_err.text, id), "%s: %s", id, lib_err.text);
}

START_TEST(test_half_made)
{
	static const char *const ids[] = {"empty", "locked-once", "cut", "garbage", "temporary"};
	struct exd_engine *engine = lib_engine(0);
	struct exd_report *report = NULL;
	const size_t count = sizeof(ids) / sizeof(ids[0]);
	char path[256];
	int busy;

	make_file("empty", NULL, NULL);
	make_file("locked-once", "lock", "");
	make_file("cut", "lock", "");
	make_file("cut", "state.json", "{\"id\":\"cut\",\"driver\":\"nat");
	make_file("garbage", "state.json", "\x01\x02\x03");
	make_file("temporary", "lock", "");
	make_file("temporary", ".state.json.tmp", "{}");
	/* Somebody is at work with this one. */
	make_file("busy", "lock", "");
	(void)snprintf(path, sizeof(path), "%s/busy/lock", lib_root());
	busy = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(flock(busy, LOCK_EX), 0);
	for (size_t i = 0; i < count; i++)
		run_as(engine, ids[i], true);
	ck_assert_int_eq(lib_status(engine, "busy"), EXD_STATUS_CREATING);
	must(exd_report_new(&report, &lib_err));
	ck_assert_int_eq(exd_gc(engine, true, report, &lib_err), (int)count);
	ck_assert_uint_eq(exd_report_count(report), count);
	exd_report_free(report);
	run_as(engine, "empty", true);
	ck_assert_int_eq(exd_gc(engine, false, NULL, &lib_err), (int)count);
	ck_assert_int_eq(exd_gc(engine, false, NULL, &lib_err), 0);
	for (size_t i = 0; i < count; i++)
		run_as(engine, ids[i], false);
	ck_assert_int_eq(lib_status(engine, "busy"), EXD_STATUS_CREATING);
	run_as(engine, "busy", true);
	close(busy);
	ck_assert_int_eq(exd_gc(engine, false, NULL, &lib_err), 1);
	lib_end(engine);
	tiny_remove();
}
END_TEST

/* ---- engines that share --------------------------------------------------------------------------------- */

START_TEST(test_engines_share_a_monitor)
{
	struct exd_engine *one = lib_engine(0), *two = lib_engine(0);
	struct exd_process *a = tiny_start(one, tiny_command("a", "rest", NULL), NULL, 0);
	struct exd_process *b = tiny_start(two, tiny_command("b", "rest", NULL), NULL, 0);

	lib_until(one, a, EXD_PHASE_RUNNING);
	lib_until(two, b, EXD_PHASE_RUNNING);
	ck_assert_int_eq(lib_monitor(one, "a"), lib_monitor(one, "b"));
	ck_assert_int_eq(pid_of(two, "a"), exd_process_pid(a));
	must(exd_delete(two, "a", true, &lib_err));
	must(exd_delete(one, "b", true, &lib_err));
	must(exd_process_wait(a, 20000, NULL, &lib_err));
	exd_engine_close(one);
	lib_end(two);
	tiny_remove();
}
END_TEST

static void run_named(struct exd_engine *engine, const char *id)
{
	run_as(engine, id, false);
}

static void expect_event(struct exd_engine *engine, uint32_t type, const char *id, uint64_t *sequence)
{
	struct pollfd p = {.fd = exd_engine_fd(engine), .events = POLLIN};
	struct exd_event event = {.struct_size = sizeof(event)};

	while (exd_event_next(engine, &event, &lib_err) != 1) {
		ck_assert_msg(poll(&p, 1, 20000) == 1, "no event %u of %s", type, id);
		must(exd_engine_dispatch(engine, &lib_err));
	}
	ck_assert_msg(event.type == type && strcmp(event.id, id) == 0, "event %u of %s instead of %u of %s", event.type,
		      event.id, type, id);
	ck_assert_uint_gt(event.sequence, *sequence);
	*sequence = event.sequence;
}

START_TEST(test_events_replayed)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *keeper = tiny_start(engine, tiny_command("keeper", "rest", NULL), NULL, 0);
	uint64_t first = 0, last;

	lib_until(engine, keeper, EXD_PHASE_RUNNING);
	must(exd_subscribe(engine, 0, &lib_err));
	run_named(engine, "one");
	expect_event(engine, EXD_EVENT_STARTED, "keeper", &first);
	expect_event(engine, EXD_EVENT_STARTED, "one", &first);
	run_named(engine, "two");
	exd_engine_close(engine);
	engine = lib_engine(0);
	run_named(engine, "three");
	/* From where the first engine stopped reading. */
	last = first;
	must(exd_subscribe(engine, last, &lib_err));
	expect_event(engine, EXD_EVENT_EXITED, "one", &last);
	expect_event(engine, EXD_EVENT_STARTED, "two", &last);
	expect_event(engine, EXD_EVENT_EXITED, "two", &last);
	expect_event(engine, EXD_EVENT_STARTED, "three", &last);
	expect_event(engine, EXD_EVENT_EXITED, "three", &last);
	run_named(engine, "four");
	expect_event(engine, EXD_EVENT_STARTED, "four", &last);
	expect_event(engine, EXD_EVENT_EXITED, "four", &last);
	/* From the beginning. */
	last = 0;
	must(exd_subscribe(engine, 0, &lib_err));
	expect_event(engine, EXD_EVENT_STARTED, "keeper", &last);
	expect_event(engine, EXD_EVENT_STARTED, "one", &last);
	ck_assert_uint_eq(last, first);
	must(exd_delete(engine, "keeper", true, &lib_err));
	lib_end(engine);
	tiny_remove();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("recovery");

	lib_add(s, "hosts", test_host_killed, test_host_killed_while_starting,
		test_driverctl_killed);
	lib_add(s, "starts", test_half_made);
	lib_add(s, "engines", test_engines_share_a_monitor, test_events_replayed);
	return tap_main(s);
}
