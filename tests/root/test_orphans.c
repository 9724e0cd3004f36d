/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers whose monitor was killed, and records that lie: they go on, and nothing is guessed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* ---- monitors that are killed --------------------------------------------------------------------------- */

/* What the kernel tells of an ended process through its pidfd, since 6.15. */
static bool kernel_tells_exits(void)
{
	struct {
		uint64_t mask, cgroup;
		uint32_t ids[11];
		int32_t exit_code;
	} info = {.mask = 1u << 3};
	pid_t pid = fork();
	bool tells;
	int fd;

	if (pid == 0)
		_exit(3);
	fd = tiny_pidfd(pid);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	tells = ioctl(fd, _IOWR(0xff, 11, info), &info) == 0 && (info.mask & (1u << 3)) && info.exit_code == 3 << 8;
	close(fd);
	return tells;
}

static void kill_monitor(struct exd_engine *engine, const char *id)
{
	int fd = tiny_pidfd(lib_monitor(engine, id));

	ck_assert_int_eq((int)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
	ck_assert(tiny_ended(fd, 20000));
	close(fd);
}

struct orphan {
	struct exd_engine *engine;
	struct exd_process *process;
	int pidfd;
};

/* A container whose monitor is gone: this process is its parent then, and the only one to reap it. */
static struct orphan orphan_begin(const char *code)
{
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_PIPE, .out = EXD_FD_NULL, .err = EXD_FD_NULL};
	struct orphan o;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	o.engine = lib_engine(0);
	o.process = tiny_start(o.engine, tiny_command("box", "told", code), &stdio, 0);
	lib_until(o.engine, o.process, EXD_PHASE_RUNNING);
	o.pidfd = fcntl(exd_process_pidfd(o.process), F_DUPFD_CLOEXEC, 0);
	kill_monitor(o.engine, "box");
	return o;
}

static void orphan_tell(struct orphan *o)
{
	ck_assert_int_eq(write(exd_process_stdin(o->process), "x", 1), 1);
	ck_assert(tiny_ended(o->pidfd, 20000));
}

static void orphan_reap(struct orphan *o)
{
	siginfo_t info = {0};

	ck_assert_int_eq(waitid((idtype_t)P_PIDFD, (id_t)o->pidfd, &info, WEXITED), 0);
}

static void orphan_end(struct orphan *o)
{
	close(o->pidfd);
	exd_process_free(o->process);
	must(exd_delete(o->engine, "box", false, &lib_err));
	must(exd_gc(o->engine, false, NULL, &lib_err));
	lib_end(o->engine);
	tiny_remove();
}

