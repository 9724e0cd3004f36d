/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: what a driver does to the process it is loaded into. */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/hash.h"

#define THREADS 4
#define ROUNDS 5
#define SNAPSHOT_SIZE 8192

extern char **environ;

/* Every function of the driver that a host comes by. */
static void whole_life(struct kit *kit)
{
	struct exd_info info = {.struct_size = sizeof(info)};
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_command *command = kit_command(kit, "life", "echo ready; read x; exit 4");
	struct exd_report *report = NULL;
	struct kit_box box;
	pid_t pids[8];

	kit_must(kit, exd_report_new(&report, &kit->err), "making a report");
	kit_must(kit, exd_explain(kit->engine, command, report, NULL, &kit->err), "explain");
	box = kit_start_command(kit, "life", command, NULL, 0);
	kit_expect(kit, box.out, "ready");
	(void)exd_info(kit->engine, box.id, &info, NULL);
	(void)exd_stats(kit->engine, box.id, &stats, NULL);
	(void)exd_pids(kit->engine, box.id, pids, 8, NULL);
	if (exd_pause(kit->engine, box.id, NULL) == 0)
		(void)exd_unpause(kit->engine, box.id, NULL);
	if (kit->caps & EXD_CAP_EXEC)
		(void)exd_exec(kit->engine, box.id, kit_exec_command(kit, "exit 0"), NULL, NULL,
			       NULL, NULL);
	(void)write_all(box.in, "end\n", 4);
	(void)kit_wait(kit, &box);
	exd_process_free(box.process);
	(void)close(box.in);
	(void)close(box.out);
	(void)exd_delete(kit->engine, box.id, false, NULL);
	exd_report_free(report);
	exd_command_free(command);
}

/* The driver is loaded in between, and gone again. */
static void load_live_close(struct kit *kit)
{
	kit_new_engine(kit);
	whole_life(kit);
	kit->engine = exd_engine_close(kit->engine);
}

/* ---- one look before, one behind ------------------------------------------------------------- */

static void unchanged(struct kit *kit, const char *what,
		      void (*look)(struct kit *kit, char text[SNAPSHOT_SIZE]))
{
	static char before[SNAPSHOT_SIZE], during[SNAPSHOT_SIZE], after[SNAPSHOT_SIZE];

	kit->engine = exd_engine_close(kit->engine);
	look(kit, before);
	kit->engine = kit_engine(kit, kit->options->config);
	whole_life(kit);
	look(kit, during);
	kit->engine = exd_engine_close(kit->engine);
	look(kit, after);
	kit_check(kit, strcmp(before, during) == 0 && strcmp(before, after) == 0,
		  "%s changed from '%.200s' to '%.200s'", what, before,
		  strcmp(before, during) == 0 ? after : during);
}

static void look_directory(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	kit_check(kit, getcwd(text, SNAPSHOT_SIZE) != NULL, "no working directory");
}

static void case_directory(struct kit *kit)
{
	unchanged(kit, "the working directory", look_directory);
}

static void copy_field(struct kit *kit, const char *field, char *text, size_t size)
{
	char status[4096];

	kit_check(kit, kit_proc((int)getpid(), "status", status, sizeof(status)), "no /proc");
	kit_proc_field(status, field, text, size);
}

static void look_umask(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	copy_field(kit, "Umask", text, SNAPSHOT_SIZE);
}

static void case_umask(struct kit *kit)
{
	unchanged(kit, "the umask", look_umask);
}

/* All of it: a text would be cut, and what is behind the cut not be seen to change. */
static void look_environment(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	uint64_t hash = HASH_INIT;
	size_t count = 0;

	(void)kit;
	for (char **e = environ; *e; e++, count++)
		hash = hash_words(hash, *e, strlen(*e));
	(void)snprintf(text, SNAPSHOT_SIZE, "%zu variables, hash %016" PRIx64, count, hash);
}

static void case_environment(struct kit *kit)
{
	unchanged(kit, "the environment", look_environment);
}

static void look_fields(struct kit *kit, const char *const *fields, char text[SNAPSHOT_SIZE])
{
	size_t used = 0;
	char value[128];

	text[0] = '\0';
	for (; *fields; fields++) {
		copy_field(kit, *fields, value, sizeof(value));
		used += (size_t)snprintf(text + used, SNAPSHOT_SIZE - used, "%s %s ", *fields,
					 value);
	}
}

/* Without 32 and 33, which the C library catches when it first makes a thread. */
static void look_signals(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	static const char *const fields[] = {"SigBlk", "SigIgn", "SigCgt"};
	char mask[32];
	size_t used = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		copy_field(kit, fields[i], mask, sizeof(mask));
		used += (size_t)snprintf(text + used, SNAPSHOT_SIZE - used, "%s %llx ", fields[i],
					 strtoull(mask, NULL, 16) & ~(3ULL << 31));
	}
}

