/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The native driver's cgroup parts that need no cgroup: layouts, limits, rules and counters. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "drivers/native/cgroup_devices.h"
#include "drivers/native/cgroup_enable.h"
#include "drivers/native/cgroup_layout.h"
#include "drivers/native/cgroup_limits.h"
#include "drivers/native/cgroup_record.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/device_program.h"
#include "drivers/native/devices.h"
#include "drivers/native/netdev.h"
#include "tests/tap.h"

/* The cgroup of a container, as it is seen in its root file system. */
#define FOREIGN                                                          \
	"50 1 0:33 /docker/abc /run/x/rootfs/sys/fs/cgroup/memory rw - " \
	"cgroup cgroup rw,memory\n"
#define V1_MOUNT(id, name, options) \
	id " 31 0:30 / /sys/fs/cgroup/" name " rw,nosuid shared:9 - cgroup cgroup rw," options "\n"

static const char v1_mounts[] =
	"23 1 0:21 / /sys rw,nosuid - sysfs sysfs rw\n"
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n" V1_MOUNT(
		"32", "systemd",
		"xattr,release_agent=/usr/lib/systemd/systemd-cgroups-agent,name=systemd")
		V1_MOUNT("33", "cpu,cpuacct", "cpu,cpuacct") V1_MOUNT("34", "memory", "memory")
			V1_MOUNT("35", "pids", "pids")
				V1_MOUNT("36", "cpuset", "cpuset,clone_children");
static const char v1_own[] =
	"11:cpuset:/\n9:pids:/user\n4:cpuacct,cpu:/user\n3:memory:/user\n1:name=systemd:/user/x\n";

static const char v2_mounts[] =
	"42 23 0:37 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char v2_own[] = "0::/system.slice/host.service\n";

static const char hybrid_mounts[] = V1_MOUNT("33", "memory", "memory") V1_MOUNT(
	"34", "freezer",
	"freezer") "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
static const char hybrid_own[] = "6:freezer:/\n4:memory:/a/b\n0::/\n";

/* /proc/cgroups of a kernel whose memory controller is switched off. */
static const char proc_cgroups[] =
	"#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
	"cpuset\t3\t1\t1\ncpu\t1\t1\t1\nmemory\t0\t16\t0\npids\t8\t1\t1\n";

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

static void parse(const char *mounts, const char *own)
{
	ck_assert_int_eq(cgroup_layout_parse(&layout, mounts, own), 0);
}

static void use_v1(void)
{
	parse(v1_mounts, v1_own);
}

static void use_v2(const char *controllers)
{
	parse(v2_mounts, v2_own);
	ck_assert_int_eq(cgroup_layout_v2(&layout, controllers), 0);
}

static const struct cgroup_hierarchy *find(const char *controller)
{
	const struct cgroup_hierarchy *h = cgroup_layout_find(&layout, controller);

	ck_assert_msg(h != NULL, "no hierarchy has '%s'", controller);
	return h;
}

static void set(const char *key, const char *value)
{
	int r = exd_command_set(command, key, value, &err);

	ck_assert_msg(r == 0, "%s = %s: %s", key, value, err.text);
}

static int read_limits(void)
{
	return native_limits_read(command, &layout, NULL, &limits, &err);
}

/* "FILE=VALUE ..." of all writes in their order; '?' behind those that may be missing. */
static void check_limits(const char *expected)
{
	char text[1024] = "";
	size_t used = 0;

	ck_assert_int_eq(read_limits(), 0);
	for (size_t i = 0; i < limits.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%s%s",
					 used ? "; " : "", native_limit_file(&limits.list[i]),
					 native_limit_text(&limits.list[i]),
					 limits.list[i].skip_missing ? "?" : "");
	ck_assert_str_eq(text, expected);
}

static void check_refused(const char *key, const char *controller)
{
	ck_assert_int_eq(read_limits(), 0);
	ck_assert_uint_eq(limits.refused_count, 1);
	ck_assert_str_eq(limits.refused[0].key, key);
	ck_assert_str_eq(limits.refused[0].controller, controller);
}

/* ---- layout ---------------------------------------------------------------------------------- */

