/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of disks and named resources as texts, and new limits in cgroups that are plain files. */
#include <sys/sysmacros.h>

#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_layout.h"
#include "drivers/native/cgroup_limits.h"
#include "drivers/native/native.h"
#include "tests/unit/contains.h"
#include "tests/unit/records.h"

static const char v1_mounts[] =
	"32 31 0:30 / /c/blkio rw - cgroup cgroup rw,blkio\n"
	"33 31 0:31 / /c/memory rw - cgroup cgroup rw,memory\n"
	"34 31 0:32 / /c/cpu rw - cgroup cgroup rw,cpu\n"
	"41 31 0:38 / /c/unified rw - cgroup2 cgroup2 rw\n";
static const char v1_own[] = "7:blkio:/\n4:memory:/\n1:cpu:/\n0::/\n";
static const char v2_mounts[] = "42 23 0:37 / /c rw - cgroup2 cgroup2 rw\n";

static struct cgroup_layout layout;
static struct exd_command *command;
static struct native_limits limits;
static struct exd_error err;

static void start(void)
{
	err = (struct exd_error)EXD_ERROR_INIT;
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
}

static void finish(void)
{
	command = exd_command_free(command);
	cgroup_layout_clear(&layout);
}

/* A hybrid host: hugetlb is one of v2's, all others are v1's. */
static void use_v1(void)
{
	cgroup_layout_clear(&layout);
	ck_assert_int_eq(cgroup_layout_parse(&layout, v1_mounts, v1_own), 0);
	ck_assert_int_eq(cgroup_layout_v2(&layout, "hugetlb\n"), 0);
}

static void use_v2(void)
{
	cgroup_layout_clear(&layout);
	ck_assert_int_eq(cgroup_layout_parse(&layout, v2_mounts, "0::/\n"), 0);
	ck_assert_int_eq(cgroup_layout_v2(&layout, "cpu io memory hugetlb rdma misc pids\n"), 0);
}

static void set(const char *key, const char *value)
{
	int r = exd_command_set(command, key, value, &err);

	ck_assert_msg(r == 0, "%s = %s: %s", key, value, err.text);
}

static void not_a_value(const char *key, const char *value)
{
	int r = exd_command_set(command, key, value, &err);

	ck_assert_msg(r < 0 && err.code == EXD_ERR_KEY, "%s = %s is taken", key, value);
	ck_assert_contains(err.text, key);
}

