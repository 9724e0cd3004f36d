/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of disks, pressure, cpus and huge pages, and callers that know fewer of them. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define CPUS 4096

static void end(struct exd_engine *engine, struct exd_process *process)
{
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(process, 30000, NULL, &lib_err));
	exd_process_free(process);
	lib_end(engine);
}

static struct exd_process *start(struct exd_engine *engine, struct exd_command *command)
{
	struct exd_process *process =
		tiny_start(engine, command, NULL, EXD_START_TIED | EXD_START_EPHEMERAL);

	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

START_TEST(test_only_what_is_wanted)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start(engine, lib_shell("box", "sleep 1000"));
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	must(exd_stats(engine, "box", &stats, &lib_err));
	ck_assert_uint_eq(stats.valid & (EXD_STATS_IO | EXD_STATS_PRESSURE), 0);
	ck_assert_uint_ne(stats.valid & EXD_STATS_MEMORY, 0);
	ck_assert_uint_eq(stats.cpus, 0);
	stats.want = EXD_STATS_PIDS;
	must(exd_stats(engine, "box", &stats, &lib_err));
	ck_assert_uint_eq(stats.valid, EXD_STATS_PIDS);
	ck_assert_uint_ge(stats.pids_current, 1);
	ck_assert_uint_eq(stats.memory_usage, 0);
	end(engine, process);
}
END_TEST

/* Compiled against a header in which the struct ended earlier. */
START_TEST(test_caller_of_an_older_header)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = start(engine, lib_shell("box", "sleep 1000"));
	struct exd_stats stats;

	memset(&stats, 0xaa, sizeof(stats));
	stats.struct_size = offsetof(struct exd_stats, io_read_bytes);
	must(exd_stats(engine, "box", &stats, &lib_err));
	ck_assert_uint_ne(stats.valid & EXD_STATS_MEMORY, 0);
	ck_assert_uint_gt(stats.memory_usage, 0);
	ck_assert_uint_eq(stats.io_read_bytes, UINT64_C(0xaaaaaaaaaaaaaaaa));
	ck_assert_uint_eq(stats.cpus, 0xaaaaaaaa);
	end(engine, process);
}
END_TEST

START_TEST(test_cpus_add_up)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process =
		start(engine, lib_shell("box", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 1000"));
	static uint64_t cpu_ns[CPUS];
	struct exd_stats stats = {.struct_size = sizeof(stats), .cpu_ns = cpu_ns, .cpus_max = CPUS};
	uint64_t sum = 0;

	for (int i = 0; i < 2000 && stats.cpu_total_ns < 20000000; i++) {
		must(exd_stats(engine, "box", &stats, &lib_err));
		tiny_nap();
	}
	must(exd_stats(engine, "box", &stats, &lib_err));
	if (stats.cpus) { /* cgroup v2 does not count by cpu */
		ck_assert_uint_ge(stats.cpus, (unsigned long)sysconf(_SC_NPROCESSORS_ONLN));
		for (uint32_t i = 0; i < stats.cpus; i++)
			sum += cpu_ns[i];
		ck_assert_uint_gt(sum, 0);
		/* the total was read a moment before */
		ck_assert_uint_ge(sum, stats.cpu_total_ns);
		stats.cpus_max = 1;
		cpu_ns[1] = UINT64_MAX;
		must(exd_stats(engine, "box", &stats, &lib_err));
		ck_assert_uint_ge(stats.cpus, (unsigned long)sysconf(_SC_NPROCESSORS_ONLN));
		ck_assert_uint_eq(cpu_ns[1], UINT64_MAX);
	}
	end(engine, process);
}
END_TEST

START_TEST(test_throttled_is_pressure)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("box", "while :; do :; done");
	struct exd_process *process;
	struct exd_stats stats = {.struct_size = sizeof(stats), .want = UINT32_MAX};

	must(exd_command_set(command, "cpus", "0.05", &lib_err));
	process = start(engine, command);
	must(exd_stats(engine, "box", &stats, &lib_err));
	if (stats.valid & EXD_STATS_PRESSURE) {
		for (int i = 0; i < 4000 && !stats.pressure_cpu_some_ns; i++) {
			tiny_nap();
			must(exd_stats(engine, "box", &stats, &lib_err));
		}
		ck_assert_uint_gt(stats.pressure_cpu_some_ns, 0);
	}
	for (int i = 0; i < 4000 && !stats.cpu_throttled_ns; i++) {
		tiny_nap();
		must(exd_stats(engine, "box", &stats, &lib_err));
	}
	ck_assert_uint_gt(stats.cpu_throttled_periods, 0);
	ck_assert_uint_gt(stats.cpu_throttled_ns, 0);
	end(engine, process);
}
END_TEST

/* What goes past the page cache to a disk is seen at once. */
START_TEST(test_disk_is_counted)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("box", "dd if=/dev/zero of=/mnt/full bs=64k count=16 "
						       "oflag=direct 2>/dev/null && echo >/mnt/done; sleep 1000");
	char dir[] = "/var/tmp/exd-stats-XXXXXX", text[64], done[64];
	struct exd_process *process;
	struct exd_stats stats = {.struct_size = sizeof(stats), .want = EXD_STATS_IO};
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(stat(dir, &st), 0);
	(void)snprintf(text, sizeof(text), "%s:/mnt", dir);
	(void)snprintf(done, sizeof(done), "%s/done", dir);
	must(exd_command_set(command, "mounts", text, &lib_err));
	process = start(engine, command);
	for (int i = 0; i < 2000 && access(done, F_OK) < 0; i++)
		tiny_nap();
	must(exd_stats(engine, "box", &stats, &lib_err));
	/* no disk below it (major 0), or none that takes direct writes: nothing to count */
	if (major(st.st_dev) && access(done, F_OK) == 0) {
		ck_assert_uint_eq(stats.valid, EXD_STATS_IO);
		ck_assert_uint_ge(stats.io_write_bytes, 16 * 65536);
		ck_assert_uint_ge(stats.io_writes, 1);
	}
	end(engine, process);
	(void)unlink(done);
	(void)snprintf(done, sizeof(done), "%s/full", dir);
	(void)unlink(done);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(test_huge_pages_are_listed)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_command *command = lib_shell("box", "sleep 1000");
	struct exd_process *process;
	struct exd_stats_hugetlb list[16];
	struct exd_stats stats = {.struct_size = sizeof(stats), .hugetlb = list, .hugetlbs_max = 16};
	bool limited = false;

	must(exd_command_set(command, "hugetlb_limits", "2MB=4m", &lib_err));
	must(exd_command_set(command, "best_effort", "yes", &lib_err));
	process = start(engine, command);
	must(exd_stats(engine, "box", &stats, &lib_err));
	for (uint32_t i = 0; i < stats.hugetlbs; i++) {
		ck_assert_uint_eq(list[i].usage, 0);
		limited |= list[i].page_size == 2 << 20 && list[i].limit == 4 << 20;
	}
	ck_assert(limited == (stats.hugetlbs > 0));
	end(engine, process);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats");

	lib_add(s, "stats", test_only_what_is_wanted, test_caller_of_an_older_header, test_cpus_add_up,
		test_throttled_is_pressure, test_disk_is_counted, test_huge_pages_are_listed);
	return tap_main(s);
}
