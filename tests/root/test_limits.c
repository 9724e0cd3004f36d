/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits that hold, limits that this host cannot set, and what pausing stops. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/tiny.h"

#define WINDOW_NS UINT64_C(2000000000)

/* A container "box" of the tiny root, with one or two keys. */
static struct exd_process *start_with(struct exd_engine *engine, const char *what, const char *key, const char *value,
				      const char *key2, const char *value2)
{
	struct exd_command *command = tiny_command("box", what, NULL);
	struct exd_process *process = NULL;

	must(exd_command_set(command, key, value, &lib_err));
	if (key2)
		must(exd_command_set(command, key2, value2, &lib_err));
	must(exd_start(engine, command, NULL, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process, &lib_err));
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

static void end(struct exd_engine *engine, struct exd_process *process)
{
	struct exd_exit_status status = STATUS_INIT;

	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(process, 30000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 137);
	ck_assert(!status.oom_killed && status.oom_kills == 0);
	exd_process_free(process);
	lib_end(engine);
	tiny_remove();
}

static struct exd_stats sample(struct exd_engine *engine)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	must(exd_stats(engine, "box", &stats, &lib_err));
	return stats;
}

/* ---- pids ----------------------------------------------------------------------------------------------- */

#define PIDS 64

START_TEST(test_fork_bomb)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "bomb", "pids_limit", "64", NULL, NULL);
	int fds[PIDS];
	pid_t pids[2 * PIDS];
	int count = 0;

	for (int i = 0; i < 2000 && count < PIDS; i++) {
		tiny_nap();
		count = exd_pids(engine, "box", pids, 2 * PIDS, &lib_err);
		must(count);
	}
	ck_assert_int_eq(count, PIDS);
	/* It goes on trying: it is at the limit each time somebody looks. */
	for (int i = 0; i < 50; i++) {
		struct exd_stats stats = sample(engine);

		ck_assert_uint_le(stats.pids_current, PIDS);
		ck_assert_uint_eq(stats.pids_limit, PIDS);
		ck_assert_int_le(exd_pids(engine, "box", pids, 2 * PIDS, &lib_err), PIDS);
	}
	for (int i = 0; i < PIDS; i++)
		fds[i] = tiny_pidfd(pids[i]);
	must(exd_terminate(engine, "box", &lib_err));
	for (int i = 0; i < PIDS; i++) {
		ck_assert(!tiny_alive(fds[i], pids[i]));
		close(fds[i]);
	}
	must(exd_process_wait(process, 30000, NULL, &lib_err));
	exd_process_free(process);
	lib_end(engine);
	tiny_remove();
}
END_TEST

/* Without a pid namespace nothing but the cgroup ends them all. */
START_TEST(test_fork_bomb_without_pid_namespace)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "bomb", "pids_limit", "64", "pid_namespace", "host");
	uint64_t seen = 0;

	for (int i = 0; i < 2000 && seen < PIDS; i++) {
		tiny_nap();
		seen = sample(engine).pids_current;
	}
	ck_assert_uint_eq(seen, PIDS);
	end(engine, process);
}
END_TEST

/* ---- cpu ------------------------------------------------------------------------------------------------ */

/* How much of one cpu it used, by the kernel's own figures of its cpu time. */
static double cpu_used(struct exd_engine *engine)
{
	struct exd_stats first = sample(engine), last;

	do {
		(void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		last = sample(engine);
	} while (last.time_ns - first.time_ns < WINDOW_NS);
	return (double)(last.cpu_total_ns - first.cpu_total_ns) / (double)(last.time_ns - first.time_ns);
}

START_TEST(test_cpus)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "burn", "cpus", "0.5", NULL, NULL);
	double used = 1;

	/* This process may be held up between reading the clock and the counter. */
	for (int i = 0; i < 3 && used > 0.55; i++)
		used = cpu_used(engine);
	ck_assert_msg(used <= 0.55, "%.3f cpus were used", used);
	ck_assert_msg(used > 0, "no cpu was used");
	end(engine, process);
}
END_TEST