START_TEST(v1_hierarchies_are_found_once_each)
{
	use_v1();
	ck_assert_uint_eq(layout.count, 5);
	ck_assert_ptr_eq(find("cpu"), find("cpuacct"));
	ck_assert_str_eq(find("cpu")->mount, "/sys/fs/cgroup/cpu,cpuacct");
	ck_assert_int_eq(find("memory")->version, 1);
	ck_assert_str_eq(find("name=systemd")->mount, "/sys/fs/cgroup/systemd");
	ck_assert_ptr_null(cgroup_layout_find(&layout, ""));
	ck_assert_ptr_null(cgroup_layout_find(&layout, "freezer"));
}
END_TEST

START_TEST(v2_controllers_come_from_its_root)
{
	use_v2("cpuset cpu io memory pids\n");
	ck_assert_uint_eq(layout.count, 1);
	ck_assert_int_eq(find("pids")->version, 2);
	ck_assert_ptr_eq(find("memory"), find(""));
	ck_assert_ptr_null(cgroup_layout_find(&layout, "cpuacct"));
}
END_TEST

START_TEST(hybrid_controllers_are_taken_from_where_they_are)
{
	parse(hybrid_mounts, hybrid_own);
	ck_assert_int_eq(cgroup_layout_v2(&layout, "hugetlb pids\n"), 0);
	ck_assert_int_eq(find("memory")->version, 1);
	ck_assert_int_eq(find("pids")->version, 2);
	ck_assert_str_eq(find("")->mount, "/sys/fs/cgroup/unified");
}
END_TEST

START_TEST(v2_without_controllers_is_still_there)
{
	use_v2("\n");
	ck_assert_str_eq(find("")->controllers, "");
}
END_TEST

START_TEST(hierarchy_that_is_not_mounted_is_left_out)
{
	parse(hybrid_mounts, "7:pids:/\n6:freezer:/\n4:memory:/\n0::/\n");
	ck_assert_uint_eq(layout.count, 3);
	ck_assert_ptr_null(cgroup_layout_find(&layout, "pids"));
	ck_assert_str_eq(find("freezer")->mount, "/sys/fs/cgroup/freezer");
}
END_TEST

START_TEST(no_cgroups_are_an_empty_layout)
{
	parse("23 1 0:21 / /sys rw - sysfs sysfs rw\n", "");
	ck_assert_uint_eq(layout.count, 0);
}
END_TEST

START_TEST(cgroup_of_a_container_mounted_elsewhere_is_not_taken)
{
	parse(FOREIGN V1_MOUNT("51", "memory", "memory"), "4:memory:/user\n");
	ck_assert_str_eq(find("memory")->mount, "/sys/fs/cgroup/memory");
}
END_TEST

START_TEST(only_the_cgroup_of_another_is_no_layout)
{
	parse(FOREIGN, "4:memory:/docker/ab\n");
	ck_assert_uint_eq(layout.count, 0);
}
END_TEST

START_TEST(inside_a_container_its_own_part_is_taken)
{
	parse("50 1 0:33 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
	      "4:memory:/docker/abc/x\n");
	ck_assert_str_eq(find("memory")->mount, "/sys/fs/cgroup/memory");
	ck_assert_uint_eq(find("memory")->depth, strlen("/docker/abc"));
}
END_TEST

START_TEST(mount_above_the_cgroup_namespace_shows_all)
{
	parse("50 1 0:33 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n");
	ck_assert_uint_eq(find("")->depth, 0);
}
END_TEST

START_TEST(mount_of_the_whole_is_better_than_of_a_part)
{
	parse("50 1 0:33 /user /part rw - cgroup cgroup rw,memory\n" V1_MOUNT("51", "memory",
									      "memory"),
	      "4:memory:/user\n");
	ck_assert_str_eq(find("memory")->mount, "/sys/fs/cgroup/memory");
}
END_TEST

START_TEST(writable_mount_is_better_than_read_only)
{
	parse("50 1 0:33 / /ro ro,nosuid - cgroup cgroup rw,memory\n"
	      "50 1 0:33 /user /rw rw - cgroup cgroup rw,memory\n",
	      "4:memory:/user\n");
	ck_assert_str_eq(find("memory")->mount, "/rw");
	ck_assert(!find("memory")->readonly);
}
END_TEST

START_TEST(blanks_in_mount_points_are_unescaped)
{
	parse("50 1 0:33 / /a\\040b\\134c rw - cgroup2 cgroup2 rw\n", "0::/\n");
	ck_assert_str_eq(find("")->mount, "/a b\\c");
}
END_TEST