START_TEST(test_code_from_the_kernel)
{
	struct exd_exit_status status = STATUS_INIT, again = STATUS_INIT;
	struct exd_engine *other;
	struct orphan o;

	if (!kernel_tells_exits())
		tap_not_here("this kernel does not tell exit codes: 6.15 does");
	o = orphan_begin("51");
	orphan_tell(&o);
	orphan_reap(&o);
	must(exd_process_wait(o.process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 51);
	ck_assert_uint_eq(status.lost, EXD_LOST_NO);
	ck_assert_uint_gt(status.finished_ns, 0);
	/* It is kept for those who held nothing. */
	other = lib_engine(0);
	must(exd_wait(other, "box", 0, &again, &lib_err));
	ck_assert_uint_eq(again.exit_code, 51);
	exd_engine_close(other);
	orphan_end(&o);
}
END_TEST

static int count_pidfds(pid_t pid)
{
	char dir[32], path[300], target[64];
	struct dirent *entry;
	int count = 0;
	DIR *d;

	(void)snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	d = opendir(dir);
	while (d && (entry = readdir(d))) {
		ssize_t n;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		count += strstr(target, "pidfd") != NULL;
	}
	if (d)
		closedir(d);
	return count;
}

/* The waiter must hold the container's pidfd before it ends: nobody could learn the code later. */
START_TEST(test_code_from_the_kernel_by_id)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_engine *other;
	struct orphan o;
	pid_t waiter;
	int end;

	if (!kernel_tells_exits())
		tap_not_here("this kernel does not tell exit codes: 6.15 does");
	o = orphan_begin("52");
	waiter = tiny_fork();
	if (waiter == 0) {
		other = lib_engine(0);
		_exit(exd_wait(other, "box", 20000, &status, &lib_err) == 0 ? (int)status.exit_code : 1);
	}
	for (int i = 0; i < 4000 && count_pidfds(waiter) <= count_pidfds(getpid()); i++)
		tiny_nap();
	orphan_tell(&o);
	orphan_reap(&o);
	ck_assert_int_eq(waitpid(waiter, &end, 0), waiter);
	ck_assert_msg(WIFEXITED(end) && WEXITSTATUS(end) == 52, "%x", (unsigned int)end);
	must(exd_process_wait(o.process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.exit_code, 52);
	orphan_end(&o);
}
END_TEST

/* Nobody reaps it: the kernel does not say, and nobody else may. */
START_TEST(test_no_code_is_lost)
{
	struct exd_exit_status status = STATUS_INIT;
	struct orphan o = orphan_begin("53");

	orphan_tell(&o);
	ck_assert_int_lt(exd_process_wait(o.process, 20000, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_LOST);
	ck_assert_uint_eq(status.lost, EXD_LOST_MONITOR);
	ck_assert_msg(strstr(lib_err.text, exd_lost_reason(EXD_LOST_MONITOR)), "%s", lib_err.text);
	ck_assert_int_eq(lib_status(o.engine, "box"), EXD_STATUS_LOST);
	orphan_reap(&o);
	/* What was said once stays. */
	ck_assert_int_lt(exd_wait(o.engine, "box", 0, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_LOST);
	ck_assert_int_eq(lib_status(o.engine, "box"), EXD_STATUS_LOST);
	orphan_end(&o);
}
END_TEST

START_TEST(test_control_without_monitor)
{
	struct exd_exit_status status = STATUS_INIT;
	struct orphan o = orphan_begin("54");
	const char *const args[] = {"/inside", "exit", "55", NULL};
	struct exd_command *further = lib_command(NULL, args);
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_box *box = NULL;
	pid_t pids[4];

	must(exd_box_find(o.engine, "box", &box, &lib_err));
	ck_assert(!exd_box_monitor_alive(box));
	ck_assert_int_eq(exd_box_status(box), EXD_STATUS_RUNNING);
	exd_box_free(box);
	must(exd_exec(o.engine, "box", further, NULL, NULL, &status, &lib_err));
	exd_command_free(further);
	ck_assert_uint_eq(status.exit_code, 55);
	ck_assert_int_eq(exd_pids(o.engine, "box", pids, 4, &lib_err), 1);
	must(exd_stats(o.engine, "box", &stats, &lib_err));
	must(exd_pause(o.engine, "box", &lib_err));
	ck_assert_int_eq(lib_status(o.engine, "box"), EXD_STATUS_PAUSED);
	must(exd_unpause(o.engine, "box", &lib_err));
	ck_assert_int_lt(exd_oom_open(o.engine, "box", &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_MONITOR);
	must(exd_kill(o.engine, "box", SIGKILL, &lib_err));
	ck_assert(tiny_ended(o.pidfd, 20000));
	orphan_reap(&o);
	if (exd_process_wait(o.process, 20000, &status, &lib_err) == 0)
		ck_assert_uint_eq(status.exit_code, 137);
	else
		ck_assert(!kernel_tells_exits() && lib_err.code == EXD_ERR_LOST);
	orphan_end(&o);
}
END_TEST

START_TEST(test_forced_delete_without_monitor)
{
	struct orphan o = orphan_begin("56");

	ck_assert_int_gt(tiny_cgroups(false), 0);
	ck_assert_int_lt(exd_delete(o.engine, "box", false, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_STOPPED);
	must(exd_delete(o.engine, "box", true, &lib_err));
	ck_assert(tiny_ended(o.pidfd, 0));
	ck_assert_int_eq(tiny_cgroups(false), 0);
	orphan_reap(&o);
	close(o.pidfd);
	exd_process_free(o.process);
	must(exd_gc(o.engine, false, NULL, &lib_err));
	lib_end(o.engine);
	tiny_remove();
}
END_TEST

/* Either it ran to its end, or it is said that its monitor has gone. */
static void run_or_lose(struct exd_engine *engine, int round, char *why, size_t size)
{
	struct exd_command *command = tiny_command(NULL, "exit", "57");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_error err = {0};
	int r = exd_run(engine, command, NULL, NULL, &status, &err);

	exd_command_free(command);
	wrong_if(r < 0 && err.code != EXD_ERR_MONITOR && err.code != EXD_ERR_LOST, "%d: %s", (int)err.code, err.text);
	wrong_if(r == 0 && (status.exit_code != 57 || status.lost), "code %u lost %u", status.exit_code, status.lost);
}

static void killer_of_monitors(int start_at, pid_t monitor)
{
	char byte;

	if (read(start_at, &byte, 1) == 1)
		tiny_nap();
	(void)kill(monitor, SIGKILL);
	_exit(0);
}

START_TEST(test_monitor_killed_while_starting)
{
	for (int round = 0; round < 5; round++) {
		struct exd_engine *engine = lib_engine(0);
		struct exd_process *keeper = tiny_start(engine, tiny_command("keeper", "rest", NULL), NULL, 0);
		int go[2];
		pid_t killer;

		lib_until(engine, keeper, EXD_PHASE_RUNNING);
		ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
		killer = tiny_fork();
		if (killer == 0)
			killer_of_monitors(go[0], lib_monitor(engine, "keeper"));
		ck_assert_int_eq(write(go[1], "g", 1), 1);
		tiny_rounds(engine, run_or_lose, 40, 8);
		ck_assert_int_eq(waitpid(killer, NULL, 0), killer);
		close(go[0]);
		close(go[1]);
		exd_process_free(keeper);
		must(exd_gc(engine, false, NULL, &lib_err));
		tiny_delete_all(engine);
		must(exd_gc(engine, false, NULL, &lib_err));
		lib_end(engine);
		tiny_remove();
	}
}
END_TEST

/* ---- records that are not true -------------------------------------------------------------------------- */

static int open_record(int flags)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/box/state.json", lib_root());
	fd = open(path, flags | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void read_record(char *text, size_t size)
{
	int fd = open_record(O_RDONLY);

	lib_read(fd, text, size);
	close(fd);
}

static void write_record(const char *text)
{
	int fd = open_record(O_WRONLY | O_TRUNC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* With another value of a key: of its last one, since the monitor's start time comes first. */
static void change_record(const char *text, const char *key, const char *value)
{
	char changed[8400];
	const char *at = NULL;

	for (const char *next = strstr(text, key); next; next = strstr(next + 1, key))
		at = next;
	ck_assert_ptr_nonnull(at);
	at += strlen(key);
	(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, value,
		       at + strcspn(at, ",}"));
	write_record(changed);
}

/* The record speaks of another process: the one with that pid is nobody's to signal. */
static void lie(const char *key, const char *value, enum exd_lost reason)
{
	struct exd_exit_status status = STATUS_INIT;
	struct orphan o = orphan_begin("58");
	struct exd_engine *other = lib_engine(0);
	const char *const args[] = {"/inside", "exit", "0", NULL};
	struct exd_command *further = lib_command(NULL, args);
	char text[8192];

	read_record(text, sizeof(text));
	change_record(text, key, value);
	ck_assert_int_eq(lib_status(other, "box"), EXD_STATUS_LOST);
	ck_assert_int_lt(exd_wait(other, "box", 0, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_LOST);
	ck_assert_uint_eq(status.lost, reason);
	ck_assert_msg(strstr(lib_err.text, exd_lost_reason(reason)), "%s", lib_err.text);
	ck_assert_int_lt(exd_kill(other, "box", SIGKILL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_lt(exd_exec(other, "box", further, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_NOT_RUNNING);
	/* In cgroups of an earlier boot nothing is anybody's; in those of this one all is the container's. */
	if (reason == EXD_LOST_REBOOT)
		(void)exd_terminate(other, "box", &lib_err);
	ck_assert(!tiny_ended(o.pidfd, 50));
	exd_command_free(further);
	exd_engine_close(other);
	write_record(text);
	orphan_tell(&o);
	orphan_reap(&o);
	ck_assert(exd_process_wait(o.process, 20000, &status, &lib_err) == 0 ||
		  lib_err.code == EXD_ERR_LOST);
	orphan_end(&o);
}

START_TEST(test_record_of_another_boot)
{
	lie("\"boot_id\":", "\"00000000-1111-2222-3333-444444444444\"", EXD_LOST_REBOOT);
}
END_TEST

START_TEST(test_pid_used_again)
{
	lie("\"start_time\":", "1", EXD_LOST_MONITOR);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("orphans");

	lib_add(s, "monitors", test_code_from_the_kernel, test_code_from_the_kernel_by_id,
		test_no_code_is_lost, test_control_without_monitor,
		test_forced_delete_without_monitor, test_monitor_killed_while_starting);
	lib_add(s, "records", test_record_of_another_boot, test_pid_used_again);
	return tap_main(s);
}