/* The limits as "FILE=VALUE; ...", '?' behind those that may be missing. */
static const char *written(const struct native_limits_now *now)
{
	static char text[2048];
	size_t used = 0;

	text[0] = '\0';
	ck_assert_msg(native_limits_read(command, &layout, now, &limits, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < limits.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%s%s",
					 used ? "; " : "", native_limit_file(&limits.list[i]),
					 native_limit_text(&limits.list[i]),
					 limits.list[i].skip_missing ? "?" : "");
	return text;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Some block device of this host, or the test is skipped. */
static bool disk(char numbers[32])
{
	static const char *const some[] = {"/dev/loop0", "/dev/vda", "/dev/sda", "/dev/nvme0n1"};
	struct stat st;

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		char text[64];

		if (stat(some[i], &st) < 0 || !S_ISBLK(st.st_mode))
			continue;
		snprintf(numbers, 32, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
		snprintf(text, sizeof(text), "%s:1m", some[i]);
		set("device_read_bps", text);
		snprintf(text, sizeof(text), "%s:max", some[i]);
		set("device_write_bps", text);
		snprintf(text, sizeof(text), "%s:100", some[i]);
		set("device_read_iops", text);
		set("device_write_iops", text);
		set("blkio_weight_devices", text);
		return true;
	}
	return false;
}

START_TEST(rates_of_disks)
{
	char n[32], wanted[512];

	if (!disk(n))
		return;
	use_v1();
	snprintf(wanted, sizeof(wanted),
		 "blkio.bfq.weight_device=%s 100; blkio.throttle.read_bps_device=%s 1048576; "
		 "blkio.throttle.write_bps_device=%s 0; blkio.throttle.read_iops_device=%s 100; "
		 "blkio.throttle.write_iops_device=%s 100",
		 n, n, n, n, n);
	ck_assert_str_eq(written(NULL), wanted);
	use_v2();
	snprintf(wanted, sizeof(wanted),
		 "io.weight=%s 100; io.bfq.weight=%s 100; io.max=%s rbps=1048576; "
		 "io.max=%s wbps=max; io.max=%s riops=100; io.max=%s wiops=100",
		 n, n, n, n, n, n);
	ck_assert_str_eq(written(NULL), wanted);
}
END_TEST

START_TEST(what_is_no_disk_is_refused)
{
	use_v1();
	set("device_read_bps", "/dev/null:1m");
	ck_assert_int_lt(native_limits_read(command, &layout, NULL, &limits, &err), 0);
	ck_assert_int_eq((int)err.code, EXD_ERR_CGROUP);
	ck_assert_contains(err.text, "'/dev/null' is no block device");
	set("best_effort", "yes");
	ck_assert_str_eq(written(NULL), "");
	ck_assert_uint_eq(limits.refused_count, 1);
	ck_assert_str_eq(limits.refused[0].key, "device_read_bps");
}
END_TEST

START_TEST(weight_is_the_same_number_everywhere)
{
	set("blkio_weight", "500");
	use_v1();
	ck_assert_str_eq(written(NULL), "blkio.bfq.weight=500");
	use_v2();
	ck_assert_str_eq(written(NULL), "io.weight=500; io.bfq.weight=500");
}
END_TEST

static const char *checked(int version, const char *const *files)
{
	int dir;
	const char *text;

	(void)written(NULL);
	ck_assert_int_eq(mkdirat(root, "io", 0755), 0);
	for (; *files; files++)
		write_file("io", *files, "");
	dir = openat(root, "io", O_PATH | O_CLOEXEC);
	native_limits_check_weight(&limits, version, dir);
	close(dir);
	text = limits.refused_count ? limits.refused[0].reason
	       : limits.count       ? native_limit_file(&limits.list[0])
				    : "";
	return text;
}

START_TEST(weights_are_of_the_scheduler_that_is_there)
{
	static const char *const none[] = {"io.stat", NULL};

	setup();
	set("blkio_weight", "500");
	use_v2();
	ck_assert_contains(checked(2, none), "modprobe bfq");
	ck_assert_uint_eq(limits.count, 0);
	write_file("io", "io.bfq.weight", "");
	(void)written(NULL);
	teardown();
	setup();
	ck_assert_str_eq(checked(2, (const char *const[]){"io.stat", "io.bfq.weight", NULL}),
			 "io.bfq.weight");
	ck_assert_uint_eq(limits.count, 1);
	ck_assert(!limits.list[0].skip_missing);
	teardown();
	setup();
	ck_assert_str_eq(checked(2, (const char *const[]){"io.stat", "io.weight", NULL}),
			 "io.weight");
	ck_assert_uint_eq(limits.refused_count, 0);
	teardown();
	/* nothing is there yet that could tell */
	(void)written(NULL);
	native_limits_check_weight(&limits, 2, -1);
	ck_assert_uint_eq(limits.count, 2);
	ck_assert(!limits.list[0].skip_missing && limits.list[1].skip_missing);
	setup();
	use_v1();
	ck_assert_contains(checked(1, (const char *const[]){NULL}), "modprobe bfq");
	teardown();
}
END_TEST

START_TEST(huge_pages)
{
	set("hugetlb_limits", "2m=64m");
	set("hugetlb_limits", "1GB=max");
	set("hugetlb_limits", "64k=0");
	use_v1();
	ck_assert_str_eq(written(NULL), "hugetlb.2MB.max=67108864; hugetlb.2MB.rsvd.max=67108864?; "
					"hugetlb.1GB.max=max; hugetlb.1GB.rsvd.max=max?; "
					"hugetlb.64KB.max=0; hugetlb.64KB.rsvd.max=0?");
	cgroup_layout_clear(&layout);
	ck_assert_int_eq(cgroup_layout_parse(&layout,
					     "32 31 0:30 / /h rw - cgroup cgroup rw,hugetlb\n",
					     "10:hugetlb:/\n"),
			 0);
	ck_assert_contains(written(NULL), "hugetlb.2MB.limit_in_bytes=67108864; "
					  "hugetlb.2MB.rsvd.limit_in_bytes=67108864?; "
					  "hugetlb.1GB.limit_in_bytes=-1;");
}
END_TEST

START_TEST(rdma_and_misc)
{
	set("rdma_limits", "mlx5_0=hca_handle=2,hca_object=max");
	set("misc_limits", "sev=3");
	set("misc_limits", "sev=max");
	use_v2();
	ck_assert_str_eq(written(NULL), "rdma.max=mlx5_0 hca_handle=2 hca_object=max; "
					"misc.max=sev max");
	use_v1();
	ck_assert_str_eq(written(NULL), "");
	ck_assert_uint_eq(limits.refused_count, 2);
}
END_TEST

START_TEST(files_of_v2_by_name)
{
	set("memory", "64m");
	set("cgroup_conf", "memory.high=32M");
	set("cgroup_conf", "io.max=8:0 rbps=1");
	set("cgroup_conf", "io.max=8:16 rbps=2");
	use_v2();
	ck_assert_str_eq(written(NULL),
			 "memory.max=67108864; memory.swap.max=0?; memory.high=32M; "
			 "io.max=8:0 rbps=1; io.max=8:16 rbps=2");
	use_v1();
	ck_assert_contains(written(NULL), "memory.limit_in_bytes=67108864");
	ck_assert_uint_eq(limits.refused_count, 3);
	ck_assert_contains(limits.refused[0].reason, "cgroup v1");
}
END_TEST

START_TEST(only_files_of_controllers)
{
	static const char *const bad[] = {"cgroup.procs=0", "cgroup.subtree_control=+io",
					  "../memory.max=1", "memory/x.max=1",
					  "a/../memory.max=1", "memory.max",
					  "memory.max=", "memory=1",
					  ".memory.max=1", "memory.high=1\nx"};

	use_v2();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		not_a_value("cgroup_conf", bad[i]);
	set("cgroup_conf", "nobody.max=1");
	ck_assert_int_lt(native_limits_read(command, &layout, NULL, &limits, &err), 0);
	ck_assert_contains(err.text, "only files of controllers");
}
END_TEST

START_TEST(values_that_are_none)
{
	not_a_value("blkio_weight", "9");
	not_a_value("blkio_weight", "1001");
	not_a_value("blkio_weight_devices", "/dev/sda:9");
	not_a_value("blkio_weight_devices", "sda:10");
	not_a_value("device_read_bps", "/dev/sda");
	not_a_value("device_read_bps", "/dev/sda:0");
	not_a_value("device_write_bps", "/dev/sda:1x");
	not_a_value("device_read_iops", "/dev/sda:1m");
	not_a_value("device_write_iops", "/dev/sda:4294967296");
	not_a_value("hugetlb_limits", "2MB");
	not_a_value("hugetlb_limits", "3MB=1");
	not_a_value("hugetlb_limits", "2MB=x");
	not_a_value("hugetlb_limits", "=1m");
	not_a_value("rdma_limits", "mlx5_0=2");
	not_a_value("rdma_limits", "mlx5_0=hca_handle=1,hca_object=2,hca_handle=3");
	not_a_value("rdma_limits", "mlx5_0=hca_handle=");
	not_a_value("misc_limits", "sev");
	not_a_value("misc_limits", "sev=-1");
}
END_TEST

START_TEST(more_limits_than_there_is_room_for)
{
	char text[64];

	use_v2();
	for (int i = 0; i < NATIVE_LIMITS_MAX; i++) {
		snprintf(text, sizeof(text), "memory.high=%d", i);
		set("cgroup_conf", text);
	}
	ck_assert_int_lt(native_limits_read(command, &layout, NULL, &limits, &err), 0);
	ck_assert_contains(err.text, "cgroup_conf: more limits than");
}
END_TEST

/* ---- what a running container keeps ---------------------------------------------------------- */

START_TEST(memory_alone_keeps_the_limit_of_swap)
{
	struct native_limits_now now = {64, 0, -1, 100000};

	set("memory", "100");
	use_v1();
	ck_assert_str_eq(written(&now),
			 "memory.limit_in_bytes=100; memory.memsw.limit_in_bytes=100?");
	now.swap = 32;
	ck_assert_str_eq(written(&now),
			 "memory.limit_in_bytes=100; memory.memsw.limit_in_bytes=132?");
	use_v2();
	ck_assert_str_eq(written(&now), "memory.max=100; memory.swap.max=32?");
	now.swap = -1;
	ck_assert_str_eq(written(&now), "memory.max=100");
	/* the first limit of memory allows no swap, as at the start */
	now.memory = -1;
	ck_assert_str_eq(written(&now), "memory.max=100; memory.swap.max=0?");
}
END_TEST

START_TEST(swap_alone_counts_from_the_memory_there_is)
{
	struct native_limits_now now = {64, 0, -1, 100000};

	set("memory_swap", "100");
	use_v2();
	ck_assert_str_eq(written(&now), "memory.swap.max=36");
	use_v1();
	ck_assert_str_eq(written(&now), "memory.memsw.limit_in_bytes=100");
	now.memory = 101;
	ck_assert_int_lt(native_limits_read(command, &layout, &now, &limits, &err), 0);
	ck_assert_contains(err.text, "memory_swap");
	now.memory = -1;
	ck_assert_int_lt(native_limits_read(command, &layout, &now, &limits, &err), 0);
	ck_assert_int_eq((int)err.code, EXD_ERR_KEY);
}
END_TEST

START_TEST(period_and_quota_keep_each_other)
{
	struct native_limits_now now = {-1, -1, 20000, 50000};

	set("cpu_period", "40000");
	use_v2();
	ck_assert_str_eq(written(&now), "cpu.max=20000 40000");
	set("cpu_quota", "10000");
	ck_assert_str_eq(written(&now), "cpu.max=10000 40000");
	finish();
	start();
	set("cpus", "0.5");
	use_v2();
	ck_assert_str_eq(written(&now), "cpu.max=25000 50000");
	use_v1();
	ck_assert_str_eq(written(&now), "cpu.cfs_quota_us=25000");
}
END_TEST

/* ---- update, in directories of plain files --------------------------------------------------- */

static struct native native;

/* A container "box" of this process, in a directory with these files of cgroup v2. */
static struct exd_record *box(const char *const *files)
{
	char more[256];

	setup();
	ck_assert_int_eq(mkdirat(root, "parent", 0755), 0);
	for (; *files; files += 2) {
		char path[64];

		snprintf(path, sizeof(path), "parent/%s", "box");
		write_file(path, files[0], files[1]);
	}
	snprintf(more, sizeof(more),
		 ",\"cgroups\":[{\"controllers\":\",memory,pids,cpu,io\",\"mount\":\"%s\","
		 "\"path\":\"/parent/box\"}]",
		 top);
	write_state("box", getpid(), boot, more);
	use_v2();
	native.layout = &layout;
	return load("box");
}

static void file_is(const char *name, const char *wanted)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "parent/box/%s", name);
	ck_assert_int_ge(read_file_at(root, path, text, sizeof(text)), 0);
	ck_assert_str_eq(text, wanted);
}