START_TEST(damaged_texts_are_skipped)
{
	parse("50 1 0:33 / - cgroup cgroup rw,memory\n - cgroup\nx\n51 1 - cgroup2 x\n",
	      "4\n5:memory\n:::\n0::/\n");
	ck_assert_uint_eq(layout.count, 0);
}
END_TEST

START_TEST(more_hierarchies_than_there_is_room_for_are_cut)
{
	char own[4096], mounts[8192];
	size_t o = 0, m = 0;

	for (int i = 1; i <= CGROUP_HIERARCHIES_MAX + 8; i++) {
		o += (size_t)snprintf(own + o, sizeof(own) - o, "%d:name=n%d:/\n", i, i);
		m += (size_t)snprintf(mounts + m, sizeof(mounts) - m,
				      "%d 1 0:%d / /n%d rw - cgroup c rw,name=n%d\n", i, i, i, i);
	}
	parse(mounts, own);
	ck_assert_uint_eq(layout.count, CGROUP_HIERARCHIES_MAX);
	ck_assert_str_eq(find("name=n7")->mount, "/n7");
}
END_TEST

START_TEST(words_of_lists_are_whole)
{
	ck_assert(cgroup_list_has("cpu,cpuacct", "cpuacct"));
	ck_assert(!cgroup_list_has("cpuacct,cpuset", "cpu"));
	ck_assert(!cgroup_list_has("", "cpu"));
}
END_TEST

/* ---- limits ---------------------------------------------------------------------------------- */

START_TEST(no_limits_write_nothing)
{
	use_v1();
	check_limits("");
	ck_assert_uint_eq(limits.refused_count, 0);
}
END_TEST

START_TEST(memory_alone_allows_no_swap_v1)
{
	use_v1();
	set("memory", "64m");
	check_limits("memory.limit_in_bytes=67108864; memory.memsw.limit_in_bytes=67108864?");
}
END_TEST

START_TEST(memory_alone_allows_no_swap_v2)
{
	use_v2("memory\n");
	set("memory", "64m");
	check_limits("memory.max=67108864; memory.swap.max=0?");
}
END_TEST

START_TEST(memory_swap_counts_both_v1)
{
	use_v1();
	set("memory_swap", "96m");
	set("memory", "64m");
	check_limits("memory.limit_in_bytes=67108864; memory.memsw.limit_in_bytes=100663296");
}
END_TEST

START_TEST(memory_swap_is_the_difference_v2)
{
	use_v2("memory\n");
	set("memory", "64m");
	set("memory_swap", "96m");
	check_limits("memory.max=67108864; memory.swap.max=33554432");
}
END_TEST

