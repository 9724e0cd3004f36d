/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call of host, monitor and child fails once: the program runs as isolated as ever or
 * not at all, the error says why, and nothing is left. EXD_FAULTS=all takes every errno of each
 * call; EXD_FAULTS=SCENARIO:PROCESS:CALL:ERRNO one fault, and tells of it.
 */
#include "tests/root/faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/sight.h"
#include "tests/root/tiny.h"

#define SIGHT_SIZE 65536
#define EXIT_CODE 7
#define WRONG_MAX 40
#define ID "faulty"

/* What the host tells, and what is seen of its program. */
struct outcome {
	int r;
	struct exd_error err;
	struct exd_exit_status status;
	int fds_before;
	int fds_after;
	int programs;
	char sight[SIGHT_SIZE];
};

struct scenario {
	const char *name;
	void (*host)(void *arg);
	bool thorough; /* also in a short test every errno */
	int stride;    /* in a short test one of so many calls */
};

struct tally {
	int faults;
	int failed;
	int succeeded;
	int left; /* something that gc removed */
	int wrong;
	time_t slowest;
};

/* Shared with the host. */
static struct outcome *out;

static void saw_program(void *arg, pid_t pid)
{
	(void)arg;
	if (!pid)
		out->sight[0] = '\0';
	else if (out->programs++ == 0)
		sight_of(pid, out->sight, sizeof(out->sight));
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static struct exd_engine *open_engine(void)
{
	struct exd_engine_config config = {.struct_size = sizeof(config), .root = lib_root(), .driver = "native"};
	struct exd_engine *engine = NULL;

	out->r = exd_engine_open(&engine, &config, &out->err);
	return engine;
}

/* `keys` are pairs, up to a NULL. */
static struct exd_command *build(const char *id, const char *what, const char *const *keys)
{
	const char *const args[] = {"/inside", what, "7", NULL};
	struct exd_command *command = NULL;

	out->r = exd_command_new(&command, &out->err);
	if (out->r == 0)
		out->r = exd_command_set_args(command, args, &out->err);
	if (out->r == 0 && id)
		out->r = exd_command_set(command, "id", id, &out->err);
	if (out->r == 0 && id)
		out->r = exd_command_set(command, "rootfs", tiny_root(), &out->err);
	if (out->r == 0 && id)
		out->r = exd_command_set(command, "cgroup_parent", strrchr(tiny_root(), '/') + 1,
					 &out->err);
	for (; keys && *keys && out->r == 0; keys += 2)
		out->r = exd_command_set(command, keys[0], keys[1], &out->err);
	return command;
}

static void run(const char *const *keys, const struct exd_hooks *hooks)
{
	struct exd_engine *engine;
	struct exd_command *command = NULL;

	out->fds_before = tap_count_fds();
	faults_begin();
	engine = open_engine();
	if (engine)
		command = build(ID, "exit", keys);
	if (out->r == 0)
		out->r = exd_run(engine, command, NULL, hooks, &out->status, &out->err);
	exd_command_free(command);
	exd_engine_close(engine);
	faults_end();
	out->fds_after = tap_count_fds();
}

static void host_plain(void *arg)
{
	(void)arg;
	run(NULL, NULL);
}

static int on_pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	(void)ctx;
	(void)process;
	return pid > 0 ? 0 : -EINVAL;
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	(void)ctx;
	(void)process;
	(void)oom_fd;
	return pid > 0 ? 0 : -EINVAL;
}

static void host_full(void *arg)
{
	static const char *const keys[] = {
		"user", "1000:1000", "groups", "1001", "cap_drop", "all", "cap_add",
		"net_bind_service", "no_new_privileges", "yes", "rlimits", "nofile=64:128",
		"rlimits", "core=0", "hostname", "faulty", "sysctls", "net.ipv4.ip_forward=1",
		"memory", "64m", "memory_reservation", "32m", "pids_limit", "20", "cpus", "0.5",
		"cpu_shares", "512", "mounts", "/usr:/tmp:ro,nosuid,nodev", "oom_score_adj", "500",
		"umask", "027", "env", "A=b", "rootfs_readonly", "yes", "init", "yes", NULL};
	struct exd_hooks hooks = {.struct_size = sizeof(hooks),
				  .pre_start = on_pre_start,
				  .start = on_start,
				  .timeout_ms = 2000};

	(void)arg;
	run(keys, &hooks);
}

