/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands: typed setters and getters; lists, mounts, devices and rlimits. */
#include "tests/tap.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/unit/commands.h"
#include "tests/unit/contains.h"

/* ---- typed setters and getters ---- */

START_TEST(test_setter_of_another_type_is_refused)
{
	ck_assert_int_lt(exd_command_set_string(command, EXD_KEY_MEMORY, "1", &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	ck_assert_contains(err.text, "'memory' takes a size");
	ck_assert_int_lt(exd_command_set_bool(command, EXD_KEY_ARGS, true, &err), 0);
	ck_assert_int_lt(exd_command_set_number(command, EXD_KEY_TTY, 1, &err), 0);
	ck_assert_int_lt(exd_command_add(command, EXD_KEY_CWD, "/", &err), 0);
	ck_assert_int_lt(exd_command_set_string(command, (enum exd_key)0, "x", &err), 0);
	ck_assert_int_lt(exd_command_set_string(command, EXD_KEY_MAX, "x", &err), 0);
}
END_TEST

START_TEST(test_setter_checks_ranges)
{
	ck_assert_int_lt(exd_command_set_number(command, EXD_KEY_UMASK, 01000, &err), 0);
	ck_assert_contains(err.text, "'1000'");
	ck_assert_int_eq(exd_command_set_number(command, EXD_KEY_MEMORY_SWAP, -1, &err), 0);
	ck_assert_int_lt(exd_command_set_number(command, EXD_KEY_MEMORY, -1, &err), 0);
	ck_assert_int_lt(exd_command_set_string(command, EXD_KEY_CWD, "x", &err), 0);
	ck_assert_int_lt(exd_command_set_string(command, EXD_KEY_CWD, NULL, &err), 0);
}
END_TEST

START_TEST(test_getters_of_unset_and_wrong_keys)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	set("memory", "5");
	ck_assert_str_eq(exd_command_string(command, EXD_KEY_CWD, "fallback"), "fallback");
	ck_assert_ptr_null(exd_command_string(command, EXD_KEY_MEMORY, NULL));
	ck_assert_int_eq(exd_command_number(command, EXD_KEY_CPU_SHARES, 1024), 1024);
	ck_assert(!exd_command_bool(command, EXD_KEY_MEMORY));
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ARGS), 0);
	ck_assert_ptr_null(exd_command_item(command, EXD_KEY_ARGS, 0));
	ck_assert(!exd_command_mount(command, 0, &mount));
	ck_assert(!exd_command_is_set(command, (enum exd_key)9999));
	ck_assert(!exd_command_is_set(NULL, EXD_KEY_ARGS));
}
END_TEST

START_TEST(test_args_are_replaced_and_appended_to)
{
	const char *const args[] = {"echo", "a", "", NULL};
	const char *const none[] = {NULL};

	set("args", "false");
	ck_assert_int_eq(exd_command_set_args(command, args, &err), 0);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ARGS), 3);
	set("args", "b");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ARGS, 2), "");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ARGS, 3), "b");
	ck_assert_int_lt(exd_command_set_args(command, none, &err), 0);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ARGS), 4);
}
END_TEST

START_TEST(test_map_keeps_the_later_value_in_place)
{
	set("env", "A=1");
	set("env", "AB=2");
	set("env", "A=3");
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ENV), 2);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 0), "A=3");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ENV, 1), "AB=2");
}
END_TEST

START_TEST(test_list_of_paths_can_be_emptied)
{
	set("masked_paths", "/a");
	set("masked_paths", "");
	ck_assert(exd_command_is_set(command, EXD_KEY_MASKED_PATHS));
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_MASKED_PATHS), 0);
	set("masked_paths", "/b");
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_MASKED_PATHS, 0), "/b");
}
END_TEST

START_TEST(test_a_thousand_items)
{
	char text[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_int_eq(exd_command_add(command, EXD_KEY_ARGS, text, &err), 0);
	}
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_ARGS), 1000);
	ck_assert_str_eq(exd_command_item(command, EXD_KEY_ARGS, 999), "999");
}
END_TEST

/* ---- mounts, devices, rlimits ---- */

