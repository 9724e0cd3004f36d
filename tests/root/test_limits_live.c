/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of disks and huge pages, limits that are changed while a container runs, nested parents. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define MIB (UINT64_C(1) << 20)

static struct exd_engine *engine;
static struct exd_process *process;
static char disk[64];    /* a node of a whole disk; "" where there is none */
static char numbers[32]; /* its "MAJOR:MINOR" */

static void begin(void)
{
	engine = lib_engine(0);
}

static void finish(void)
{
	if (process) {
		must(exd_kill(engine, "box", SIGKILL, &lib_err));
		must(exd_process_wait(process, 30000, NULL, &lib_err));
		process = exd_process_free(process);
	}
	if (disk[0])
		ck_assert_int_eq(unlink(disk), 0);
	disk[0] = '\0';
	lib_end(engine);
	tiny_remove();
}

static struct exd_command *command_with(const char *const *pairs)
{
	struct exd_command *command = tiny_command("box", "rest", NULL);

	for (; *pairs; pairs += 2)
		must(exd_command_set(command, pairs[0], pairs[1], &lib_err));
	return command;
}

static void start(const char *const *pairs)
{
	process = tiny_start(engine, command_with(pairs), NULL, EXD_START_TIED | EXD_START_EPHEMERAL);
	lib_until(engine, process, EXD_PHASE_RUNNING);
}

#define START_WITH(...) start((const char *const[]){__VA_ARGS__, NULL})

static int change(const char *const *pairs)
{
	struct exd_command *command = NULL;
	int r;

	must(exd_command_new(&command, &lib_err));
	for (; *pairs; pairs += 2)
		must(exd_command_set(command, pairs[0], pairs[1], &lib_err));
	r = exd_update(engine, "box", command, &lib_err);
	exd_command_free(command);
	return r;
}

#define CHANGE(...) change((const char *const[]){__VA_ARGS__, NULL})

static struct exd_stats sample(void)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	must(exd_stats(engine, "box", &stats, &lib_err));
	return stats;
}

/* Whether the JSON text of a list such as ",memory,io" has the word; a missing v2 list has "". */
static bool has_word(const char *list, const char *word)
{
	for (size_t n; *list != '"'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",\"");
		if (n == strlen(word) && strncmp(list, word, n) == 0)
			return true;
	}
	return false;
}

/* A file of the container's cgroup that has the controller; false where there is none. */
static bool read_cgroup(const char *controller, const char *file, char *text, size_t size)
{
	const char mark[] = "\"controllers\":";
	char mount[256], path[256], name[600];
	struct exd_box *box = NULL;
	const char *at;
	int fd = -1;

	must(exd_box_find(engine, "box", &box, &lib_err));
	at = exd_box_json(box);
	while (fd < 0 && (at = strstr(at, mark))) {
		at += sizeof(mark) - 1;
		at += strspn(at, " ") + 1;
		if (!has_word(at, controller) ||
		    sscanf(at + strcspn(at, "\""), "\" , \"mount\" : \"%255[^\"]\" , \"path\" : \"%255[^\"]\"", mount, path) != 2)
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s/%s", mount, path, file);
		fd = open(name, O_RDONLY | O_CLOEXEC);
	}
	exd_box_free(box);
	if (fd < 0)
		return false;
	lib_read(fd, text, size);
	close(fd);
	return true;
}

/* v1's file, or v2's where the controller is there. */
static void file_says(const char *v1_controller, const char *v1_file, const char *v1_text, const char *v2_controller,
		      const char *v2_file, const char *v2_text)
{
	char text[512];

	if (read_cgroup(v1_controller, v1_file, text, sizeof(text)))
		ck_assert_msg(strcmp(text, v1_text) == 0, "%s is '%s', not '%s'", v1_file, text, v1_text);
	else if (read_cgroup(v2_controller, v2_file, text, sizeof(text)))
		ck_assert_msg(strcmp(text, v2_text) == 0, "%s is '%s', not '%s'", v2_file, text, v2_text);
	else
		ck_abort_msg("there is neither %s nor %s", v1_file, v2_file);
}

static void memory_is(uint64_t limit, const char *v1_both, const char *v2_swap)
{
	char text[64];

	ck_assert_uint_eq(sample().memory_limit, limit);
	if (read_cgroup("memory", "memory.memsw.limit_in_bytes", text, sizeof(text)))
		ck_assert_str_eq(text, v1_both);
	else if (read_cgroup("memory", "memory.swap.max", text, sizeof(text)))
		ck_assert_str_eq(text, v2_swap);
}

