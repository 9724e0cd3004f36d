/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thousands of runs: none fails, and everything is as it was before them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define RUNS 1000
#define AT_ONCE 20
#define WARM_UP 520 /* the monitor remembers 1024 events, two of a run */

/* What runs could leave behind, in this process and in the monitor. */
struct traces {
	int host_fds;
	int monitor_fds;
	int monitor_children;
	int memfds; /* open or mapped by either */
	int mounts;
	int cgroups;
	int records;
	long monitor_kb;
	long host_bytes;
};

/* The whole of a file of /proc, which the caller frees. */
static char *slurp(pid_t pid, const char *name)
{
	char path[64];
	char *text = calloc(1, 1 << 20);
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(text && fd >= 0, "cannot open %s", path);
	lib_read(fd, text, 1 << 20);
	close(fd);
	return text;
}

static int count_in(pid_t pid, const char *name, const char *word)
{
	char *text = slurp(pid, name);
	int count = 0;

	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		count++;
	free(text);
	return count;
}

static long number_in(pid_t pid, const char *name, const char *word)
{
	char *text = slurp(pid, name);
	const char *at = strstr(text, word);
	long number = at ? strtol(at + strlen(word), NULL, 10) : -1;

	free(text);
	ck_assert_int_ge(number, 0);
	return number;
}

/* Descriptors of a process, and those of them that are memfds. */
static int count_fds(pid_t pid, int *memfds)
{
	char dir[64], path[340], target[64];
	struct dirent *entry;
	int count = 0;
	DIR *d;

	(void)snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	d = opendir(dir);
	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		ssize_t n;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		*memfds += strstr(target, "memfd:") != NULL;
		count++;
	}
	closedir(d);
	return count;
}

static int count_records(void)
{
	DIR *d = opendir(lib_root());
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(d)))
		count += entry->d_name[0] != '.';
	closedir(d);
	return count;
}

/* A client is told that all is cleaned up just before the monitor closes what it had of it. */
static void settle(pid_t monitor)
{
	int memfds = 0, last = -1;

	for (int same = 0, i = 0; same < 10 && i < 1000; i++) {
		int now = count_fds(monitor, &memfds);

		same = now == last ? same + 1 : 0;
		last = now;
		tiny_nap();
	}
}

static struct traces look(pid_t monitor)
{
	char children[64];
	struct traces t = {0};

	settle(monitor);
	(void)snprintf(children, sizeof(children), "task/%d/children", (int)monitor);
	t.host_fds = count_fds(getpid(), &t.memfds);
	t.monitor_fds = count_fds(monitor, &t.memfds);
	t.memfds += count_in(getpid(), "maps", "memfd:") + count_in(monitor, "maps", "memfd:");
	t.monitor_children = count_in(monitor, children, " ");
	t.mounts = count_in(getpid(), "mountinfo", "\n");
	t.cgroups = tiny_cgroups(false);
	t.records = count_records();
	t.monitor_kb = number_in(monitor, "status", "VmRSS:");
	t.host_bytes = (long)mallinfo2().uordblks;
	return t;
}

/* Threads leave idle connections for the next, as many as ever were busy at once. */
static void compare(const struct traces *a, const struct traces *b, int threads)
{
	int idle = threads > 1 ? threads : 0;

	ck_assert_int_le(abs(a->host_fds - b->host_fds), idle);
	ck_assert_int_le(abs(a->monitor_fds - b->monitor_fds), idle);
	ck_assert_int_eq(a->monitor_children, b->monitor_children);
	ck_assert_int_eq(a->memfds, b->memfds);
	ck_assert_int_eq(a->mounts, b->mounts);
	ck_assert_int_eq(a->cgroups, b->cgroups);
	ck_assert_int_eq(a->records, b->records);
	/* A few bytes a run would be more than this. */
	ck_assert_msg(b->monitor_kb <= a->monitor_kb + 16, "the monitor grew from %ld to %ld kB", a->monitor_kb, b->monitor_kb);
	ck_assert_msg(b->host_bytes <= a->host_bytes + 4096, "the host's heap grew from %ld to %ld bytes", a->host_bytes,
		      b->host_bytes);
}