static const struct {
	const char *text;
	struct exd_mount mount;
} mounts[] = {
	{"/a:/b", {0, EXD_MOUNT_BIND, "/a", "/b", "", 0, 0}},
	{"/a:/b:ro,nosuid,nodev,noexec",
	 {0, EXD_MOUNT_BIND, "/a", "/b", "",
	  EXD_MOUNT_READONLY | EXD_MOUNT_NOSUID | EXD_MOUNT_NODEV | EXD_MOUNT_NOEXEC, 0}},
	{"/a:/b:ro,rw", {0, EXD_MOUNT_BIND, "/a", "/b", "", 0, 0}},
	{"/a:/b:bind,slave", {0, EXD_MOUNT_BIND, "/a", "/b", "", EXD_MOUNT_NORECURSE, MS_SLAVE}},
	{"./proc:/b:rbind,shared", {0, EXD_MOUNT_BIND, "./proc", "/b", "", 0, MS_SHARED}},
	{"/a:/b:rro,rnosuid,rrw", {0, EXD_MOUNT_BIND, "/a", "/b", "", EXD_MOUNT_NOSUID, 0}},
	{"/a:/b:noatime,nodiratime,relatime,nosymfollow,runbindable",
	 {0, EXD_MOUNT_BIND, "/a", "/b", "",
	  EXD_MOUNT_RELATIME | EXD_MOUNT_NODIRATIME | EXD_MOUNT_NOSYMFOLLOW, MS_UNBINDABLE}},
	{"tmpfs:/tmp:tmpcopyup,size=1m,strictatime",
	 {0, EXD_MOUNT_TMPFS, "", "/tmp", "size=1m", EXD_MOUNT_COPYUP | EXD_MOUNT_STRICTATIME, 0}},
	{"tmpfs:/tmp", {0, EXD_MOUNT_TMPFS, "", "/tmp", "", 0, 0}},
	{"tmpfs:/tmp:size=64m,noexec,mode=1777",
	 {0, EXD_MOUNT_TMPFS, "", "/tmp", "size=64m,mode=1777", EXD_MOUNT_NOEXEC, 0}},
	{"proc:/proc", {0, EXD_MOUNT_PROC, "", "/proc", "", 0, 0}},
	{"sysfs:/sys:ro", {0, EXD_MOUNT_SYSFS, "", "/sys", "", EXD_MOUNT_READONLY, 0}},
	{"mqueue:/dev/mqueue", {0, EXD_MOUNT_MQUEUE, "", "/dev/mqueue", "", 0, 0}},
	{"devpts:/dev/pts:gid=5", {0, EXD_MOUNT_DEVPTS, "", "/dev/pts", "gid=5", 0, 0}},
	{"cgroup:/sys/fs/cgroup:ro",
	 {0, EXD_MOUNT_CGROUP, "", "/sys/fs/cgroup", "", EXD_MOUNT_READONLY, 0}},
};

START_TEST(test_mount_text)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};
	const struct exd_mount *expect = &mounts[_i].mount;

	set("mounts", mounts[_i].text);
	ck_assert(exd_command_mount(command, 0, &mount));
	ck_assert_uint_eq(mount.type, expect->type);
	ck_assert_str_eq(mount.source, expect->source);
	ck_assert_str_eq(mount.target, expect->target);
	ck_assert_str_eq(mount.options, expect->options);
	ck_assert_uint_eq(mount.flags, expect->flags);
	ck_assert_uint_eq(mount.propagation, expect->propagation);
}
END_TEST

START_TEST(test_mount_struct_is_checked)
{
	struct exd_mount mount = {sizeof(mount), EXD_MOUNT_TMPFS, NULL, "/t", NULL, 0, 0};

	ck_assert_int_eq(exd_command_add_mount(command, &mount, &err), 0);
	mount.type = 99;
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	mount.type = EXD_MOUNT_BIND;
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	ck_assert_contains(err.text, "no source");
	mount = (struct exd_mount){sizeof(mount), EXD_MOUNT_BIND, "/s", "/t", "size=5", 0, 0};
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	ck_assert_contains(err.text, "size=5");
	mount = (struct exd_mount){sizeof(mount), EXD_MOUNT_BIND, "/s", NULL, NULL, 0, 0};
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	mount = (struct exd_mount){sizeof(mount), EXD_MOUNT_BIND, "/s", "/t", NULL,
				   EXD_MOUNT_NOATIME | EXD_MOUNT_RELATIME, 0};
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	ck_assert_contains(err.text, "flags");
	mount.flags = EXD_MOUNT_COPYUP;
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	ck_assert_contains(err.text, "only a tmpfs");
	mount.flags = EXD_MOUNT_IDMAP << 1;
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	mount = (struct exd_mount){sizeof(mount), EXD_MOUNT_TMPFS, "", "/t", NULL, 0, MS_SLAVE};
	ck_assert_int_lt(exd_command_add_mount(command, &mount, &err), 0);
	ck_assert_contains(err.text, "for binds");
	mount = (struct exd_mount){
		offsetof(struct exd_mount, flags), EXD_MOUNT_BIND, "/s", "/t", NULL, 0xffff, 5};
	ck_assert_int_eq(exd_command_add_mount(command, &mount, &err), 0);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_MOUNTS), 2);
}
END_TEST

