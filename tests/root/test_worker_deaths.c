/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers, and the deaths around them: of hosts, of monitors, for lack of memory; and leaks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/worker_rig.h"

/* ---- hosts and monitors ---------------------------------------------------------------------------------- */

/* A host that starts it and is killed. */
static void host(const char *driver, const char *how, const char *script, uint32_t flags)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct exd_engine *engine = worker_engine(driver);

		(void)worker_start(engine, "box", how, script, flags);
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(test_host_killed_and_recovered)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_engine *engine;
	char fifo[64];
	int fd;

	(void)snprintf(fifo, sizeof(fifo), "cat %s/.fifo; exit 21", lib_root());
	engine = worker_engine("worker");
	fd = open(lib_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkfifoat(fd, ".fifo", 0600), 0);
	host("worker", "good", fifo, 0);
	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_RUNNING);
	(void)close(openat(fd, ".fifo", O_WRONLY | O_CLOEXEC));
	must(exd_wait(engine, "box", 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 21);
	must(exd_delete(engine, "box", false, &lib_err));
	(void)close(fd);
	worker_end(engine);
}
END_TEST

/* Nothing of a tied one is left: no process, no directory, no worker. */
static void tied(const char *driver, const char *how)
{
	struct exd_engine *engine = worker_engine(driver);
	struct exd_box *box = NULL;

	host(driver, how, "exec sleep 30", EXD_START_TIED | EXD_START_EPHEMERAL);
	worker_none_left();
	for (int i = 0; i < 400 && exd_box_find(engine, "box", &box, &lib_err) == 0; i++) {
		box = exd_box_free(box);
		(void)usleep(5000);
	}
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_FOUND);
	worker_end(engine);
}

START_TEST(test_tied_to_a_killed_host)
{
	tied("worker", "good");
	/* The monitor has no pidfd to kill it by: it tells the worker to. */
	tied("remote", "remote-good");
}
END_TEST

START_TEST(test_monitor_killed)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *process = worker_start(engine, "box", "good", "exec sleep 30", 0);
	struct exd_exit_status status = STATUS_INIT;
	int r;

	ck_assert_int_eq(kill(lib_monitor(engine, "box"), SIGKILL), 0);
	/* The container goes on, and its worker. */
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	r = exd_process_wait(process, 20000, &status, &lib_err);
	ck_assert(r == 0 ? status.exit_code == 137 : status.lost == EXD_LOST_MONITOR);
	exd_process_free(process);
	must(exd_delete(engine, "box", true, &lib_err));
	must(exd_gc(engine, false, NULL, &lib_err));
	worker_end(engine);
}
END_TEST

/* ---- OOM ------------------------------------------------------------------------------------- */

static bool write_limit(const char *cgroup, const char *file, const char *value)
{
	char path[256];
	bool written = false;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		written = write(fd, value, strlen(value)) > 0;
		(void)close(fd);
	}
	return written;
}

/* A cgroup with a small memory limit; false: this host has none to give. */
static bool make_cgroup(char *path, size_t size)
{
	static const struct {
		const char *top, *memory, *swap, *no_swap;
	} hosts[] = {
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
		 "8388608"},
		{"/sys/fs/cgroup", "memory.max", "memory.swap.max", "0"},
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		(void)snprintf(path, size, "%s/exd-worker-%d", hosts[i].top, (int)getpid());
		if (mkdir(path, 0755) < 0)
			continue;
		/* Kernels that do not count swap have no such file. */
		if (write_limit(path, hosts[i].memory, "8388608")) {
			(void)write_limit(path, hosts[i].swap, hosts[i].no_swap);
			return true;
		}
		(void)rmdir(path);
	}
	return false;
}

static void oom_of_init(const char *path)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_engine *engine = worker_engine("worker");
	char how[160];

	(void)snprintf(how, sizeof(how), "memory:%s", path);
	must(worker_run(engine, how, "x=0123456789; while :; do x=$x$x; done", NULL, &status));
	ck_assert_uint_eq(status.signal, SIGKILL);
	ck_assert(status.oom_killed);
	ck_assert_uint_ge(status.oom_kills, 1);
	ck_assert_int_eq(rmdir(path), 0);
	worker_end(engine);
}

START_TEST(test_oom)
{
	char path[128];

	if (!make_cgroup(path, sizeof(path)))
		tap_skip("no memory cgroup can be made here");
	oom_of_init(path);
}
END_TEST

/* The verdict takes a while then, and the worker may end before it. */
START_TEST(test_oom_without_the_log)
{
	char path[128];

	if (!make_cgroup(path, sizeof(path)))
		tap_skip("no memory cgroup can be made here");
	ck_assert_int_eq(mounts_own(), 0);
	ck_assert_int_eq(mount("/dev/null", "/dev/kmsg", NULL, MS_BIND, NULL), 0);
	oom_of_init(path);
}
END_TEST

/* ---- leaks ----------------------------------------------------------------------------------- */

static int count_fds(pid_t pid)
{
	char path[64];
	DIR *d;
	int count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d && readdir(d))
		count++;
	if (d)
		(void)closedir(d);
	return count;
}

/* The monitor tells the end of a launch a moment before it forgets it. */
static int settled_fds(pid_t pid, int most)
{
	int count = count_fds(pid);

	for (int i = 0; i < 400 && count > most; i++) {
		(void)usleep(5000);
		count = count_fds(pid);
	}
	return count;
}

START_TEST(test_nothing_leaks)
{
	static const char *const ways[] = {"good", "failed", "foreign", "liar", "leaky", "early-exit", "bad-status"};
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 5000};
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *box = worker_start(engine, "box", "good", "exec sleep 60", EXD_START_TIED | EXD_START_EPHEMERAL);
	pid_t monitor = lib_monitor(engine, "box");
	int ours = 0, its = 0, idle = count_fds(monitor);

	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			(void)worker_run(engine, ways[i], "exit 0", &hooks, NULL);
		if (round == 0) {
			ours = count_fds(getpid());
			/* With a second connection and the pidfd of the host behind it. */
			its = settled_fds(monitor, idle + 2);
		}
	}
	ck_assert_int_gt(its, 5);
	ck_assert_int_eq(count_fds(getpid()), ours);
	ck_assert_int_eq(settled_fds(monitor, its), its);
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	(void)exd_process_wait(box, 20000, NULL, &lib_err);
	exd_process_free(box);
	worker_end(engine);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("worker deaths");

	lib_add(s, "deaths", test_host_killed_and_recovered, test_tied_to_a_killed_host,
		test_monitor_killed);
	lib_add(s, "oom", test_oom, test_oom_without_the_log);
	lib_add(s, "leaks", test_nothing_leaks);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