/* A volatile root and a terminal. */
static void host_tty(void *arg)
{
	static const char *const keys[] = {"tty", "yes", NULL};

	(void)arg;
	run(keys, NULL);
}

static void delete (struct exd_engine *engine)
{
	struct exd_error err = EXD_ERROR_INIT;
	int r;

	/* What fails must fail for a moment only. */
	for (int i = 0; i < 400; i++) {
		r = exd_delete(engine, ID, true, &err);
		if (r == 0 || err.code == EXD_ERR_NOT_FOUND)
			return;
		tiny_nap();
	}
	(void)snprintf(out->err.text, sizeof(out->err.text), "delete: %.400s", err.text);
}

static void until_running(struct exd_engine *engine, const struct exd_process *process)
{
	for (int i = 0; i < 4000 && exd_process_phase(process) < EXD_PHASE_RUNNING; i++) {
		(void)exd_engine_dispatch(engine, NULL);
		(void)usleep(1000);
	}
}

/* Only what follows the start of the target may fail. */
static void host_exec(void *arg)
{
	const struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 2000};
	struct exd_engine *engine;
	struct exd_command *target, *further;
	struct exd_process *process = NULL;

	(void)arg;
	out->fds_before = tap_count_fds();
	engine = open_engine();
	target = build(ID, "rest", NULL);
	out->r = exd_start(engine, target, NULL, NULL, EXD_START_TIED, &process, &out->err);
	if (out->r == 0)
		until_running(engine, process);
	for (int i = 0; i < 4000 && *(volatile int *)&out->programs == 0; i++)
		tiny_nap();
	out->programs = 0;
	faults_begin();
	further = build(NULL, "exit", NULL);
	if (out->r == 0)
		out->r = exd_exec(engine, ID, further, NULL, &hooks, &out->status, &out->err);
	faults_end();
	delete (engine);
	exd_process_free(process);
	exd_command_free(target);
	exd_command_free(further);
	exd_engine_close(engine);
	out->fds_after = tap_count_fds();
}

static void detached(struct exd_engine *engine, struct exd_command *command)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 2000};
	struct exd_process *process = NULL;

	if (out->r == 0)
		out->r = exd_start(engine, command, NULL, &hooks, 0, &process, &out->err);
	if (out->r == 0)
		out->r = exd_process_wait(process, 20000, &out->status, &out->err);
	exd_process_free(process);
}

static void host_detached(void *arg)
{
	struct exd_engine *engine;
	struct exd_command *command = NULL;

	(void)arg;
	out->fds_before = tap_count_fds();
	faults_begin();
	engine = open_engine();
	if (engine)
		command = build(ID, "exit", NULL);
	detached(engine, command);
	faults_end();
	exd_command_free(command);
	if (engine)
		delete (engine);
	exd_engine_close(engine);
	out->fds_after = tap_count_fds();
}

/* ---- what is left ---------------------------------------------------------------------------- */

static int count_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int count = 0, c;

	while (f && (c = fgetc(f)) != EOF)
		count += c == '\n';
	if (f)
		fclose(f);
	return count;
}

/* Containers, and directories of monitors, which are files and directories below .monitor. */
static int count_entries(const char *path, char *first, size_t size)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	int count = 0;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "shared") != 0 && count++ == 0)
			(void)snprintf(first, size, "%.200s/%.50s", path, entry->d_name);
	if (d)
		closedir(d);
	return count;
}

static bool is_left(char *what, size_t size)
{
	char path[160];
	int count = count_entries(lib_root(), what, size);

	(void)snprintf(path, sizeof(path), "%s/.monitor", lib_root());
	count += count_entries(path, what, size);
	if (count == 0 && tiny_cgroups(false) > 0) {
		(void)snprintf(what, size, "a cgroup");
		count++;
	}
	return count > 0;
}