START_TEST(test_device_texts)
{
	struct exd_device device = {.struct_size = sizeof(device)};

	set("devices", "/dev/fuse");
	set("devices", "/dev/null:r");
	set("devices", "/dev/zero:/dev/z:wm");
	ck_assert(exd_command_device(command, 0, &device));
	ck_assert_str_eq(device.target, "/dev/fuse");
	ck_assert_uint_eq(device.access, 7);
	ck_assert(exd_command_device(command, 1, &device));
	ck_assert_uint_eq(device.access, 4);
	ck_assert(exd_command_device(command, 2, &device));
	ck_assert_str_eq(device.path, "/dev/zero");
	ck_assert_str_eq(device.target, "/dev/z");
	ck_assert_uint_eq(device.access, 3);
	set("devices", "/dev/full:/dev/z");
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_DEVICES), 3);
	ck_assert(exd_command_device(command, 2, &device));
	ck_assert_str_eq(device.path, "/dev/full");
}
END_TEST

START_TEST(test_device_struct_is_checked)
{
	struct exd_device device = {sizeof(device), 6, "/dev/fuse", NULL};

	ck_assert_int_eq(exd_command_add_device(command, &device, &err), 0);
	ck_assert(exd_command_device(command, 0, &device));
	ck_assert_str_eq(device.target, "/dev/fuse");
	device.access = 8;
	ck_assert_int_lt(exd_command_add_device(command, &device, &err), 0);
	device.access = 0;
	ck_assert_int_lt(exd_command_add_device(command, &device, &err), 0);
	ck_assert_contains(err.text, "/dev/fuse");
	device = (struct exd_device){sizeof(device), 7, "/dev/fuse", "fuse"};
	ck_assert_int_lt(exd_command_add_device(command, &device, &err), 0);
	device = (struct exd_device){sizeof(device), 7, NULL, "/dev/fuse"};
	ck_assert_int_lt(exd_command_add_device(command, &device, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_KEY);
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_DEVICES), 1);
}
END_TEST

START_TEST(test_rlimit_texts)
{
	struct exd_rlimit rlimit = {.struct_size = sizeof(rlimit)};

	set("rlimits", "nofile=1024:4096");
	set("rlimits", "core=unlimited");
	set("rlimits", "nproc=7:unlimited");
	set("rlimits", "nofile=5");
	ck_assert_uint_eq(exd_command_count(command, EXD_KEY_RLIMITS), 3);
	ck_assert(exd_command_rlimit(command, 0, &rlimit));
	ck_assert_int_eq(rlimit.resource, RLIMIT_NOFILE);
	ck_assert_uint_eq(rlimit.soft, 5);
	ck_assert_uint_eq(rlimit.hard, 5);
	ck_assert(exd_command_rlimit(command, 1, &rlimit));
	ck_assert_uint_eq(rlimit.soft, UINT64_MAX);
	ck_assert(exd_command_rlimit(command, 2, &rlimit));
	ck_assert_uint_eq(rlimit.soft, 7);
	ck_assert_uint_eq(rlimit.hard, UINT64_MAX);
	rlimit.resource = 99;
	ck_assert_int_lt(exd_command_add_rlimit(command, &rlimit, &err), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("command_items");
	TCase *tc;

	tc = tap_tcase(s, "typed");
	tcase_add_checked_fixture(tc, command_setup, command_teardown);
	tcase_add_test(tc, test_setter_of_another_type_is_refused);
	tcase_add_test(tc, test_setter_checks_ranges);
	tcase_add_test(tc, test_getters_of_unset_and_wrong_keys);
	tcase_add_test(tc, test_args_are_replaced_and_appended_to);
	tcase_add_test(tc, test_map_keeps_the_later_value_in_place);
	tcase_add_test(tc, test_list_of_paths_can_be_emptied);
	tcase_add_test(tc, test_a_thousand_items);

	tc = tap_tcase(s, "items");
	tcase_add_checked_fixture(tc, command_setup, command_teardown);
	tcase_add_loop_test(tc, test_mount_text, 0, COUNT(mounts));
	tcase_add_test(tc, test_mount_struct_is_checked);
	tcase_add_test(tc, test_device_texts);
	tcase_add_test(tc, test_device_struct_is_checked);
	tcase_add_test(tc, test_rlimit_texts);
	return tap_main(s);
}