START_TEST(update_writes_what_is_set)
{
	static const char *const files[] = {
		"memory.max", "67108864", "memory.swap.max", "0\n", "memory.current", "4096\n",
		"cpu.max", "max 100000\n", "pids.max", "max\n", "cpu.weight", "100\n",
		"memory.reclaim", "", NULL};
	struct exd_record *record = box(files);

	set("memory", "32m");
	set("pids_limit", "100");
	ck_assert_msg(native_update(&native, record, command, &err) == 0, "%s", err.text);
	file_is("memory.max", "33554432");
	file_is("pids.max", "100\n");
	file_is("cpu.weight", "100\n");
	file_is("memory.reclaim", "");
	record_free(record);
	teardown();
}
END_TEST

/* A directory stands where cpu.max should be, so that one cannot be written. */
START_TEST(update_is_all_or_nothing)
{
	static const char *const files[] = {
		"memory.max", "67108864", "memory.swap.max", "1111\n", "memory.current", "4096\n",
		"pids.max", "111\n", "io.max", "8:0 rbps=7 wbps=max riops=1 wiops=1\n",
		NULL};
	struct exd_record *record = box(files);

	ck_assert_int_eq(mkdirat(root, "parent/box/cpu.max", 0755), 0);
	set("memory", "32m");
	set("pids_limit", "222");
	set("cpus", "0.5");
	ck_assert_int_lt(native_update(&native, record, command, &err), 0);
	ck_assert_int_eq((int)err.code, EXD_ERR_CGROUP);
	ck_assert_contains(err.text, "cpus of container 'box', all of whose limits stay");
	ck_assert_contains(err.text, "to cpu.max");
	file_is("memory.max", "67108864");
	file_is("memory.swap.max", "1111\n");
	file_is("pids.max", "111\n");
	record_free(record);
	teardown();
}
END_TEST

