/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the monitor costs: its file, and its memory with one container and with a hundred more. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define FURTHER 100
#define FILE_MAX (256 * 1024)
#define IDLE_KB 176
#define EACH_KB 4

static bool musl(void)
{
	const char *cc = getenv("EXD_TEST_MONITOR_CC");

	return cc && strstr(cc, "musl");
}

/* Proportional: what is shared with others counts by its share. */
static long pss_kb(pid_t pid)
{
	char path[64], text[4096];
	const char *at;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "cannot open %s", path);
	lib_read(fd, text, sizeof(text));
	close(fd);
	at = strstr(text, "\nPss:");
	ck_assert_ptr_nonnull(at);
	return strtol(at + 5, NULL, 10);
}

static struct exd_process *start(struct exd_engine *engine, int number)
{
	struct exd_process *process = NULL;
	struct exd_command *command;
	char id[16];

	(void)snprintf(id, sizeof(id), "box%d", number);
	command = tiny_command(id, "rest", NULL);
	must(exd_start(engine, command, NULL, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process, &lib_err));
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

/* Then the monitor has its own checks, which take room. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* What a start took for itself is given back after it was told of. */
static long idle_kb(pid_t monitor)
{
	long before, now = pss_kb(monitor);

	for (int i = 0; i < 100; i++) {
		before = now;
		for (int nap = 0; nap < 10; nap++)
			tiny_nap();
		now = pss_kb(monitor);
		if (now == before)
			break;
	}
	return now;
}

START_TEST(test_memory)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *processes[1 + FURTHER];
	long one, all;
	pid_t monitor;

	processes[0] = start(engine, 0);
	monitor = lib_monitor(engine, "box0");
	one = idle_kb(monitor);
	for (int i = 1; i <= FURTHER; i++)
		processes[i] = start(engine, i);
	all = idle_kb(monitor);
	if (musl() && !SANITIZED)
		ck_assert_msg(one <= IDLE_KB, "%ld kB with one container", one);
	ck_assert_msg(all - one <= FURTHER * EACH_KB, "%ld kB with one container, %ld kB with %d more", one, all, FURTHER);
	for (int i = 0; i <= FURTHER; i++) {
		must(exd_terminate(engine, exd_process_id(processes[i]), &lib_err));
		must(exd_process_wait(processes[i], 20000, NULL, &lib_err));
		exd_process_free(processes[i]);
	}
	lib_end(engine);
	tiny_remove();
}
END_TEST

START_TEST(test_file)
{
	const char *dir = getenv("EXD_TEST_BUILDDIR");
	char path[512];
	struct stat st;

	if (!musl())
		tap_skip("the monitor was not built with musl-gcc");
	(void)snprintf(path, sizeof(path), "%s/monitor/execdriver-monitor", dir ? dir : ".");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, FILE_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor_size");

	lib_add(s, "monitor", test_memory, test_file);
	return tap_main(s);
}