/* ---- update --------------------------------------------------------------------------------------------- */

START_TEST(test_memory_goes_up_and_down)
{
	START_WITH("memory", "16m", "memory_swap", "24m");
	memory_is(16 * MIB, "25165824\n", "8388608\n");
	must(CHANGE("memory", "64m"));
	memory_is(64 * MIB, "75497472\n", "8388608\n");
	must(CHANGE("memory", "8m", "memory_swap", "8m"));
	memory_is(8 * MIB, "8388608\n", "0\n");
	must(CHANGE("memory_swap", "9m"));
	memory_is(8 * MIB, "9437184\n", "1048576\n");
	must(CHANGE("memory", "128m", "memory_swap", "-1"));
	ck_assert_uint_eq(sample().memory_limit, 128 * MIB);
}
END_TEST

START_TEST(test_first_limit_of_memory_allows_no_swap)
{
	START_WITH("pids_limit", "10");
	must(CHANGE("memory", "32m"));
	memory_is(32 * MIB, "33554432\n", "0\n");
}
END_TEST

START_TEST(test_all_or_nothing)
{
	START_WITH("memory", "16m", "pids_limit", "10", "cpuset_cpus", "0");
	ck_assert_int_lt(CHANGE("memory", "64m", "pids_limit", "20", "cpuset_cpus", "4095"), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
	ck_assert_msg(strstr(lib_err.text, "cpuset.cpus"), "%s", lib_err.text);
	memory_is(16 * MIB, "16777216\n", "0\n");
	ck_assert_uint_eq(sample().pids_limit, 10);
}
END_TEST

START_TEST(test_cpu_is_changed)
{
	START_WITH("cpus", "0.5", "cpu_shares", "512");
	must(CHANGE("cpus", "1.5", "cpu_shares", "2048"));
	file_says("cpu", "cpu.cfs_quota_us", "150000\n", "cpu", "cpu.max", "150000 100000\n");
	file_says("cpu", "cpu.shares", "2048\n", "cpu", "cpu.weight", "200\n");
	must(CHANGE("cpu_period", "50000"));
	file_says("cpu", "cpu.cfs_quota_us", "150000\n", "cpu", "cpu.max", "150000 50000\n");
	must(CHANGE("cpu_quota", "-1"));
	file_says("cpu", "cpu.cfs_quota_us", "-1\n", "cpu", "cpu.max", "max 50000\n");
}
END_TEST

START_TEST(test_memory_in_use_stays)
{
	struct exd_command *command = lib_shell("box", "head -c 24m /dev/zero >/tmp/full; sleep 1000");

	must(exd_command_set(command, "memory", "64m", &lib_err));
	process = tiny_start(engine, command, NULL, EXD_START_TIED | EXD_START_EPHEMERAL);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	for (int i = 0; i < 4000 && sample().memory_usage < 24 * MIB; i++)
		tiny_nap();
	ck_assert_uint_ge(sample().memory_usage, 24 * MIB);
	ck_assert_int_lt(CHANGE("memory", "8m"), 0);
	ck_assert_int_eq(lib_err.sys_errno, EBUSY);
	memory_is(64 * MIB, "67108864\n", "0\n");
	ck_assert_uint_eq(sample().oom_kills, 0);
}
END_TEST

START_TEST(test_nothing_to_change)
{
	START_WITH("pids_limit", "10");
	ck_assert_int_lt(CHANGE("id", "box"), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_KEY);
	ck_assert_int_lt(CHANGE("pids_limit", "5", "hostname", "other"), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_UNSUPPORTED);
	ck_assert_uint_eq(sample().pids_limit, 10);
}
END_TEST

/* ---- disks, huge pages ---------------------------------------------------------------------------------- */

/* A node of its own for the first disk that the kernel has. */
static bool find_disk(void)
{
	char path[300];
	DIR *disks = opendir("/sys/block");
	struct dirent *entry;
	unsigned int major_number = 0, minor_number = 0;

	while (disks && !major_number && (entry = readdir(disks))) {
		FILE *dev;

		(void)snprintf(path, sizeof(path), "/sys/block/%s/dev", entry->d_name);
		dev = fopen(path, "re");
		if (dev && fscanf(dev, "%u:%u", &major_number, &minor_number) != 2)
			major_number = 0;
		if (dev)
			fclose(dev);
	}
	if (disks)
		closedir(disks);
	if (!major_number)
		return false;
	(void)snprintf(disk, sizeof(disk), "/tmp/exd-disk-%d", (int)getpid());
	(void)snprintf(numbers, sizeof(numbers), "%u:%u", major_number, minor_number);
	return mknod(disk, S_IFBLK | 0600, makedev(major_number, minor_number)) == 0;
}

static const char *of_disk(const char *value)
{
	static char text[4][96];
	static int next;

	next = (next + 1) % 4;
	(void)snprintf(text[next], sizeof(text[next]), "%s:%s", disk, value);
	return text[next];
}

static void io_max_is(const char *v1_read, const char *v1_writes, const char *v2_rest)
{
	char read_text[96] = "", writes[96] = "", v2[160] = "";

	if (*v1_read)
		(void)snprintf(read_text, sizeof(read_text), "%s %s\n", numbers, v1_read);
	if (*v1_writes)
		(void)snprintf(writes, sizeof(writes), "%s %s\n", numbers, v1_writes);
	if (*v2_rest)
		(void)snprintf(v2, sizeof(v2), "%s %s\n", numbers, v2_rest);
	file_says("blkio", "blkio.throttle.read_bps_device", read_text, "io", "io.max", v2);
	file_says("blkio", "blkio.throttle.write_iops_device", writes, "io", "io.max", v2);
}

START_TEST(test_rates_of_a_disk)
{
	if (!find_disk())
		tap_skip("this host has no disk");
	START_WITH("device_read_bps", of_disk("1m"), "device_write_iops", of_disk("100"));
	io_max_is("1048576", "100", "rbps=1048576 wbps=max riops=max wiops=100");
	must(CHANGE("device_read_bps", of_disk("2m")));
	io_max_is("2097152", "100", "rbps=2097152 wbps=max riops=max wiops=100");
	/* what cannot be done takes the rates with it */
	ck_assert_int_lt(CHANGE("cpuset_cpus", "4095", "device_read_bps", of_disk("max"), "device_write_iops",
				of_disk("7")),
			 0);
	io_max_is("2097152", "100", "rbps=2097152 wbps=max riops=max wiops=100");
	must(CHANGE("device_read_bps", of_disk("max"), "device_write_iops", of_disk("max")));
	io_max_is("", "", "");
}
END_TEST

START_TEST(test_no_disk)
{
	struct exd_command *command = command_with((const char *const[]){"device_read_bps", "/dev/null:1m", NULL});

	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, NULL, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
	ck_assert_msg(strstr(lib_err.text, "/dev/null"), "%s", lib_err.text);
	exd_command_free(command);
}
END_TEST

/* Where the kernel has a scheduler with weights they hold; where not, that is said. */
START_TEST(test_weight)
{
	struct exd_command *command = tiny_command("box", "exit", "0");
	int r;

	must(exd_command_set(command, "blkio_weight", "300", &lib_err));
	r = exd_run(engine, command, NULL, NULL, NULL, &lib_err);
	exd_command_free(command);
	if (r < 0) {
		ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
		ck_assert_msg(strstr(lib_err.text, "weight"), "%s", lib_err.text);
		return;
	}
	START_WITH("blkio_weight", "300");
	file_says("blkio", "blkio.bfq.weight", "300\n", "io", "io.weight", "default 300\n");
	must(CHANGE("blkio_weight", "30"));
	file_says("blkio", "blkio.bfq.weight", "30\n", "io", "io.weight", "default 30\n");
}
END_TEST

START_TEST(test_huge_pages)
{
	struct exd_command *command = command_with((const char *const[]){"hugetlb_limits", "2MB=4m", NULL});
	int r;

	process = NULL;
	r = exd_start(engine, command, NULL, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process, &lib_err);
	exd_command_free(command);
	if (r < 0) {
		ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
		ck_assert_msg(strstr(lib_err.text, "hugetlb"), "%s", lib_err.text);
		return;
	}
	lib_until(engine, process, EXD_PHASE_RUNNING);
	file_says("hugetlb", "hugetlb.2MB.limit_in_bytes", "4194304\n", "hugetlb", "hugetlb.2MB.max", "4194304\n");
	must(CHANGE("hugetlb_limits", "2MB=6m"));
	file_says("hugetlb", "hugetlb.2MB.limit_in_bytes", "6291456\n", "hugetlb", "hugetlb.2MB.max", "6291456\n");
	ck_assert_int_lt(CHANGE("pids_limit", "3", "hugetlb_limits", "4MB=0"), 0);
	ck_assert_msg(strstr(lib_err.text, "hugetlb.4MB"), "%s", lib_err.text);
}
END_TEST

/* Only where cgroup v2 has a controller is there a file to be set. */
START_TEST(test_files_of_v2)
{
	struct exd_command *command = command_with((const char *const[]){"cgroup_conf", "memory.high=8388608", NULL});
	int r;

	process = NULL;
	r = exd_start(engine, command, NULL, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process, &lib_err);
	exd_command_free(command);
	if (r < 0) {
		ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
		ck_assert_msg(strstr(lib_err.text, "cgroup v1"), "%s", lib_err.text);
		return;
	}
	lib_until(engine, process, EXD_PHASE_RUNNING);
	file_says("none", "none", "", "memory", "memory.high", "8388608\n");
	ck_assert_int_lt(CHANGE("cgroup_conf", "memory.high=16m", "cgroup_conf", "memory.nothing=1"), 0);
	file_says("none", "none", "", "memory", "memory.high", "8388608\n");
}
END_TEST

/* ---- parents -------------------------------------------------------------------------------------------- */

static int remove_everywhere(const char *path)
{
	char text[512];
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	int removed = 0;

	ck_assert_ptr_nonnull(mounts);
	while (fgets(text, sizeof(text), mounts)) {
		char mount[256], full[600];

		if (!strstr(text, " - cgroup") || sscanf(text, "%*s %*s %*s %*s %255s", mount) != 1)
			continue;
		(void)snprintf(full, sizeof(full), "%s/%s", mount, path);
		removed += rmdir(full) == 0;
	}
	fclose(mounts);
	return removed;
}

/* They are made as they are missing and stay, empty: others may be in them by then. */
START_TEST(test_parents_are_made_and_stay)
{
	const char *top = strrchr(tiny_root(), '/') + 1;
	char parent[256], wanted[300], text[4096];
	struct exd_command *command = command_with((const char *const[]){"pids_limit", "10", NULL});
	int fd, made;

	(void)snprintf(parent, sizeof(parent), "/%s/a//b/", top);
	must(exd_command_set(command, "cgroup_parent", parent, &lib_err));
	process = tiny_start(engine, command, NULL, EXD_START_TIED | EXD_START_EPHEMERAL);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	(void)snprintf(wanted, sizeof(wanted), "/proc/%d/cgroup", (int)exd_process_pid(process));
	fd = open(wanted, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	lib_read(fd, text, sizeof(text));
	close(fd);
	(void)snprintf(wanted, sizeof(wanted), "/%s/a/b/box\n", top);
	ck_assert_msg(strstr(text, wanted), "%s", text);
	ck_assert_uint_eq(sample().pids_limit, 10);
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(process, 30000, NULL, &lib_err));
	process = exd_process_free(process);
	(void)snprintf(parent, sizeof(parent), "%s/a/b", top);
	made = remove_everywhere(parent);
	ck_assert_int_gt(made, 0);
	(void)snprintf(parent, sizeof(parent), "%s/a", top);
	ck_assert_int_eq(remove_everywhere(parent), made);
}
END_TEST

static void add(Suite *s, const char *name, const TTest *const *tests, size_t count)
{
	TCase *tc = tap_tcase(s, name);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, begin, finish);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
}

int main(void)
{
	const TTest *const update[] = {test_memory_goes_up_and_down, test_first_limit_of_memory_allows_no_swap,
				       test_all_or_nothing, test_cpu_is_changed,
				       test_memory_in_use_stays, test_nothing_to_change};
	const TTest *const limits[] = {test_rates_of_a_disk, test_no_disk, test_weight,
				       test_huge_pages, test_files_of_v2, test_parents_are_made_and_stay};
	Suite *s = suite_create("limits_live");

	add(s, "update", update, sizeof(update) / sizeof(update[0]));
	add(s, "limits", limits, sizeof(limits) / sizeof(limits[0]));
	return tap_main(s);
}