START_TEST(update_puts_lines_of_devices_back)
{
	static const char *const files[] = {"io.max", "8:0 rbps=7 wbps=max\n", NULL};
	struct exd_record *record = box(files);

	ck_assert_int_eq(mkdirat(root, "parent/box/memory.high", 0755), 0);
	set("cgroup_conf", "io.max=8:0 rbps=9 wbps=999");
	set("cgroup_conf", "memory.high=1");
	ck_assert_int_lt(native_update(&native, record, command, &err), 0);
	ck_assert_contains(err.text, "memory.high");
	/* the file is no kernel's: it keeps the end of the longer line */
	file_is("io.max", "8:0 rbps=7 wbps=max\n");
	record_free(record);
	teardown();
}
END_TEST

START_TEST(update_takes_no_memory_that_is_in_use)
{
	static const char *const files[] = {"memory.max", "67108864", "memory.swap.max", "0\n",
					    "memory.current", "50000000\n", "memory.reclaim", "",
					    NULL};
	struct exd_record *record = box(files);

	set("memory", "32m");
	ck_assert_int_lt(native_update(&native, record, command, &err), 0);
	ck_assert_int_eq(err.sys_errno, EBUSY);
	ck_assert_contains(err.text, "memory.max");
	file_is("memory.max", "67108864");
	file_is("memory.reclaim", "16445568");
	record_free(record);
	teardown();
}
END_TEST