/* So little that it is used up on a busy machine too. */
START_TEST(test_throttled)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "burn", "cpus", "0.02", NULL, NULL);
	struct exd_stats stats = sample(engine);

	for (int i = 0; i < 4000 && !stats.cpu_throttled_ns; i++) {
		tiny_nap();
		stats = sample(engine);
	}
	ck_assert_uint_gt(stats.cpu_throttled_ns, 0);
	ck_assert_uint_gt(stats.cpu_throttled_periods, 0);
	ck_assert_uint_ge(stats.cpu_periods, stats.cpu_throttled_periods);
	end(engine, process);
}
END_TEST

static uint64_t cpu_moves(struct exd_engine *engine, uint64_t from)
{
	uint64_t now = from;

	for (int i = 0; i < 4000 && now == from; i++) {
		tiny_nap();
		now = sample(engine).cpu_total_ns;
	}
	return now - from;
}

START_TEST(test_paused_uses_none)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "burn", "cpu_shares", "512", NULL, NULL);
	uint64_t before;

	ck_assert_uint_gt(cpu_moves(engine, 0), 0);
	must(exd_pause(engine, "box", &lib_err));
	before = sample(engine).cpu_total_ns;
	for (int i = 0; i < 50; i++) {
		tiny_nap();
		ck_assert_uint_eq(sample(engine).cpu_total_ns, before);
	}
	must(exd_unpause(engine, "box", &lib_err));
	ck_assert_uint_gt(cpu_moves(engine, before), 0);
	end(engine, process);
}
END_TEST

/* ---- memory, cpuset ------------------------------------------------------------------------------------- */

/* A file of the container's cgroup of a controller, found through its record; false where there is none. */
static bool read_cgroup(struct exd_engine *engine, const char *controller, const char *file, char *text, size_t size)
{
	char key[64], mount[256], path[256], name[600];
	struct exd_box *box = NULL;
	const char *at;
	int fd;

	must(exd_box_find(engine, "box", &box, &lib_err));
	(void)snprintf(key, sizeof(key), "\"controllers\": \"%s\"", controller);
	at = strstr(exd_box_json(box), key);
	ck_assert_msg(!at || sscanf(at + strlen(key), ", \"mount\": \"%255[^\"]\", \"path\": \"%255[^\"]\"", mount, path) == 2,
		      "%s", exd_box_json(box));
	exd_box_free(box);
	if (!at)
		return false;
	(void)snprintf(name, sizeof(name), "%s/%s/%s", mount, path, file);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	lib_read(fd, text, size);
	close(fd);
	return true;
}

START_TEST(test_memory_figures)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "rest", "memory", "16m", "memory_swap", "24m");
	struct exd_stats stats = sample(engine);
	char text[64];

	ck_assert_uint_eq(stats.valid & EXD_STATS_MEMORY, EXD_STATS_MEMORY);
	ck_assert_uint_eq(stats.memory_limit, 16 << 20);
	ck_assert_uint_le(stats.memory_usage, 16 << 20);
	ck_assert_uint_gt(stats.memory_usage, 0);
	ck_assert_uint_ge(stats.memory_peak, stats.memory_usage);
	ck_assert_uint_eq(stats.pids_limit, UINT64_MAX);
	if (read_cgroup(engine, "memory", "memory.memsw.limit_in_bytes", text, sizeof(text)))
		ck_assert_str_eq(text, "25165824\n");
	end(engine, process);
}
END_TEST

/* A limit of memory is one of swap too, unless that is said otherwise. */
START_TEST(test_memory_without_swap)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "rest", "memory", "16m", NULL, NULL);
	char text[64];

	if (read_cgroup(engine, "memory", "memory.memsw.limit_in_bytes", text, sizeof(text)))
		ck_assert_str_eq(text, "16777216\n");
	end(engine, process);
}
END_TEST

START_TEST(test_cpuset)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start_with(engine, "rest", "cpuset_cpus", "0", "cpuset_mems", "0");
	cpu_set_t set;

	ck_assert_int_eq(sched_getaffinity(exd_process_pid(process), sizeof(set), &set), 0);
	ck_assert_int_eq(CPU_COUNT(&set), 1);
	ck_assert(CPU_ISSET(0, &set));
	end(engine, process);
}
END_TEST