static void case_signals(struct kit *kit)
{
	unchanged(kit, "signals", look_signals);
}

static void look_limits(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	kit_check(kit, kit_proc((int)getpid(), "limits", text, SNAPSHOT_SIZE), "no /proc");
}

static void case_limits(struct kit *kit)
{
	unchanged(kit, "limits", look_limits);
}

static void look_credentials(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	static const char *const fields[] = {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff",
					     "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", NULL};
	static const char *const names[] = {"mnt", "pid", "pid_for_children", "ipc",
					    "uts", "net", "cgroup", "user"};
	size_t used;
	char value[32];

	look_fields(kit, fields, text);
	used = strlen(text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		kit_namespace((int)getpid(), names[i], value, sizeof(value));
		used += (size_t)snprintf(text + used, SNAPSHOT_SIZE - used, "%s %s ", names[i],
					 value);
	}
}

static void case_credentials(struct kit *kit)
{
	unchanged(kit, "ids, capabilities or namespaces", look_credentials);
}

static void look_threads(struct kit *kit, char text[SNAPSHOT_SIZE])
{
	int64_t deadline = clock_ms() + 1000;
	size_t count;

	/* One that was joined may be seen for a moment. */
	while ((count = kit_count_entries("/proc/self/task")) > 1 && clock_left_ms(deadline) > 0)
		kit_nap(10);
	(void)snprintf(text, SNAPSHOT_SIZE, "%zu threads", count);
}

static void case_threads_left(struct kit *kit)
{
	unchanged(kit, "the process", look_threads);
}

/* ---- descriptors and output ------------------------------------------------------------------ */

static void case_prints(struct kit *kit)
{
	struct stat st;
	char text[256];

	load_live_close(kit);
	kit_check(kit, fstat(kit->captured, &st) == 0, "output was not caught");
	if (st.st_size == 0)
		return;
	if (pread(kit->captured, text, sizeof(text) - 1, 0) > 0)
		text[st.st_size < 255 ? st.st_size : 255] = '\0';
	text[strcspn(text, "\n")] = '\0';
	kit_fail(kit, "it wrote: %s", text);
}

static void check_cloexec(struct kit *kit)
{
	char path[64], target[128];
	int flags;
	ssize_t n;

	for (int fd = 3; fd < 256; fd++) {
		flags = fcntl(fd, F_GETFD);
		if (flags < 0 || (flags & FD_CLOEXEC))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		kit_fail(kit, "descriptor %d (%s) would survive an exec", fd, target);
	}
}

static int look_in_hook(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	check_cloexec(ctx);
	return 0;
}

static void case_cloexec(struct kit *kit)
{
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = kit, .start = look_in_hook};
	struct exd_command *command = kit_command(kit, "cloexec", "exit 0");

	kit_must(kit, exd_run(kit->engine, command, NULL, &hooks, NULL, &kit->err), "run");
	whole_life(kit);
	check_cloexec(kit);
}

static void case_descriptors(struct kit *kit)
{
	size_t before;

	/* The first run opens what an engine keeps. */
	whole_life(kit);
	before = kit_count_entries("/proc/self/fd");
	for (int i = 0; i < ROUNDS; i++)
		whole_life(kit);
	kit_check(kit, kit_count_entries("/proc/self/fd") <= before,
		  "after %d containers %zu descriptors are open instead of %zu", ROUNDS,
		  kit_count_entries("/proc/self/fd"), before);
}

/* ---- children and threads -------------------------------------------------------------------- */

static void case_children(struct kit *kit)
{
	siginfo_t info = {0};

	whole_life(kit);
	kit_check(kit,
		  waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 &&
			  errno == ECHILD,
		  "the host has a child process that it did not make");
}

static void case_host_child(struct kit *kit)
{
	siginfo_t info;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(9);
	kit_check(kit, pid > 0, "the kit cannot fork");
	(void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	whole_life(kit);
	kit_check(kit, waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9,
		  "a child of the host was reaped by another");
}

struct worker {
	pthread_t thread;
	struct kit kit; /* an error of its own */
	int number;
};

static void *run_rounds(void *arg)
{
	struct worker *worker = arg;
	struct kit *kit = &worker->kit;
	char name[32], script[32];
	uint32_t code;

	for (int i = 0; i < ROUNDS; i++) {
		(void)snprintf(name, sizeof(name), "thread-%d-%d", worker->number, i);
		(void)snprintf(script, sizeof(script), "exit %d", 10 * worker->number + i);
		code = kit_run_command(kit, kit_command(kit, name, script)).exit_code;
		kit_check(kit, code == (uint32_t)(10 * worker->number + i),
			  "among %d threads, exit %d is told as %u", THREADS,
			  10 * worker->number + i, code);
	}
	return NULL;
}

static void case_threads(struct kit *kit)
{
	struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i].kit = *kit;
		workers[i].number = i + 1;
		kit_check(kit,
			  pthread_create(&workers[i].thread, NULL, run_rounds, &workers[i]) == 0,
			  "no thread");
	}
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(workers[i].thread, NULL);
}

