/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Manners: the library leaves no trace in its host; odd hosts still get every exit status. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/library.h"

extern char **environ;

/* ---- nothing changes ------------------------------------------------------------------------- */

struct action {
	void (*handler)(int);
	uint64_t mask;
	int flags;
};

struct look {
	struct action actions[NSIG];
	uint64_t mask;
	char cwd[256];
	mode_t umask;
	char **environ;
	size_t env_size;
	struct rlimit limits[RLIM_NLIMITS];
	int dumpable;
	int subreaper;
	int no_new_privs;
	pid_t session;
	int fds;
};

/* The kernel knows 64 signals; libc leaves the rest of a set as it was. */
static uint64_t first_signals(const sigset_t *set)
{
	uint64_t first;

	memcpy(&first, set, sizeof(first));
	return first;
}

static void look_at_action(int sig, struct action *out)
{
	struct sigaction action;

	if (sigaction(sig, NULL, &action) < 0)
		return;
	out->handler = action.sa_handler;
	out->mask = first_signals(&action.sa_mask);
	out->flags = action.sa_flags;
}

/* Padding too: they are compared as bytes. */
static void look(struct look *l)
{
	sigset_t mask;

	memset(l, 0, sizeof(*l));
	for (int i = 1; i < NSIG; i++)
		look_at_action(i, &l->actions[i]);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	l->mask = first_signals(&mask);
	ck_assert_ptr_nonnull(getcwd(l->cwd, sizeof(l->cwd)));
	l->umask = umask(0);
	umask(l->umask);
	l->environ = environ;
	for (char **e = environ; *e; e++)
		l->env_size += strlen(*e);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &l->limits[i]);
	l->dumpable = prctl(PR_GET_DUMPABLE);
	prctl(PR_GET_CHILD_SUBREAPER, &l->subreaper);
	l->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	l->session = getsid(0);
	l->fds = tap_count_fds();
}

static void same(const struct look *before, int more_fds)
{
	struct look now;

	look(&now);
	ck_assert_int_eq(now.fds, before->fds + more_fds);
	now.fds = before->fds;
	for (size_t i = 0; i < sizeof(now); i++)
		ck_assert_msg(((char *)&now)[i] == ((const char *)before)[i],
			      "byte %zu of struct look", i);
}

START_TEST(test_nothing_changes)
{
	struct exd_engine *engine;
	struct look before, open;
	struct exd_process *process;
	struct exd_command *command = lib_shell(NULL, "exit 5");
	struct exd_error err = EXD_ERROR_INIT;

	look(&before);
	engine = lib_engine(0);
	ck_assert_int_eq(lib_run(engine, "exit 3"), 3);
	look(&open);
	ck_assert_int_eq(lib_run(engine, "exit 3"), 3);
	same(&open, 0);
	process = lib_start(engine, "guest", "sleep 60", 0);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	must(exd_exec(engine, "guest", command, NULL, NULL, NULL, &lib_err));
	must(exd_kill(engine, "guest", SIGUSR1, &lib_err));
	must(exd_delete(engine, "guest", true, &lib_err));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	ck_assert_int_lt(exd_kill(engine, "nobody", SIGTERM, &err), 0);
	ck_assert_int_lt(exd_exec(engine, "nobody", command, NULL, NULL, NULL, &err), 0);
	exd_command_free(command);
	lib_end(engine);
	same(&before, 0);
}
END_TEST

/* Every descriptor the library keeps or hands out. */
START_TEST(test_close_on_exec)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_PIPE,
				  .out = EXD_FD_PIPE,
				  .err = EXD_FD_PIPE};
	struct exd_command *command = lib_shell(NULL, "cat");
	struct exd_process *process = NULL;
	bool open_before[1024];

	for (int fd = 0; fd < 1024; fd++)
		open_before[fd] = fcntl(fd, F_GETFD) == 0;
	must(exd_subscribe(engine, 0, &lib_err));
	must(exd_start(engine, command, &stdio, NULL, EXD_START_TIED | EXD_START_EPHEMERAL,
		       &process, &lib_err));
	lib_until(engine, process, EXD_PHASE_RUNNING);
	for (int fd = 0; fd < 1024; fd++)
		ck_assert_msg(open_before[fd] || fcntl(fd, F_GETFD) != 0,
			      "descriptor %d is not close-on-exec", fd);
	must(exd_process_close_stdin(process, &lib_err));
	must(exd_process_wait(process, 10000, NULL, &lib_err));
	exd_process_free(process);
	exd_command_free(command);
	lib_end(engine);
}
END_TEST

