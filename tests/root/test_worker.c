/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that a worker of the driver starts: all that holds for others holds for them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static int run_hooked(struct seen *seen, struct exd_engine *engine, uint32_t timeout_ms, char *out, size_t size)
{
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks),
		.timeout_ms = timeout_ms,
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
	r = worker_run(engine, "good", script, &hooks, NULL);
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

	must(run_hooked(&seen, engine, 0, out, sizeof(out)));
	ck_assert_str_eq(seen.order, "psec");
	ck_assert(seen.parked);
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

	ck_assert_int_eq(run_hooked(&seen, engine, 0, out, sizeof(out)), -EACCES);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_HOOK);
	ck_assert_str_eq(seen.order, "pc");
	ck_assert_str_eq(out, "");
	ck_assert(kill(seen.pid, 0) < 0 && errno == ESRCH);
	worker_end(engine);
}
END_TEST

/* ---- control --------------------------------------------------------------------------------- */

static struct exd_process *start(struct exd_engine *engine, const char *id, const char *how, const char *script,
				 uint32_t flags)
{
	struct exd_command *command = worker_command(id, how, script);
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, NULL, flags, &process, &lib_err));
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

START_TEST(test_signals_reach_init)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *process =
		start(engine, "box", "good", "trap 'exit 9' USR1; while :; do sleep 0.01; done", 0);
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
	process = start(engine, "box", "good", "exec sleep 30", 0);
	must(exd_delete(engine, "box", true, &lib_err));
	exd_process_free(process);
	worker_end(engine);
}
END_TEST

/* A service that is stopped as a whole must not take the worker along: it is where the monitor goes. */
START_TEST(test_worker_leaves_the_cgroups_of_its_host)
{
	struct exd_engine *engine = worker_engine("worker");
	struct exd_process *process = start(engine, "box", "good", "exec sleep 30", 0);
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
	struct exd_process *process = start(engine, "box", "good", "exec sleep 30", EXD_START_EPHEMERAL);
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
	process = start(engine, "box", "remote-good", "exec sleep 30", 0);
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

/* ---- deaths ---------------------------------------------------------------------------------- */

/* A host that starts it and is killed. */
static void host(const char *driver, const char *how, const char *script, uint32_t flags)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct exd_engine *engine = worker_engine(driver);

		(void)start(engine, "box", how, script, flags);
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
	struct exd_process *process = start(engine, "box", "good", "exec sleep 30", 0);
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

START_TEST(test_oom)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_engine *engine = worker_engine("worker");
	char path[128], how[160];

	if (!make_cgroup(path, sizeof(path))) {
		worker_end(engine);
		tap_skip("no memory cgroup can be made here");
	}
	(void)snprintf(how, sizeof(how), "memory:%s", path);
	must(worker_run(engine, how, "x=0123456789; while :; do x=$x$x; done", NULL, &status));
	ck_assert_uint_eq(status.signal, SIGKILL);
	ck_assert(status.oom_killed);
	ck_assert_uint_ge(status.oom_kills, 1);
	ck_assert_int_eq(rmdir(path), 0);
	worker_end(engine);
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
	struct exd_process *box = start(engine, "box", "good", "exec sleep 60", EXD_START_TIED | EXD_START_EPHEMERAL);
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
	Suite *s = suite_create("worker");

	lib_add(s, "end", test_exit_codes, test_exit_code_of_32_bits);
	lib_add(s, "stdio", test_stdio, test_tty, test_words_of_the_worker);
	lib_add(s, "hooks", test_hooks_once_in_order, test_pre_start_aborts);
	lib_add(s, "control", test_signals_reach_init, test_worker_leaves_the_cgroups_of_its_host, test_exec, test_remote);
	lib_add(s, "deaths", test_host_killed_and_recovered, test_tied_to_a_killed_host, test_monitor_killed);
	lib_add(s, "oom", test_oom);
	lib_add(s, "leaks", test_nothing_leaks);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