/* ---- another process ------------------------------------------------------------------------- */

struct found {
	char id[KIT_ID];
	int lent[2]; /* stdin and stdout of it */
};

static void start_found(struct kit *kit, void *arg)
{
	const struct found *found = arg;
	struct exd_command *command = kit_command(kit, "elsewhere", "echo ready; read x; exit 6");
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = found->lent[0],
				  .out = found->lent[1],
				  .err = EXD_FD_NULL};
	struct exd_process *process = NULL;

	kit_must(kit, exd_start(kit->engine, command, &stdio, NULL, 0, &process, &kit->err),
		 "start");
	kit_until(kit, process, EXD_PHASE_RUNNING);
}

static void do_all(struct kit *kit, const char *id)
{
	struct exd_info info = {.struct_size = sizeof(info)};
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	pid_t pids[8];

	kit_must(kit, exd_info(kit->engine, id, &info, &kit->err), "info elsewhere");
	kit_check(kit, info.running, "elsewhere it does not run");
	if (kit->caps & EXD_CAP_PIDS)
		kit_must(kit, exd_pids(kit->engine, id, pids, 8, &kit->err), "pids elsewhere");
	if (kit->caps & EXD_CAP_STATS)
		kit_must(kit, exd_stats(kit->engine, id, &stats, &kit->err), "stats elsewhere");
	if (kit->caps & EXD_CAP_PAUSE) {
		kit_must(kit, exd_pause(kit->engine, id, &kit->err), "pause elsewhere");
		kit_must(kit, exd_unpause(kit->engine, id, &kit->err), "unpause elsewhere");
	}
	if (kit->caps & EXD_CAP_EXEC)
		kit_must(kit,
			 exd_exec(kit->engine, id, kit_exec_command(kit, "exit 0"), NULL, NULL,
				  NULL, &kit->err),
			 "exec elsewhere");
}

/* This process has never started anything. */
static void case_elsewhere(struct kit *kit)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct found found;
	int in[2], out[2];

	kit_pipe(kit, in);
	kit_pipe(kit, out);
	found.lent[0] = in[0];
	found.lent[1] = out[1];
	kit_id(kit, "elsewhere", found.id);
	kit_host_dies(kit, start_found, &found);
	kit_expect(kit, out[0], "ready");
	do_all(kit, found.id);
	kit_check(kit, write(in[1], "end\n", 4) == 4, "its stdin is gone");
	kit_must(kit, exd_wait(kit->engine, found.id, KIT_SOON_MS, &status, &kit->err), "wait");
	kit_must(kit, exd_delete(kit->engine, found.id, false, &kit->err), "delete");
}

static const struct kit_case cases[] = {
	{"guest.children", "guest-1", .needs = "run.once", .run = case_children},
	{"guest.host_child", "guest-2", .needs = "guest.children", .run = case_host_child},
	{"guest.directory", "guest-3", .needs = "run.once", .run = case_directory},
	{"guest.umask", "guest-4", .needs = "run.once", .run = case_umask},
	{"guest.environment", "guest-5", .needs = "run.once", .run = case_environment},
	{"guest.signals", "guest-6", .needs = "run.once", .run = case_signals},
	{"guest.limits", "guest-7", .needs = "run.once", .run = case_limits},
	{"guest.credentials", "guest-8", .needs = "run.once", .run = case_credentials},
	{"guest.prints", "guest-9", .needs = "run.once", .run = case_prints},
	{"guest.cloexec", "guest-10", .needs = "run.once", .run = case_cloexec},
	{"guest.descriptors", "guest-11", .needs = "close.gives_back run.once", .run = case_descriptors},
	{"guest.threads_left", "guest-12", .needs = "run.once", .run = case_threads_left},
	{"guest.threads", "guest-13", .needs = "run.code", .run = case_threads},
	{"guest.elsewhere", "guest-14", .needs = "run.code cap.exec", .run = case_elsewhere},
};

KIT_GROUP(kit_guest);