static int make_cgroups(char *top, const char *const *files)
{
	int root;

	ck_assert_ptr_nonnull(mkdtemp(top));
	root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(root, "parent", 0755), 0);
	for (; *files; files++)
		close(openat(root, *files, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	return root;
}

static void remove_cgroups(const char *top, int root, const char *const *files)
{
	for (; *files; files++)
		ck_assert_int_eq(unlinkat(root, *files, 0), 0);
	ck_assert_int_eq(unlinkat(root, "parent", AT_REMOVEDIR), 0);
	close(root);
	ck_assert_int_eq(rmdir(top), 0);
}

/* As a kernel without CONFIG_SWAP has it. */
START_TEST(swap_that_is_not_counted)
{
	static const char *const files[] = {"parent/memory.max", NULL};
	char top[] = "/tmp/exd-cgroup-XXXXXX";
	int root = make_cgroups(top, files);

	for (int version = 1; version <= 2; version++) {
		if (version == 1)
			use_v1();
		else
			use_v2("memory");
		set("memory", "64m");
		set("memory_swap", "96m");
		ck_assert_int_eq(read_limits(), 0);
		native_limits_check_swap(&limits, version, root, "parent");
		ck_assert_uint_eq(limits.count, 1);
		ck_assert_uint_eq(limits.refused_count, 1);
		ck_assert_str_eq(limits.refused[0].key, "memory_swap");
		ck_assert_ptr_nonnull(strstr(limits.refused[0].reason, "swapaccount=1"));
		finish();
		start();
	}
	remove_cgroups(top, root, files);
}
END_TEST

START_TEST(swap_that_is_counted_or_not_known)
{
	static const char *const files[] = {"parent/memory.max", "parent/memory.swap.max", NULL};
	char top[] = "/tmp/exd-cgroup-XXXXXX";
	int root = make_cgroups(top, files);

	use_v2("memory");
	set("memory", "64m");
	set("memory_swap", "96m");
	ck_assert_int_eq(read_limits(), 0);
	native_limits_check_swap(&limits, 2, root, "parent");
	native_limits_check_swap(&limits, 2, root, "missing");
	native_limits_check_swap(&limits, 2, root, "");
	ck_assert_uint_eq(limits.count, 2);
	ck_assert_uint_eq(limits.refused_count, 0);
	remove_cgroups(top, root, files);
}
END_TEST

START_TEST(unlimited_swap)
{
	set("memory", "64m");
	set("memory_swap", "-1");
	use_v1();
	check_limits("memory.limit_in_bytes=67108864; memory.memsw.limit_in_bytes=-1?");
	cgroup_layout_clear(&layout);
	use_v2("memory\n");
	check_limits("memory.max=67108864; memory.swap.max=max?");
}
END_TEST

START_TEST(other_memory_limits)
{
	set("memory_reservation", "1m");
	set("memory_swappiness", "0");
	set("oom_kill_disable", "yes");
	use_v1();
	check_limits(
		"memory.soft_limit_in_bytes=1048576; memory.swappiness=0; memory.oom_control=1");
}
END_TEST

START_TEST(reservation_is_memory_low_on_v2)
{
	use_v2("memory\n");
	set("memory_reservation", "1m");
	check_limits("memory.low=1048576");
}
END_TEST

START_TEST(swappiness_is_refused_on_v2)
{
	use_v2("memory\n");
	set("memory_swappiness", "10");
	check_refused("memory_swappiness", "memory");
	ck_assert_ptr_nonnull(strstr(limits.refused[0].reason, "v2"));
}
END_TEST

START_TEST(oom_kill_disable_is_refused_on_v2_only_when_wanted)
{
	use_v2("memory\n");
	set("oom_kill_disable", "no");
	check_limits("");
	ck_assert_uint_eq(limits.refused_count, 0);
	set("oom_kill_disable", "yes");
	check_refused("oom_kill_disable", "memory");
}
END_TEST

START_TEST(cpu_limits_v1)
{
	use_v1();
	set("cpu_quota", "20000");
	set("cpu_period", "50000");
	set("cpu_shares", "512");
	check_limits("cpu.shares=512; cpu.cfs_period_us=50000; cpu.cfs_quota_us=20000");
}
END_TEST

START_TEST(cpu_limits_v2)
{
	use_v2("cpu\n");
	set("cpu_quota", "20000");
	set("cpu_period", "50000");
	set("cpu_shares", "512");
	check_limits("cpu.weight=50; cpu.max=20000 50000");
}
END_TEST

START_TEST(period_or_quota_alone_v2)
{
	use_v2("cpu\n");
	set("cpu_period", "50000");
	check_limits("cpu.max=max 50000");
	command = exd_command_free(command);
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	set("cpu_quota", "-1");
	check_limits("cpu.max=max 100000");
}
END_TEST

START_TEST(cpus_are_quota_of_the_usual_period)
{
	set("cpus", "1.5");
	use_v1();
	check_limits("cpu.cfs_quota_us=150000");
	cgroup_layout_clear(&layout);
	use_v2("cpu\n");
	check_limits("cpu.max=150000 100000");
}
END_TEST

START_TEST(too_few_cpus_are_an_error)
{
	use_v1();
	set("cpus", "0.009");
	ck_assert_int_lt(read_limits(), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_CGROUP);
	ck_assert_ptr_nonnull(strstr(err.text, "0.009"));
}
END_TEST

START_TEST(cpus_are_read_exactly)
{
	ck_assert_int_eq(native_cpus_quota("0.5", 100000), 50000);
	ck_assert_int_eq(native_cpus_quota("2", 100000), 200000);
	ck_assert_int_eq(native_cpus_quota(".25", 100000), 25000);
	ck_assert_int_eq(native_cpus_quota("0.29", 100000), 29000);
	ck_assert_int_eq(native_cpus_quota("999999.999999", 100000), 99999999999);
	ck_assert_int_eq(native_cpus_quota("0.000001", 100000), 0);
	ck_assert_int_eq(native_cpus_quota("1e3", 100000), 0);
	ck_assert_int_eq(native_cpus_quota("9999999999999999999999", 100000), 0);
}
END_TEST

START_TEST(weight_keeps_ratios_and_ends)
{
	ck_assert_uint_eq(native_cpu_weight(1024), 100);
	ck_assert_uint_eq(native_cpu_weight(2048), 200);
	ck_assert_uint_eq(native_cpu_weight(512), 50);
	ck_assert_uint_eq(native_cpu_weight(2), 1);
	ck_assert_uint_eq(native_cpu_weight(262144), 10000);
}
END_TEST

START_TEST(cpuset_and_pids)
{
	use_v1();
	set("pids_limit", "64");
	set("cpuset_cpus", "0-3,5");
	set("cpuset_mems", "0");
	check_limits("cpuset.cpus=0-3,5; cpuset.mems=0; pids.max=64");
}
END_TEST

START_TEST(cpusets_are_compared_by_ranges)
{
	ck_assert(native_cpuset_within("0", "0-1"));
	ck_assert(native_cpuset_within("0-1,5", "0-3,5"));
	ck_assert(native_cpuset_within("3", "3"));
	ck_assert(!native_cpuset_within("2", "0-1"));
	ck_assert(!native_cpuset_within("0-4", "0-3,5"));
	ck_assert(!native_cpuset_within("0", ""));
	ck_assert(native_cpuset_within("", ""));
}
END_TEST

START_TEST(unlimited_pids)
{
	use_v2("pids\n");
	set("pids_limit", "-1");
	check_limits("pids.max=max");
}
END_TEST

START_TEST(all_limits_at_once_fit)
{
	static const char *const all[][2] = {
		{"memory", "64m"},
		{"memory_swap", "65m"},
		{"memory_reservation", "1m"},
		{"memory_swappiness", "1"},
		{"oom_kill_disable", "1"},
		{"cpu_shares", "2"},
		{"cpu_period", "1000"},
		{"cpu_quota", "1000"},
		{"cpus", "1"},
		{"cpuset_cpus", "0"},
		{"cpuset_mems", "0"},
		{"pids_limit", "1"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		set(all[i][0], all[i][1]);
	use_v1();
	ck_assert_int_eq(read_limits(), 0);
	ck_assert_uint_eq(limits.count, 12);
	cgroup_layout_clear(&layout);
	parse("", "");
	ck_assert_int_eq(read_limits(), 0);
	ck_assert_uint_eq(limits.refused_count, 12);
}
END_TEST

START_TEST(limit_without_its_controller_is_refused)
{
	parse(hybrid_mounts, hybrid_own);
	set("memory", "64m");
	set("pids_limit", "64");
	check_refused("pids_limit", "pids");
	ck_assert_ptr_null(limits.refused[0].reason);
	ck_assert_uint_eq(limits.count, 2);
}
END_TEST

START_TEST(limit_on_a_read_only_hierarchy_is_refused)
{
	parse("42 23 0:37 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw\n", v2_own);
	ck_assert_int_eq(cgroup_layout_v2(&layout, "pids"), 0);
	set("pids_limit", "64");
	check_refused("pids_limit", "pids");
	ck_assert_ptr_nonnull(strstr(limits.refused[0].reason, "read-only"));
}
END_TEST

START_TEST(limits_of_one_hierarchy_can_be_refused_later)
{
	parse(hybrid_mounts, hybrid_own);
	ck_assert_int_eq(cgroup_layout_v2(&layout, "pids"), 0);
	set("memory", "64m");
	set("pids_limit", "64");
	ck_assert_int_eq(read_limits(), 0);
	native_limits_refuse(&limits, find(""), "because");
	ck_assert_uint_eq(limits.count, 2);
	ck_assert_uint_eq(limits.refused_count, 1);
	ck_assert_str_eq(limits.refused[0].reason, "because");
	ck_assert_str_eq(native_limit_text(&limits.list[0]), "67108864");
}
END_TEST

/* ---- cures, v2's controllers, rules, records, counters --------------------------------------- */

static void check_cure(const char *controller, const char *part)
{
	char text[320];

	cgroup_missing_in(&layout, proc_cgroups, controller, text, sizeof(text));
	ck_assert_msg(strstr(text, part) != NULL, "%s: %s", controller, text);
}

START_TEST(cure_fits_the_cause)
{
	parse(hybrid_mounts, hybrid_own);
	check_cure("memory", "cgroup_enable=memory");
	check_cure("pids", "mount -t cgroup -o pids");
	check_cure("rdma", "built without it");
	cgroup_layout_clear(&layout);
	check_cure("pids", "mount -t cgroup2");
	use_v2("");
	check_cure("pids", "subtree_control");
}
END_TEST

START_TEST(v2_hands_down_what_is_needed)
{
	char list[CGROUP_ENABLE_SIZE];

	use_v2("cpuset cpu io memory hugetlb pids rdma\n");
	ck_assert_int_eq(read_limits(), 0);
	cgroup_enable_list(find(""), &limits, list);
	ck_assert_str_eq(list, "+memory +pids +cpu +io");
	set("cpuset_cpus", "0");
	ck_assert_int_eq(read_limits(), 0);
	cgroup_enable_list(find(""), &limits, list);
	ck_assert_str_eq(list, "+memory +pids +cpu +io +cpuset");
	set("hugetlb_limits", "2MB=0");
	set("cgroup_conf", "rdma.max=x hca_handle=1");
	ck_assert_int_eq(read_limits(), 0);
	cgroup_enable_list(find(""), &limits, list);
	ck_assert_str_eq(list, "+memory +pids +cpu +io +cpuset +hugetlb +rdma");
}
END_TEST

START_TEST(stray_controllers_are_not_handed_down)
{
	char list[CGROUP_ENABLE_SIZE];

	use_v2("hugetlb\n");
	ck_assert_int_eq(read_limits(), 0);
	cgroup_enable_list(find(""), &limits, list);
	ck_assert_str_eq(list, "");
}
END_TEST

START_TEST(what_is_handed_down_already)
{
	ck_assert(cgroup_enable_done("+memory +pids", "cpuset memory io pids\n"));
	ck_assert(!cgroup_enable_done("+memory +cpu", "cpuset memory\n"));
	ck_assert(cgroup_enable_done("", "\n"));
	ck_assert(!cgroup_enable_done("+memory", ""));
}
END_TEST

START_TEST(device_rules)
{
	struct native_device device = {.mode = S_IFCHR | 0666, .rdev = makedev(1, 3), .access = 7};
	struct device_rule rule = cgroup_device_rule(&device);
	const struct device_rule *defaults;
	char text[CGROUP_DEVICE_RULE];
	size_t count;

	cgroup_device_text(&rule, text);
	ck_assert_str_eq(text, "c 1:3 rwm");
	device = (struct native_device){
		.mode = S_IFBLK, .rdev = makedev(4095, 1048575), .access = 4};
	rule = cgroup_device_rule(&device);
	cgroup_device_text(&rule, text);
	ck_assert_str_eq(text, "b 4095:1048575 r");
	rule = (struct device_rule){'c', 136, DEVICE_ANY, 3};
	cgroup_device_text(&rule, text);
	ck_assert_str_eq(text, "c 136:* wm");
	defaults = cgroup_device_defaults(&count);
	ck_assert_uint_gt(count, 0);
	for (size_t i = 0; i < count; i++)
		ck_assert(defaults[i].major != DEVICE_ANY || defaults[i].access == 1);
}
END_TEST

START_TEST(only_paths_that_end_in_the_id_are_the_containers)
{
	ck_assert(native_path_is_of("execdriver/web", "web"));
	ck_assert(native_path_is_of("web", "web"));
	ck_assert(!native_path_is_of("execdriver", "web"));
	ck_assert(!native_path_is_of("execdriver/web/x", "web"));
	ck_assert(!native_path_is_of("execdriver/xweb", "web"));
	ck_assert(!native_path_is_of("execdriver/", ""));
	ck_assert(!native_path_is_of("", ""));
}
END_TEST

START_TEST(network_counts_all_but_loopback)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	netdev_sum("Inter-|   Receive                            |  Transmit\n"
		   " face |bytes    packets errs drop fifo|bytes    packets errs drop\n"
		   "    lo:  100  1 0 0 0 0 0 0  100 1 0 0 0 0 0 0\n"
		   "  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\n"
		   "eth0:1:5 5 5 5 0 0 0 0 6 6 6 6 0 0 0 0\n"
		   " local0: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0\n"
		   "  bad: 7 7\n",
		   &stats);
	ck_assert_uint_eq(stats.network_rx_bytes, 1006);
	ck_assert_uint_eq(stats.network_rx_packets, 16);
	ck_assert_uint_eq(stats.network_rx_errors, 7);
	ck_assert_uint_eq(stats.network_rx_dropped, 8);
	ck_assert_uint_eq(stats.network_tx_bytes, 2007);
	ck_assert_uint_eq(stats.network_tx_packets, 27);
	ck_assert_uint_eq(stats.network_tx_errors, 10);
	ck_assert_uint_eq(stats.network_tx_dropped, 11);
}
END_TEST

static TCase *group(Suite *s, const char *name)
{
	TCase *tc = tap_tcase(s, name);

	tcase_add_checked_fixture(tc, start, finish);
	return tc;
}

static void add_layout(TCase *tc)
{
	tcase_add_test(tc, v1_hierarchies_are_found_once_each);
	tcase_add_test(tc, v2_controllers_come_from_its_root);
	tcase_add_test(tc, hybrid_controllers_are_taken_from_where_they_are);
	tcase_add_test(tc, v2_without_controllers_is_still_there);
	tcase_add_test(tc, hierarchy_that_is_not_mounted_is_left_out);
	tcase_add_test(tc, no_cgroups_are_an_empty_layout);
	tcase_add_test(tc, cgroup_of_a_container_mounted_elsewhere_is_not_taken);
	tcase_add_test(tc, only_the_cgroup_of_another_is_no_layout);
	tcase_add_test(tc, inside_a_container_its_own_part_is_taken);
	tcase_add_test(tc, mount_above_the_cgroup_namespace_shows_all);
	tcase_add_test(tc, mount_of_the_whole_is_better_than_of_a_part);
	tcase_add_test(tc, writable_mount_is_better_than_read_only);
	tcase_add_test(tc, blanks_in_mount_points_are_unescaped);
	tcase_add_test(tc, damaged_texts_are_skipped);
	tcase_add_test(tc, more_hierarchies_than_there_is_room_for_are_cut);
	tcase_add_test(tc, words_of_lists_are_whole);
}

static void add_limits(TCase *tc)
{
	tcase_add_test(tc, no_limits_write_nothing);
	tcase_add_test(tc, memory_alone_allows_no_swap_v1);
	tcase_add_test(tc, memory_alone_allows_no_swap_v2);
	tcase_add_test(tc, memory_swap_counts_both_v1);
	tcase_add_test(tc, memory_swap_is_the_difference_v2);
	tcase_add_test(tc, swap_that_is_not_counted);
	tcase_add_test(tc, swap_that_is_counted_or_not_known);
	tcase_add_test(tc, unlimited_swap);
	tcase_add_test(tc, other_memory_limits);
	tcase_add_test(tc, reservation_is_memory_low_on_v2);
	tcase_add_test(tc, swappiness_is_refused_on_v2);
	tcase_add_test(tc, oom_kill_disable_is_refused_on_v2_only_when_wanted);
	tcase_add_test(tc, cpu_limits_v1);
	tcase_add_test(tc, cpu_limits_v2);
	tcase_add_test(tc, period_or_quota_alone_v2);
	tcase_add_test(tc, cpus_are_quota_of_the_usual_period);
	tcase_add_test(tc, too_few_cpus_are_an_error);
	tcase_add_test(tc, cpus_are_read_exactly);
	tcase_add_test(tc, weight_keeps_ratios_and_ends);
	tcase_add_test(tc, cpuset_and_pids);
	tcase_add_test(tc, cpusets_are_compared_by_ranges);
	tcase_add_test(tc, unlimited_pids);
	tcase_add_test(tc, all_limits_at_once_fit);
	tcase_add_test(tc, limit_without_its_controller_is_refused);
	tcase_add_test(tc, limit_on_a_read_only_hierarchy_is_refused);
	tcase_add_test(tc, limits_of_one_hierarchy_can_be_refused_later);
}

int main(void)
{
	Suite *s = suite_create("native_cgroup");
	TCase *tc = group(s, "texts");

	tcase_add_test(tc, cure_fits_the_cause);
	tcase_add_test(tc, v2_hands_down_what_is_needed);
	tcase_add_test(tc, stray_controllers_are_not_handed_down);
	tcase_add_test(tc, what_is_handed_down_already);
	tcase_add_test(tc, device_rules);
	tcase_add_test(tc, only_paths_that_end_in_the_id_are_the_containers);
	tcase_add_test(tc, network_counts_all_but_loopback);
	add_layout(group(s, "layout"));
	add_limits(group(s, "limits"));
	return tap_main(s);
}