/* gc lets directories of monitors alone that are younger than it takes to start one. */
static void age_monitors(void)
{
	char path[128], below[400];
	struct dirent *entry;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/.monitor", lib_root());
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			(void)utimensat(AT_FDCWD, below, old, AT_SYMLINK_NOFOLLOW);
	}
	if (d)
		closedir(d);
}

static void collect(void)
{
	struct exd_engine *engine = lib_engine(0);

	age_monitors();
	must(exd_gc(engine, false, NULL, &lib_err));
	if (exd_delete(engine, ID, false, &lib_err) < 0)
		ck_assert_msg(lib_err.code == EXD_ERR_NOT_FOUND, "%s", lib_err.text);
	exd_engine_close(engine);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void first_difference(const char *a, const char *b, char *why, size_t size)
{
	const char *line = a;

	while (*a && *a == *b) {
		if (*a == '\n')
			line = a + 1;
		a++;
		b++;
	}
	(void)snprintf(why, size, "less isolation: wanted '%.*s', got '%.60s'",
		       (int)strcspn(line, "\n"), line, b);
}

/*
 * The one mount that a container may do without: a kernel need not have it. Then it is left out of
 * what is wanted.
 */
static const char *without_optional(const char *wanted)
{
	static char rest[SIGHT_SIZE];
	const char *at = strstr(wanted, "/ /dev/mqueue "), *end;

	if (!at || strstr(out->sight, "/ /dev/mqueue "))
		return wanted;
	end = strchr(at, '\n');
	(void)snprintf(rest, sizeof(rest), "%.*s%s", (int)(at - wanted), wanted, end ? end + 1 : "");
	return rest;
}

static void judge(const struct faults_seen *seen, const char *wanted, char *why, size_t size)
{
	wrong_if(seen->hung, "hung");
	wrong_if(seen->host_status != 0, "the host ended with %x", (unsigned int)seen->host_status);
	wrong_if(out->programs > 1, "%d programs ran", out->programs);
	if (out->sight[0] && wanted && strcmp(out->sight, without_optional(wanted)) != 0) {
		first_difference(without_optional(wanted), out->sight, why, size);
		return;
	}
	wrong_if(out->r == 0 && !out->programs, "success without a program");
	wrong_if(out->r == 0 && out->status.exit_code != EXIT_CODE, "exit code %u",
		 out->status.exit_code);
	wrong_if(out->r < 0 && (!out->err.code || strlen(out->err.text) < 10), "no error text: %d '%s'",
		 out->r, out->err.text);
	wrong_if(out->fds_after != out->fds_before, "%d descriptors became %d", out->fds_before,
		 out->fds_after);
}

static void do_fault(const struct scenario *s, struct fault fault, struct faults_seen *seen,
		     const char *wanted, struct tally *tally)
{
	struct faults_run run = {.host = s->host, .program = saw_program, .fault = fault};
	char why[1024] = "", left[300] = "", gone[300] = "";
	int mounts = count_mounts();
	time_t began = time(NULL), took;

	memset(out, 0, sizeof(*out));
	out->status.struct_size = sizeof(out->status);
	ck_assert_int_eq(faults_run(&run, seen), 0);
	took = time(NULL) - began;
	judge(seen, wanted, why, sizeof(why));
	if (is_left(left, sizeof(left))) {
		collect();
		tally->left++;
		if (!why[0] && is_left(gone, sizeof(gone)))
			(void)snprintf(why, sizeof(why), "gc leaves %s", gone);
	}
	if (!why[0] && count_mounts() != mounts)
		(void)snprintf(why, sizeof(why), "a mount is left");
	tally->faults++;
	tally->failed += out->r < 0;
	tally->succeeded += out->r >= 0;
	tally->slowest = took > tally->slowest ? took : tally->slowest;
	tally->wrong += why[0] != '\0';
	if (why[0] || getenv("EXD_FAULTS_TELL"))
		printf("# %s:%d:%d:%d %s %s: %d '%s'%s%s%s%s (%d s)\n", s->name, fault.process, fault.call,
		       fault.error, seen->failed_nr < 0 ? "-" : faults_call_name(seen->failed_nr),
		       strerror(fault.error), out->r, out->err.text, why[0] ? " WRONG: " : "", why,
		       left[0] ? " LEFT: " : "", left, (int)took);
	fflush(stdout);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void do_call(const struct scenario *s, struct fault fault, const char *wanted,
		    struct tally *tally)
{
	static struct faults_seen seen;
	const char *which = getenv("EXD_FAULTS");
	bool all = s->thorough || (which && strcmp(which, "all") == 0);

	for (const int *e = faults_errors(fault.nr); *e; e++) {
		fault.error = *e;
		do_fault(s, fault, &seen, wanted, tally);
		if (!all || tally->wrong > WRONG_MAX)
			break;
	}
}

static void do_all(const struct scenario *s, const struct faults_seen *base, const char *wanted,
		   struct tally *tally)
{
	const char *which = getenv("EXD_FAULTS");
	int stride = which && strcmp(which, "all") == 0 ? 1 : s->stride;
	int at = 0;

	for (int p = 0; p < base->processes; p++)
		for (int c = 0; c < base->calls[p] && tally->wrong <= WRONG_MAX; c++)
			if (at++ % stride == 0)
				do_call(s, (struct fault){p, c, base->nr[p][c], 0}, wanted, tally);
}

static void do_scenario(const struct scenario *s)
{
	static struct faults_seen base, seen;
	static char wanted[SIGHT_SIZE];
	const char *which = getenv("EXD_FAULTS");
	struct fault one = {.process = -1};
	struct tally tally = {0};

	out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(out, MAP_FAILED);
	/* What others mount meanwhile is not what is left. */
	ck_assert_int_eq(mounts_own(), 0);
	(void)lib_root();
	(void)tiny_root();
	do_fault(s, one, &base, NULL, &tally);
	ck_assert_msg(out->r == 0 && tally.wrong == 0 && tally.left == 0, "%s", out->err.text);
	(void)snprintf(wanted, sizeof(wanted), "%s", out->sight);
	if (which && strcmp(which, "sight") == 0)
		printf("%s", wanted);
	/* The same twice, or nothing can be said of a third time. */
	do_fault(s, one, &seen, wanted, &tally);
	ck_assert_int_eq(tally.wrong, 0);
	if (which && sscanf(which, "%*[a-z]:%d:%d:%d", &one.process, &one.call, &one.error) == 3 &&
	    one.process < FAULTS_PROCESSES && one.call < FAULTS_CALLS) {
		one.nr = base.nr[one.process][one.call];
		do_fault(s, one, &seen, wanted, &tally);
	} else {
		do_all(s, &base, wanted, &tally);
	}
	printf("# %s: %d faults, %d starts failed, %d did not, %d left something to gc, slowest %d s\n",
	       s->name, tally.faults - 2, tally.failed, tally.succeeded - 2, tally.left, (int)tally.slowest);
	fflush(stdout);
	ck_assert_int_eq(tally.wrong, 0);
	lib_remove_root();
	tiny_remove();
	(void)munmap(out, sizeof(*out));
}

static const struct scenario scenarios[] = {
	{.name = "plain", .host = host_plain, .stride = 1},
	{.name = "full", .host = host_full, .stride = 7},
	{.name = "tty", .host = host_tty, .stride = 7},
	{.name = "exec", .host = host_exec, .stride = 7},
	{.name = "detached", .host = host_detached, .stride = 7},
};

START_TEST(test_every_call)
{
	const struct scenario *s = &scenarios[_i];
	const char *which = getenv("EXD_FAULTS");

	if (which && strchr(which, ':') && strncmp(which, s->name, strlen(s->name)) != 0)
		return;
	do_scenario(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("faults");
	TCase *tc = tap_tcase(s, "calls");

	tcase_set_timeout(tc, getenv("EXD_FAULTS") ? 3600 : 300);
	tcase_add_loop_test(tc, test_every_call, 0, sizeof(scenarios) / sizeof(scenarios[0]));
	return tap_main(s);
}