/* ---- odd hosts ------------------------------------------------------------------------------- */

static void run_some(uint32_t flags)
{
	struct exd_engine *engine = lib_engine(flags);
	struct exd_process *process;
	struct exd_exit_status status = STATUS_INIT;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(lib_run(engine, "exit 21"), 21);
	process = lib_start(engine, NULL, "exit 22", EXD_START_TIED | EXD_START_EPHEMERAL);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 22);
	exd_process_free(process);
	lib_end(engine);
}

static atomic_int sigchlds;

static void on_sigchld(int sig)
{
	sigchlds++;
}

START_TEST(test_no_sigchld)
{
	struct sigaction action = {.sa_handler = on_sigchld};

	sigaction(SIGCHLD, &action, NULL);
	run_some(EXD_ENGINE_PRIVATE_MONITOR);
	ck_assert_int_eq(sigchlds, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(test_sigchld_ignored)
{
	signal(SIGCHLD, SIG_IGN);
	run_some(0);
}
END_TEST

START_TEST(test_sigchld_blocked)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	run_some(0);
}
END_TEST

static void *reap_greedily(void *arg)
{
	atomic_bool *stop = arg;

	while (!*stop) {
		(void)waitpid(-1, NULL, WNOHANG | __WALL);
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
	}
	return NULL;
}

START_TEST(test_greedy_reaper)
{
	atomic_bool stop = false;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, reap_greedily, &stop), 0);
	for (int i = 0; i < 3; i++)
		run_some(EXD_ENGINE_PRIVATE_MONITOR);
	stop = true;
	pthread_join(thread, NULL);
}
END_TEST

/* It adopts the monitor, and the engine takes that back before it is closed. */
START_TEST(test_subreaper)
{
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	run_some(0);
	run_some(EXD_ENGINE_PRIVATE_MONITOR);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* 0: all well. */
static int as_pid_1(void)
{
	struct exd_engine_config config = {.struct_size = sizeof(config), .root = lib_root()};
	struct exd_engine *engine = NULL;
	int r;

	if (getpid() != 1 || mounts_own() < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		return 2;
	if (exd_engine_open(&engine, &config, &lib_err) < 0)
		return 3;
	r = lib_run(engine, "exit 23");
	if (r != 23)
		fprintf(stderr, "# as pid 1: %d %s\n", r, lib_err.text);
	exd_engine_close(engine);
	if (r == 23 && waitpid(-1, NULL, WNOHANG | __WALL) != -1)
		return 4;
	return r == 23 ? 0 : 5;
}

START_TEST(test_pid_1)
{
	int status = -1;
	pid_t outer, inner;

	(void)lib_root();
	outer = fork();
	if (outer == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(6);
		inner = fork();
		if (inner == 0)
			_exit(as_pid_1());
		waitpid(inner, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 7);
	}
	ck_assert_int_eq(waitpid(outer, &status, 0), outer);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x",
		      (unsigned int)status);
	lib_remove_root();
}
END_TEST

/* Interrupted all the time. */
START_TEST(test_signal_storm)
{
	struct sigaction action = {.sa_handler = on_sigchld};
	struct itimerspec each = {.it_interval.tv_nsec = 500000, .it_value.tv_nsec = 500000};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;

	sigaction(SIGUSR1, &action, NULL);
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	ck_assert_int_eq(timer_settime(timer, 0, &each, NULL), 0);
	run_some(0);
	timer_delete(timer);
	ck_assert_int_gt(sigchlds, 0);
}
END_TEST

/* ---- many ------------------------------------------------------------------------------------ */

struct worker {
	pthread_t thread;
	struct exd_engine *engine;
	int code;
	int got;
	char text[EXD_ERROR_TEXT_MAX];
};

static void *run_one(void *arg)
{
	struct worker *w = arg;
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_exit_status status = STATUS_INIT;
	struct exd_command *command = NULL;
	char script[32];
	const char *args[] = {"/bin/sh", "-c", script, NULL};

	snprintf(script, sizeof(script), "exit %d", w->code);
	w->got = exd_command_new(&command, &err);
	if (w->got == 0)
		w->got = exd_command_set_args(command, args, &err);
	if (w->got == 0)
		w->got = exd_run(w->engine, command, NULL, NULL, &status, &err);
	if (w->got == 0)
		w->got = (int)status.exit_code;
	snprintf(w->text, sizeof(w->text), "%s", err.text);
	exd_command_free(command);
	return NULL;
}

START_TEST(test_64_threads)
{
	struct exd_engine *engine = lib_engine(0);
	static struct worker workers[64];

	for (int i = 0; i < 64; i++) {
		workers[i] = (struct worker){.engine = engine, .code = i + 1};
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run_one, &workers[i]), 0);
	}
	for (int i = 0; i < 64; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_msg(workers[i].got == workers[i].code, "%d: %d %s", workers[i].code,
			      workers[i].got, workers[i].text);
	}
	lib_end(engine);
}
END_TEST