static void run_once(struct exd_engine *engine, int round, char *why, size_t size)
{
	struct exd_command *command;
	struct exd_exit_status status = STATUS_INIT;
	struct exd_error err = {0};
	char code[16];
	int r;

	(void)snprintf(code, sizeof(code), "%d", round % 200);
	command = tiny_command(NULL, "exit", code);
	r = exd_run(engine, command, NULL, NULL, &status, &err);
	exd_command_free(command);
	wrong_if(r < 0, "%s", err.text);
	wrong_if(status.exit_code != (uint32_t)(round % 200), "exit code %u", status.exit_code);
}

/* Every way to fail and to be told of it. */
static void fail_once(struct exd_engine *engine, int round, char *why, size_t size)
{
	struct exd_command *command = tiny_command(NULL, "exit", "0");
	const char *const args[] = {"/no/such", NULL};
	struct exd_error err = {0};
	uint32_t code;
	int r;

	if (round % 2)
		r = exd_command_set_args(command, args, &err);
	else
		r = exd_command_set_string(command, EXD_KEY_CWD, "/inside/none", &err);
	if (r == 0)
		r = exd_run(engine, command, NULL, NULL, NULL, &err);
	code = err.code;
	exd_command_free(command);
	wrong_if(r >= 0, "it ran");
	wrong_if(round % 2 && code != EXD_ERR_EXEC_NOT_FOUND, "%s", err.text);
}

/* Execs, controls and an evented start, which have ways of their own to leak. */
static void use_once(struct exd_engine *engine, int round, char *why, size_t size)
{
	const char *const args[] = {"/inside", "exit", "3", NULL};
	struct exd_command *further = lib_command(NULL, args);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_error err = {0};
	int fd = -1;
	int r = exd_exec(engine, "keeper", further, NULL, NULL, &status, &err);

	exd_command_free(further);
	if (r == 0)
		r = exd_stats(engine, "keeper", &stats, &err);
	if (r == 0)
		r = exd_pids(engine, "keeper", NULL, 0, &err);
	if (r >= 0)
		r = fd = exd_oom_open(engine, "keeper", &err);
	if (fd >= 0)
		close(fd);
	if (r >= 0)
		r = exd_wait(engine, "keeper", 0, NULL, &err) == -ETIMEDOUT ? 0 : -1;
	wrong_if(r < 0, "%s", err.text);
	wrong_if(status.exit_code != 3, "exit code %u", status.exit_code);
}

/* One container keeps the monitor alive; rounds before the first look warm everything up. */
static void rounds_leave_nothing(tiny_round round, int warm_up, int rounds, int threads)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = tiny_command("keeper", "rest", NULL);
	struct exd_process *keeper = NULL;
	struct traces before, after;
	pid_t monitor;

	must(exd_start(engine, command, NULL, NULL, EXD_START_TIED, &keeper, &lib_err));
	exd_command_free(command);
	lib_until(engine, keeper, EXD_PHASE_RUNNING);
	monitor = lib_monitor(engine, "keeper");
	tiny_rounds(engine, round, warm_up, threads);
	before = look(monitor);
	tiny_rounds(engine, round, rounds, threads);
	after = look(monitor);
	compare(&before, &after, threads);
	must(exd_delete(engine, "keeper", true, &lib_err));
	must(exd_process_wait(keeper, 20000, NULL, &lib_err));
	exd_process_free(keeper);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_1000_in_a_row)
{
	rounds_leave_nothing(run_once, WARM_UP, RUNS, 1);
}
END_TEST

START_TEST(test_1000_20_at_a_time)
{
	rounds_leave_nothing(run_once, WARM_UP, RUNS, AT_ONCE);
}
END_TEST

START_TEST(test_failures)
{
	rounds_leave_nothing(fail_once, 40, 200, 4);
}
END_TEST

START_TEST(test_controls)
{
	rounds_leave_nothing(use_once, 40, 200, 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("leaks");

	lib_add(s, "runs", test_1000_in_a_row, test_1000_20_at_a_time, test_failures, test_controls);
	return tap_main(s);
}