/* ---- what this host cannot set -------------------------------------------------------------------------- */

static char warnings[2048];

static void keep_warning(void *arg, enum exd_log_level level, const char *driver, const char *id, const char *text)
{
	size_t used = strlen(warnings);

	if (level == EXD_LOG_WARNING)
		(void)snprintf(warnings + used, sizeof(warnings) - used, "%s\n", text);
}

static struct exd_engine *engine_with_warnings(void)
{
	struct exd_engine_config config = {.struct_size = sizeof(config),
					   .root = lib_root(),
					   .log = keep_warning,
					   .log_level = EXD_LOG_WARNING};
	struct exd_engine *engine = NULL;

	must(exd_engine_open(&engine, &config, &lib_err));
	return engine;
}

/* The error names what cannot be set, the controller and what to do; with best_effort the same is a warning. */
static void cannot_set(const char *key, const char *value, const char *controller, const char *cure)
{
	struct exd_engine *engine = engine_with_warnings();
	struct exd_command *command = tiny_command(NULL, "exit", "25");
	struct exd_exit_status status = STATUS_INIT;

	must(exd_command_set(command, key, value, &lib_err));
	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, &status, &lib_err), 0);
	ck_assert_msg(lib_err.code == EXD_ERR_CGROUP, "%d: %s", (int)lib_err.code, lib_err.text);
	ck_assert_int_eq(exd_error_exit_code(&lib_err), 125);
	ck_assert_msg(strstr(lib_err.text, key), "'%s' does not name %s", lib_err.text, key);
	ck_assert_msg(strstr(lib_err.text, controller), "'%s' does not name %s", lib_err.text, controller);
	ck_assert_msg(strstr(lib_err.text, cure), "'%s' does not say '%s'", lib_err.text, cure);
	ck_assert_str_eq(warnings, "");
	must(exd_command_set_bool(command, EXD_KEY_BEST_EFFORT, true, &lib_err));
	must(exd_run(engine, command, NULL, NULL, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 25);
	ck_assert_msg(strstr(warnings, key) && strstr(warnings, controller), "warnings: '%s'", warnings);
	exd_command_free(command);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_cpus_that_are_not_there)
{
	cannot_set("cpuset_cpus", "4095", "cpuset", "only '");
}
END_TEST

START_TEST(test_nodes_that_are_not_there)
{
	cannot_set("cpuset_mems", "1000", "cpuset", "only '");
}
END_TEST

/* A mount namespace of the test's own: what it does to the hierarchies there is nobody else's. */
static void own_mounts(void)
{
	ck_assert_int_eq(mounts_own(), 0);
}

/* Where a controller is: in the v1 hierarchy that has it, else in v2. */
static void find_mount(const char *controller, char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	bool found = false;
	struct mntent *m;

	ck_assert_ptr_nonnull(mounts);
	while ((m = getmntent(mounts)) && !found) {
		found = strcmp(m->mnt_type, "cgroup") == 0 && hasmntopt(m, controller);
		if (found || strcmp(m->mnt_type, "cgroup2") == 0)
			(void)snprintf(path, size, "%s", m->mnt_dir);
	}
	endmntent(mounts);
}

START_TEST(test_controller_not_mounted)
{
	char path[256] = "";

	own_mounts();
	find_mount("pids", path, sizeof(path));
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
	cannot_set("pids_limit", "10", "pids", "mount -t cgroup");
}
END_TEST

START_TEST(test_controller_read_only)
{
	char path[256] = "";

	own_mounts();
	find_mount("cpu", path, sizeof(path));
	ck_assert_int_eq(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	cannot_set("cpus", "0.5", "cpu", "remount");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("limits");

	lib_add(s, "pids", test_fork_bomb, test_fork_bomb_without_pid_namespace);
	lib_add(s, "cpu", test_cpus, test_throttled, test_paused_uses_none);
	lib_add(s, "memory", test_memory_figures, test_memory_without_swap, test_cpuset);
	lib_add(s, "refused", test_cpus_that_are_not_there, test_nodes_that_are_not_there, test_controller_not_mounted,
		test_controller_read_only);
	return tap_main(s);
}