struct waiter {
	pthread_t thread;
	struct exd_process *process;
	int r;
	struct exd_exit_status status;
};

static void *wait_for_one(void *arg)
{
	struct waiter *w = arg;

	do
		w->r = exd_process_wait(w->process, 20, &w->status, NULL);
	while (w->r == -ETIMEDOUT);
	return NULL;
}

/* Both may find the messages of a process first, or while the other is at it. */
START_TEST(test_dispatch_and_wait)
{
	struct exd_engine *engine = lib_engine(0);
	struct waiter waiters[8];
	struct pollfd p = {.fd = exd_engine_fd(engine), .events = POLLIN};

	for (int i = 0; i < 8; i++) {
		waiters[i] = (struct waiter){.status = STATUS_INIT};
		waiters[i].process = lib_start(engine, NULL, "sleep 0.1; exit 24",
					       EXD_START_TIED | EXD_START_EPHEMERAL);
		ck_assert_int_eq(
			pthread_create(&waiters[i].thread, NULL, wait_for_one, &waiters[i]), 0);
	}
	for (int i = 0; i < 8; i++)
		while (exd_process_phase(waiters[i].process) < EXD_PHASE_DONE)
			if (poll(&p, 1, 50) > 0)
				must(exd_engine_dispatch(engine, &lib_err));
	for (int i = 0; i < 8; i++) {
		pthread_join(waiters[i].thread, NULL);
		ck_assert_int_eq(waiters[i].r, 0);
		ck_assert_uint_eq(waiters[i].status.exit_code, 24);
		exd_process_free(waiters[i].process);
	}
	lib_end(engine);
}
END_TEST

START_TEST(test_two_engines)
{
	struct exd_engine *one = lib_engine(0);
	struct exd_engine *two = lib_engine(EXD_ENGINE_PRIVATE_MONITOR);
	struct worker workers[8];

	for (int i = 0; i < 8; i++) {
		workers[i] = (struct worker){.engine = i % 2 ? one : two, .code = i + 1};
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run_one, &workers[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_msg(workers[i].got == workers[i].code, "%d: %d %s", workers[i].code,
			      workers[i].got, workers[i].text);
	}
	exd_engine_close(two);
	lib_end(one);
}
END_TEST

/* A sanitizer's own memory grows with everything. */
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
static long mapped_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld", &pages), 1);
	fclose(f);
	return pages;
}

static void open_close(int times)
{
	for (int i = 0; i < times; i++) {
		void *handle = dlopen("libexecdriver.so.0", RTLD_NOW | RTLD_LOCAL);
		struct exd_engine *engine = lib_engine(0);

		ck_assert_msg(handle != NULL, "%s", dlerror());
		exd_engine_close(engine);
		dlclose(handle);
	}
}

START_TEST(test_loaded_1000_times)
{
	long before;

	open_close(50);
	before = mapped_pages();
	open_close(1000);
	ck_assert_int_le(mapped_pages(), before);
	lib_remove_root();
}
END_TEST
#endif

int main(void)
{
	Suite *s = suite_create("guest");

	lib_add(s, "manners", test_nothing_changes, test_close_on_exec);
	lib_add(s, "hosts", test_no_sigchld, test_sigchld_ignored, test_sigchld_blocked,
		test_greedy_reaper, test_subreaper, test_pid_1, test_signal_storm);
	lib_add(s, "many", test_64_threads, test_dispatch_and_wait, test_two_engines);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
	lib_add(s, "memory", test_loaded_1000_times);
#endif
	return tap_main(s);
}
