/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands: every key is set and read back, every kind of bad text is refused; whole commands. */
#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "tests/unit/commands.h"
#include "tests/unit/contains.h"

/* ---- every key ---- */

START_TEST(test_key_is_set_and_read_back)
{
	const struct exd_command_key *key = exd_command_key_next(NULL);

	for (int i = 0; i < _i; i++)
		key = exd_command_key_next(key);
	ck_assert_str_eq(key->name, good[_i].name);
	ck_assert_uint_eq(key->key, _i + 1);
	ck_assert(!exd_command_is_set(command, (enum exd_key)key->key));
	set(good[_i].name, good[_i].text);
	ck_assert(exd_command_is_set(command, (enum exd_key)key->key));
	check_read_back(key, good[_i].text, good[_i].number);
}
END_TEST

START_TEST(test_table_is_whole)
{
	const struct exd_command_key *key = NULL;
	uint32_t count = 0;

	while ((key = exd_command_key_next(key))) {
		ck_assert_uint_eq(key->key, ++count);
		ck_assert_uint_ne(key->use, 0);
		ck_assert_uint_gt(strlen(key->doc), 8);
		ck_assert_ptr_eq(command_key_named(key->name), command_key((enum exd_key)key->key));
	}
	ck_assert_uint_eq(count, EXD_KEY_MAX - 1);
	ck_assert_uint_eq(COUNT(good), count);
}
END_TEST

/* ---- bad texts ---- */