START_TEST(update_hands_controllers_down)
{
	static const char *const files[] = {"pids.max", "1\n", NULL};
	struct exd_record *record = box(files);
	char text[64];

	write_file(".", "cgroup.subtree_control", "");
	write_file("parent", "cgroup.subtree_control", "");
	set("hugetlb_limits", "2MB=0");
	ck_assert_int_lt(native_update(&native, record, command, &err), 0);
	ck_assert_contains(err.text, "hugetlb.2MB.max");
	ck_assert_int_ge(read_file_at(root, "cgroup.subtree_control", text, sizeof(text)), 0);
	ck_assert_str_eq(text, "+hugetlb");
	ck_assert_int_ge(read_file_at(root, "parent/cgroup.subtree_control", text, sizeof(text)), 0);
	ck_assert_str_eq(text, "+hugetlb");
	record_free(record);
	teardown();
}
END_TEST

START_TEST(update_refuses_what_is_no_limit)
{
	static const char *const files[] = {"pids.max", "1\n", NULL};
	struct exd_record *record = box(files);

	ck_assert_int_lt(native_update(&native, record, command, &err), 0);
	ck_assert_int_eq((int)err.code, EXD_ERR_KEY);
	set("pids_limit", "2");
	set("hostname", "x");
	ck_assert_int_lt(native_update(&native, record, command, &err), 0);
	ck_assert_int_eq((int)err.code, EXD_ERR_UNSUPPORTED);
	ck_assert_contains(err.text, "hostname");
	file_is("pids.max", "1\n");
	record_free(record);
	teardown();
}
END_TEST

static TCase *group(Suite *s, const char *name)
{
	TCase *tc = tap_tcase(s, name);

	tcase_add_checked_fixture(tc, start, finish);
	return tc;
}

static void add_texts(TCase *tc)
{
	tcase_add_test(tc, rates_of_disks);
	tcase_add_test(tc, what_is_no_disk_is_refused);
	tcase_add_test(tc, weight_is_the_same_number_everywhere);
	tcase_add_test(tc, weights_are_of_the_scheduler_that_is_there);
	tcase_add_test(tc, huge_pages);
	tcase_add_test(tc, rdma_and_misc);
	tcase_add_test(tc, files_of_v2_by_name);
	tcase_add_test(tc, only_files_of_controllers);
	tcase_add_test(tc, values_that_are_none);
	tcase_add_test(tc, more_limits_than_there_is_room_for);
	tcase_add_test(tc, memory_alone_keeps_the_limit_of_swap);
	tcase_add_test(tc, swap_alone_counts_from_the_memory_there_is);
	tcase_add_test(tc, period_and_quota_keep_each_other);
}

int main(void)
{
	Suite *s = suite_create("native_limits");
	TCase *tc = group(s, "update");

	tcase_add_test(tc, update_writes_what_is_set);
	tcase_add_test(tc, update_is_all_or_nothing);
	tcase_add_test(tc, update_puts_lines_of_devices_back);
	tcase_add_test(tc, update_takes_no_memory_that_is_in_use);
	tcase_add_test(tc, update_hands_controllers_down);
	tcase_add_test(tc, update_refuses_what_is_no_limit);
	add_texts(group(s, "texts"));
	return tap_main(s);
}
