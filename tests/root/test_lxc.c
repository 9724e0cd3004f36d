/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lxc driver through the library: hooks, update, uid maps, a host that goes away. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/root/library.h"

static struct exd_engine *lxc_engine(void)
{
	struct exd_engine_config config = {.struct_size = sizeof(config), .root = lib_root(), .driver = "lxc"};
	struct exd_engine *engine = NULL;

	must(exd_engine_open(&engine, &config, &lib_err));
	return engine;
}

static struct exd_process *start(struct exd_engine *engine, struct exd_command *command, const struct exd_hooks *hooks,
				 uint32_t flags)
{
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, hooks, flags, &process, &lib_err));
	exd_command_free(command);
	return process;
}

static uint32_t finish(struct exd_process *process)
{
	struct exd_exit_status status = STATUS_INIT;

	must(exd_process_wait(process, 30000, &status, &lib_err));
	exd_process_free(process);
	return status.exit_code;
}

static struct exd_stats sample(struct exd_engine *engine)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	must(exd_stats(engine, "box", &stats, &lib_err));
	return stats;
}

START_TEST(test_update)
{
	struct exd_engine *engine = lxc_engine();
	struct exd_command *command = lib_shell("box", "sleep 100"), *change = NULL;
	struct exd_process *process;

	must(exd_command_set(command, "memory", "64m", &lib_err));
	process = start(engine, command, NULL, EXD_START_TIED | EXD_START_EPHEMERAL);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	ck_assert_uint_eq(sample(engine).memory_limit, 64u << 20);
	must(exd_command_new(&change, &lib_err));
	must(exd_command_set(change, "memory", "128m", &lib_err));
	must(exd_command_set(change, "pids_limit", "17", &lib_err));
	must(exd_update(engine, "box", change, &lib_err));
	ck_assert_uint_eq(sample(engine).memory_limit, 128u << 20);
	ck_assert_uint_eq(sample(engine).pids_limit, 17);
	must(exd_command_set(change, "memory", "32m", &lib_err));
	must(exd_update(engine, "box", change, &lib_err));
	ck_assert_uint_eq(sample(engine).memory_limit, 32u << 20);
	must(exd_command_set(change, "hostname", "other", &lib_err));
	ck_assert_int_lt(exd_update(engine, "box", change, &lib_err), 0);
	ck_assert_ptr_ne(strstr(lib_err.text, "hostname"), NULL);
	exd_command_free(change);
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	ck_assert_uint_eq(finish(process), 137);
	lib_end(engine);
}
END_TEST

START_TEST(test_uid_map)
{
	struct exd_engine *engine = lxc_engine();
	struct exd_command *command = lib_shell("box", "test $(id -u) = 0 && touch /file && test -O /file && sleep 100");
	struct exd_process *process;
	char path[64];
	struct stat st;

	must(exd_command_set(command, "uid_map", "0:100000:65536", &lib_err));
	must(exd_command_set(command, "gid_map", "0:200000:65536", &lib_err));
	process = start(engine, command, NULL, EXD_START_TIED | EXD_START_EPHEMERAL);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	snprintf(path, sizeof(path), "/proc/%d/root/file", (int)exd_process_pid(process));
	for (int i = 0; i < 500 && stat(path, &st) < 0; i++)
		usleep(10000);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 100000);
	ck_assert_uint_eq(st.st_gid, 200000);
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	ck_assert_uint_eq(finish(process), 137);
	lib_end(engine);
}
END_TEST

struct seen {
	pid_t pre, start;
	char name[32]; /* of the process while the first hook ran */
};

static int pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	struct seen *seen = ctx;
	char path[64];
	FILE *f;

	seen->pre = pid;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f && !fgets(seen->name, sizeof(seen->name), f))
		seen->name[0] = '\0';
	if (f)
		fclose(f);
	return 0;
}

static int started(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;

	seen->start = pid;
	return 0;
}

static int refuse(void *ctx, struct exd_process *process, pid_t pid)
{
	return -EPERM;
}

START_TEST(test_hooks)
{
	struct exd_engine *engine = lxc_engine();
	struct seen seen = {0};
	struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = &seen, .pre_start = pre_start, .start = started};
	static const char *const args[] = {"/bin/sleep", "0", NULL};

	ck_assert_uint_eq(finish(start(engine, lib_command("box", args), &hooks, EXD_START_EPHEMERAL)), 0);
	ck_assert_int_gt(seen.pre, 0);
	ck_assert_int_eq(seen.pre, seen.start);
	ck_assert_str_ne(seen.name, "");
	ck_assert_ptr_eq(strstr(seen.name, "sleep"), NULL);
	lib_end(engine);
}
END_TEST

START_TEST(test_pre_start_aborts)
{
	struct exd_engine *engine = lxc_engine();
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .pre_start = refuse};
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process = start(engine, lib_shell("box", "exit 0"), &hooks, EXD_START_EPHEMERAL);

	ck_assert_int_lt(exd_process_wait(process, 30000, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_HOOK);
	exd_process_free(process);
	lib_end(engine);
}
END_TEST

START_TEST(test_host_goes_away)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_engine *engine;
	pid_t host = (lib_root(), fork());
	int how;

	if (host == 0) {
		engine = lxc_engine();
		(void)start(engine, lib_shell("box", "sleep 1; exit 23"), NULL, 0);
		while (lib_status(engine, "box") != EXD_STATUS_RUNNING)
			exd_engine_dispatch(engine, NULL);
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(host, &how, 0), host);
	ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	engine = lxc_engine();
	must(exd_wait(engine, "box", 30000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 23);
	ck_assert_uint_eq(status.lost, EXD_LOST_NO);
	must(exd_delete(engine, "box", false, &lib_err));
	lib_end(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lxc");

	lib_add(s, "library", test_update, test_uid_map, test_hooks, test_pre_start_aborts, test_host_goes_away);
	return tap_main(s);
}