static const struct {
	const char *name;
	const char *text;
} bad[] = {
	{"id", ""},
	{"env", "NOVALUE"},
	{"env", "=x"},
	{"env", ""},
	{"cwd", "relative"},
	{"cwd", ""},
	{"user", ""},
	{"user", ":5"},
	{"user", "a:"},
	{"user", "a:b:c"},
	{"user", "a b"},
	{"groups", ""},
	{"tty", "maybe"},
	{"tty", ""},
	{"tty_size", "24"},
	{"tty_size", "0x80"},
	{"tty_size", "24x70000"},
	{"tty_size", "24x80x"},
	{"hostname", ""},
	{"hostname", "a b"},
	{"hostname", "-a"},
	{"hostname", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	{"rootfs", ""},
	{"rootfs_propagation", "rbind"},
	{"rootfs_options", ""},
	{"rootfs_options", "shared"},
	{"rootfs_options", "nosuid,bind"},
	{"rootfs_options", "size=5"},
	{"time_namespace", "none"},
	{"time_offsets", "realtime=5"},
	{"time_offsets", "monotonic="},
	{"time_offsets", "monotonic=1."},
	{"time_offsets", "boottime=+1"},
	{"time_offsets", "boottime=12345678901"},
	{"time_offsets", "boottime=1.0123456789"},
	{"mounts", "/a"},
	{"mounts", ":/b"},
	{"mounts", "/a:"},
	{"mounts", "/a:b"},
	{"mounts", "/a:/"},
	{"mounts", "/a:/b:rx"},
	{"mounts", "/a:/b:ro,,rw"},
	{"mounts", "tmpfs:tmp"},
	{"devices", "null"},
	{"devices", "/dev/null:rwx"},
	{"devices", "/dev/null:"},
	{"devices", "/dev/null:/dev/x:rr"},
	{"masked_paths", "proc/kcore"},
	{"pid_namespace", "none"},
	{"pid_namespace", "Host"},
	{"ipc_namespace", "container:"},
	{"ipc_namespace", "container:../x"},
	{"network", "path:ns"},
	{"network", "bridge"},
	{"uid_map", "0:1"},
	{"uid_map", "0:1:0"},
	{"gid_map", "4294967295:0:1"},
	{"cap_add", "NET ADMIN"},
	{"cap_drop", ""},
	{"seccomp", "profile.json"},
	{"seccomp_listener", "agent.sock"},
	{"rlimits", "nofile"},
	{"rlimits", "nofile="},
	{"rlimits", "files=5"},
	{"rlimits", "nofile=10:5"},
	{"rlimits", "nofile=unlimited:5"},
	{"rlimits", "nofile=-2"},
	{"sysctls", "net.ipv4.ip_forward"},
	{"sysctls", "../x=1"},
	{"sysctls", "net/../../x=1"},
	{"sysctls", "/net/x=1"},
	{"oom_score_adj", "1001"},
	{"oom_score_adj", "1e3"},
	{"umask", "8"},
	{"umask", "1000"},
	{"umask", "-1"},
	{"umask", "7777777777777777777777777"},
	{"scheduler", ""},
	{"scheduler", "fair"},
	{"scheduler", "other,"},
	{"scheduler", "other,,nice=1"},
	{"scheduler", "other,nice=20"},
	{"scheduler", "fifo,priority=0"},
	{"scheduler", "fifo,priority=100"},
	{"scheduler", "rr"},
	{"scheduler", "rr,priority=1,nice=1"},
	{"scheduler", "idle,nice=1"},
	{"scheduler", "batch,reclaim"},
	{"scheduler", "batch,runtime=1"},
	{"scheduler", "deadline"},
	{"scheduler", "deadline,runtime=2,deadline=1"},
	{"scheduler", "deadline,runtime=1,deadline=3,period=2"},
	{"scheduler", "deadline,runtime=-1,deadline=3"},
	{"nice", "-21"},
	{"nice", "20"},
	{"ioprio", ""},
	{"ioprio", "rt"},
	{"ioprio", "rt:8"},
	{"ioprio", "be:"},
	{"ioprio", "be:11"},
	{"exec_cpu_affinity", ""},
	{"exec_cpu_affinity", ":"},
	{"exec_cpu_affinity", "0:"},
	{"exec_cpu_affinity", "1-0"},
	{"exec_cpu_affinity", "4096"},
	{"exec_cpu_affinity", "99999999999999999999"},
	{"exec_cpu_affinity", "0,"},
	{"exec_cpu_affinity", "0:1:2"},
	{"personality", "LINUX"},
	{"landlock", "/tmp"},
	{"landlock", "ro:tmp"},
	{"landlock", "rx:/tmp"},
	{"landlock", "rw:/a\nb"},
	{"cgroup_parent", ""},
	{"cgroup_parent", "/a/../b"},
	{"memory", "64q"},
	{"memory", "0"},
	{"memory", "-1"},
	{"memory", "m"},
	{"memory", "1.5g"},
	{"memory", " 1"},
	{"memory", "9999999999t"},
	{"memory", "99999999999999999999999999"},
	{"memory_swap", "-2"},
	{"memory_swappiness", "101"},
	{"cpu_shares", "1"},
	{"cpu_period", "999"},
	{"cpu_quota", "0"},
	{"cpu_quota", "9223372036854775808"},
	{"cpus", "0"},
	{"cpus", "0.0"},
	{"cpus", "."},
	{"cpus", "1."},
	{"cpus", "-1"},
	{"cpus", "1,5"},
	{"cpus", "0.0000001"},
	{"cpuset_cpus", ""},
	{"cpuset_cpus", "0,"},
	{"cpuset_cpus", "3-1"},
	{"cpuset_cpus", "0--1"},
	{"cpuset_cpus", "a"},
	{"cpuset_mems", ",0"},
	{"pids_limit", "0"},
	{"pids_limit", "-5"},
	{"annotations", "x"},
	{"hcs_layers", ""},
	{"hcs_isolation", "vm"},
	{"hcs_mac", "a b"},
	{"hcs_ports", "80"},
};

START_TEST(test_bad_text_is_refused_with_its_key)
{
	char quoted[64];

	ck_assert_int_eq(exd_command_set(command, bad[_i].name, bad[_i].text, &err), -EINVAL);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	snprintf(quoted, sizeof(quoted), "'%s'", bad[_i].name);
	ck_assert_contains(err.text, quoted);
	ck_assert_contains(err.text, " is ");
	ck_assert(!exd_command_is_set(command,
				      (enum exd_key)command_key_named(bad[_i].name)->key.key));
}
END_TEST

START_TEST(test_unknown_key)
{
	ck_assert_int_lt(exd_command_set(command, "memry", "1", &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	ck_assert_contains(err.text, "'memry'");
	ck_assert_int_lt(exd_command_set(command, NULL, "1", &err), 0);
	ck_assert_int_lt(exd_command_set(command, "memory", NULL, &err), 0);
}
END_TEST

START_TEST(test_huge_text_is_refused_briefly)
{
	char *text = malloc(10001);

	memset(text, 'x', 10000);
	text[10000] = '\0';
	ck_assert_int_lt(exd_command_set(command, "hostname", text, &err), 0);
	ck_assert_uint_lt(strlen(err.text), 300);
	ck_assert_contains(err.text, "...");
	free(text);
}
END_TEST

START_TEST(test_bad_value_keeps_the_old_one)
{
	set("memory", "1k");
	set("hostname", "a");
	ck_assert_int_lt(exd_command_set(command, "memory", "x", &err), 0);
	ck_assert_int_lt(exd_command_set(command, "hostname", "", &err), 0);
	ck_assert_int_eq(exd_command_number(command, EXD_KEY_MEMORY, 0), 1024);
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_HOSTNAME, ""), "a");
}
END_TEST

/* ---- whole commands ---- */

START_TEST(test_clone_is_equal_and_its_own)
{
	struct exd_command *copy = NULL;
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	for (size_t i = 0; i < COUNT(good); i++)
		set(good[i].name, good[i].text);
	ck_assert_int_eq(command_clone(&copy, command, &err), 0);
	exd_command_free(command);
	command = copy;
	for (size_t i = 0; i < COUNT(good); i++)
		check_read_back(&command_key((enum exd_key)(i + 1))->key, good[i].text,
				good[i].number);
	ck_assert(exd_command_mount(command, 0, &mount));
	ck_assert_str_eq(mount.target, "/b");
}
END_TEST

START_TEST(test_check_wants_a_program)
{
	ck_assert_int_lt(command_check(command, false, &err), 0);
	ck_assert_contains(err.text, "'args'");
	set("args", "");
	ck_assert_int_lt(command_check(command, false, &err), 0);
	set("args", "x");
	ck_assert_int_lt(command_check(command, false, &err), 0);
	ck_assert_int_lt(command_check(NULL, false, &err), 0);
}
END_TEST

START_TEST(test_check_wants_a_valid_id)
{
	set("args", "x");
	ck_assert_int_eq(command_check(command, false, &err), 0);
	set("id", "../../etc");
	ck_assert_int_lt(command_check(command, false, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_ID);
}
END_TEST

/* Each key that the table does not give to exec is refused there. */
START_TEST(test_check_knows_what_exec_takes)
{
	const struct command_key *row = command_key_named(good[_i].name);
	int r;

	set(good[_i].name, good[_i].text);
	if (row->key.key != EXD_KEY_ARGS)
		set("args", "x");
	r = command_check(command, true, &err);
	if (row->key.use & EXD_USE_EXEC) {
		ck_assert_msg(r == 0, "%s", err.text);
	} else {
		ck_assert_uint_eq(err.code, EXD_ERR_KEY);
		ck_assert_contains(err.text, good[_i].name);
	}
}
END_TEST

/* With a cgroup of its own it takes limits too, and nothing else. */
START_TEST(test_check_knows_what_an_exec_with_a_cgroup_takes)
{
	const struct command_key *row = command_key_named(good[_i].name);
	int r;

	set("cgroup_child", "yes");
	set(good[_i].name, good[_i].text);
	if (row->key.key != EXD_KEY_ARGS)
		set("args", "x");
	r = command_check(command, true, &err);
	if (row->key.use & (EXD_USE_EXEC | EXD_USE_CGROUP_CHILD))
		ck_assert_msg(r == 0, "%s", err.text);
	else
		ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	ck_assert_int_eq(command_check(command, false, &err) < 0, true);
	ck_assert_contains(err.text, "cgroup_child");
}
END_TEST

START_TEST(test_a_limit_of_an_exec_asks_for_a_cgroup)
{
	set("args", "x");
	set("cgroup_child", "no");
	set("memory", "64m");
	ck_assert_int_lt(command_check(command, true, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	ck_assert_contains(err.text, "'memory'");
	ck_assert_contains(err.text, "(cgroup_child)");
}
END_TEST

static const struct {
	const char *first[2], *second[2];
	bool fine;
} pairs[] = {
	{{"cpus", "1"}, {"cpu_quota", "1000"}, false},
	{{"cpus", "1"}, {"cpu_period", "1000"}, false},
	{{"cpus", "1"}, {"cpu_shares", "2"}, true},
	{{"memory", "2m"}, {"memory_swap", "1m"}, false},
	{{"memory", "2m"}, {"memory_swap", "2m"}, true},
	{{"memory", "2m"}, {"memory_swap", "-1"}, true},
	{{"memory_swap", "2m"}, {"tty", "no"}, false},
	{{"memory_swap", "-1"}, {"tty", "no"}, true},
};

START_TEST(test_check_of_values_that_belong_together)
{
	set("args", "x");
	set(pairs[_i].first[0], pairs[_i].first[1]);
	set(pairs[_i].second[0], pairs[_i].second[1]);
	if (pairs[_i].fine) {
		ck_assert_int_eq(command_check(command, false, &err), 0);
	} else {
		ck_assert_int_lt(command_check(command, false, &err), 0);
		ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("command");
	TCase *tc;

	tc = tap_tcase(s, "text");
	tcase_add_checked_fixture(tc, command_setup, command_teardown);
	tcase_add_loop_test(tc, test_key_is_set_and_read_back, 0, COUNT(good));
	tcase_add_test(tc, test_table_is_whole);
	tcase_add_loop_test(tc, test_bad_text_is_refused_with_its_key, 0, COUNT(bad));
	tcase_add_test(tc, test_unknown_key);
	tcase_add_test(tc, test_huge_text_is_refused_briefly);
	tcase_add_test(tc, test_bad_value_keeps_the_old_one);

	tc = tap_tcase(s, "whole");
	tcase_add_checked_fixture(tc, command_setup, command_teardown);
	tcase_add_test(tc, test_clone_is_equal_and_its_own);
	tcase_add_test(tc, test_check_wants_a_program);
	tcase_add_test(tc, test_check_wants_a_valid_id);
	tcase_add_loop_test(tc, test_check_knows_what_exec_takes, 0, COUNT(good));
	tcase_add_loop_test(tc, test_check_knows_what_an_exec_with_a_cgroup_takes, 0, COUNT(good));
	tcase_add_test(tc, test_a_limit_of_an_exec_asks_for_a_cgroup);
	tcase_add_loop_test(tc, test_check_of_values_that_belong_together, 0, COUNT(pairs));
	return tap_main(s);
}
