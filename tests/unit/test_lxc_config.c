/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the lxc driver tells liblxc for each field of a command, and what it refuses by name. */
#include "tests/tap.h"

#include <stdio.h>
#include <string.h>

#include <execdriver/driver.h>

#include "core/options.h"

extern const struct exd_driver exd_driver_entry;

static void *driver;
static struct exd_command *command;
static struct exd_report *report;
static struct exd_error err;

static void set_up(void)
{
	static const char *const args[] = {"true", NULL};
	struct exd_options options = {NULL, "test"};

	err = (struct exd_error)EXD_ERROR_INIT;
	ck_assert_int_eq(exd_driver_entry.open(&driver, &options, NULL), 0);
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set(command, "id", "box", NULL), 0);
	ck_assert_int_eq(exd_command_set_args(command, args, NULL), 0);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
}

static void tear_down(void)
{
	report = exd_report_free(report);
	command = exd_command_free(command);
	exd_driver_entry.close(driver);
}

static void set(const char *key, const char *value)
{
	struct exd_error failed = EXD_ERROR_INIT;

	ck_assert_msg(exd_command_set(command, key, value, &failed) == 0, "%s", failed.text);
}

static int explain(void)
{
	report = exd_report_free(report);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	return exd_driver_entry.explain(driver, command, report, &err);
}

static int count(const char *text)
{
	int found = 0;

	for (size_t i = 0; i < exd_report_count(report); i++) {
		struct exd_report_line line = {.struct_size = sizeof(line)};

		ck_assert(exd_report_line(report, i, &line));
		found += strcmp(line.text, text) == 0;
	}
	return found;
}

/* For these keys and values, in pairs, exactly this line is there, and not without them. */
static void gives(const char *line, const char *const *pairs)
{
	ck_assert_int_eq(explain(), 0);
	ck_assert_msg(count(line) == 0, "'%s' is there without being asked for", line);
	for (; *pairs; pairs += 2)
		set(pairs[0], pairs[1]);
	ck_assert_msg(explain() == 0, "%s", err.text);
	ck_assert_msg(count(line) == 1, "'%s' is not there", line);
}

#define GIVES(line, ...) gives(line, (const char *const[]){__VA_ARGS__, NULL})

static void refuses(const char *key, const char *value, uint32_t code, const char *says)
{
	set(key, value);
	ck_assert_int_lt(explain(), 0);
	ck_assert_uint_eq(err.code, code);
	ck_assert_msg(strstr(err.text, says), "'%s' is not in '%s'", says, err.text);
}

START_TEST(test_bare_command)
{
	static const char *const golden[] = {
		"lxc.log.file=/run/lxc/log",
		"lxc.log.level=ERROR",
		"lxc.rootfs.path=dir:/run/lxc/root",
		"lxc.rootfs.mount=/run/lxc/mnt",
		"lxc.console.path=none",
		"lxc.tty.max=0",
		"lxc.autodev=1",
		"lxc.pty.max=1024",
		"lxc.namespace.clone=pid ipc uts net mnt",
		"lxc.uts.name=box",
		"lxc.net.0.type=empty",
		"lxc.net.0.flags=up",
		"lxc.mount.entry=proc proc proc nosuid,nodev,noexec,create=dir 0 0",
		"lxc.mount.entry=sysfs sys sysfs ro,nosuid,nodev,noexec,create=dir 0 0",
		"lxc.mount.entry=tmpfs dev/shm tmpfs nosuid,nodev,noexec,mode=1777,size=64m,create=dir 0 0",
		"lxc.mount.entry=mqueue dev/mqueue mqueue nosuid,nodev,noexec,create=dir,optional 0 0",
	};
	size_t lines = sizeof(golden) / sizeof(golden[0]);

	ck_assert_int_eq(explain(), 0);
	ck_assert_uint_gt(exd_report_count(report), lines);
	for (size_t i = 0; i < lines; i++) {
		struct exd_report_line line = {.struct_size = sizeof(line)};

		ck_assert(exd_report_line(report, i, &line));
		ck_assert_str_eq(line.text, golden[i]);
		ck_assert_str_eq(line.topic, "lxc");
	}
	ck_assert_int_eq(count("arg true"), 1);
}
END_TEST

START_TEST(test_names)
{
	GIVES("lxc.uts.name=other", "hostname", "other");
	GIVES("lxc.sysctl.kernel.domainname=example", "domainname", "example");
}
END_TEST

START_TEST(test_namespaces)
{
	GIVES("lxc.namespace.clone=ipc uts net mnt", "pid_namespace", "host");
	GIVES("lxc.namespace.clone=uts net mnt", "ipc_namespace", "host");
	GIVES("lxc.namespace.clone=uts mnt", "network", "host");
	ck_assert_int_eq(count("lxc.net.0.type=empty"), 0);
	GIVES("lxc.namespace.share.uts=/proc/self/fd/N", "uts_namespace", "path:/proc/self/ns/uts");
}
END_TEST

START_TEST(test_user_namespace)
{
	GIVES("lxc.idmap=u 0 100000 65536", "uid_map", "0:100000:65536", "gid_map", "0:200000:10");
	ck_assert_int_eq(count("lxc.idmap=g 0 200000 10"), 1);
	ck_assert_int_eq(count("lxc.namespace.clone=user pid ipc uts net mnt"), 1);
}
END_TEST

START_TEST(test_mounts)
{
	GIVES("lxc.mount.entry=/run/lxc/m0 a\\040b,c none rbind,create=dir 0 0", "mounts", "/tmp:/a b,c");
	GIVES("lxc.mount.entry=/run/lxc/m1 x\\134y none rbind,create=file 0 0", "mounts", "/etc/passwd:/x\\y:ro");
}
END_TEST

START_TEST(test_own_dev)
{
	GIVES("lxc.autodev=0", "mounts", "/dev:/dev");
	ck_assert_int_eq(count("lxc.pty.max=0"), 1);
}
END_TEST

START_TEST(test_settings)
{
	GIVES("lxc.sysctl.net.ipv4.ip_forward=1", "sysctls", "net.ipv4.ip_forward=1");
	GIVES("lxc.proc.oom_score_adj=-5", "oom_score_adj", "-5");
	GIVES("lxc.mount.entry=sysfs sys sysfs nosuid,nodev,noexec,create=dir 0 0", "privileged", "yes");
}
END_TEST

START_TEST(test_mount_namespace_is_refused)
{
	refuses("mount_namespace", "host", EXD_ERR_UNSUPPORTED, "mount_namespace");
}
END_TEST

START_TEST(test_foreign_keys_are_refused)
{
	refuses("hcs_layers", "/layers/app", EXD_ERR_UNSUPPORTED,
		"driver lxc does not support the key hcs_layers");
}
END_TEST

START_TEST(test_half_a_map_is_refused)
{
	refuses("uid_map", "0:1:1", EXD_ERR_KEY, "uid_map and gid_map");
}
END_TEST

START_TEST(test_dotted_sysctl_is_refused)
{
	refuses("sysctls", "net/ipv4/conf/eth0.1/forwarding=1", EXD_ERR_UNSUPPORTED, "sysctls");
}
END_TEST

START_TEST(test_host_sysctl_is_refused)
{
	refuses("sysctls", "kernel.panic=1", EXD_ERR_SYSCTL, "kernel.panic");
}
END_TEST

START_TEST(test_slave_root_is_refused)
{
	refuses("rootfs_propagation", "slave", EXD_ERR_UNSUPPORTED, "rootfs_propagation");
}
END_TEST

static const struct {
	const char *key, *value, *says;
} lacking[] = {
	{"rootfs_options", "nosuid", "rootfs_options"},
	{"no_pivot", "yes", "no_pivot"},
	{"rootfs", "overlay:/usr", "overlay:/usr"},
	{"time_namespace", "private", "time_namespace"},
	{"time_offsets", "monotonic=5", "time_offsets"},
	{"mounts", "tmpfs:/x:nosymfollow", "nosymfollow"},
	{"mounts", "tmpfs:/y:tmpcopyup", "copy"},
	{"mounts", "tmpfs:/z:unbindable", "propagation"},
};

START_TEST(test_options_that_liblxc_lacks)
{
	refuses(lacking[_i].key, lacking[_i].value, EXD_ERR_UNSUPPORTED, lacking[_i].says);
}
END_TEST

START_TEST(test_newline_in_a_mount_is_refused)
{
	refuses("mounts", "/tmp:/a\nb", EXD_ERR_UNSUPPORTED, "mounts");
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test);
	suite_add_tcase(s, tc);
}

int main(void)
{
	Suite *s = suite_create("lxc_config");
	TCase *options;

	add(s, "bare", test_bare_command);
	add(s, "names", test_names);
	add(s, "namespaces", test_namespaces);
	add(s, "user", test_user_namespace);
	add(s, "mounts", test_mounts);
	add(s, "dev", test_own_dev);
	add(s, "settings", test_settings);
	add(s, "mnt refused", test_mount_namespace_is_refused);
	add(s, "foreign refused", test_foreign_keys_are_refused);
	add(s, "map refused", test_half_a_map_is_refused);
	add(s, "dot refused", test_dotted_sysctl_is_refused);
	add(s, "host refused", test_host_sysctl_is_refused);
	add(s, "slave refused", test_slave_root_is_refused);
	options = tcase_create("options refused");
	tcase_add_checked_fixture(options, set_up, tear_down);
	tcase_add_loop_test(options, test_options_that_liblxc_lacks, 0,
			    sizeof(lacking) / sizeof(lacking[0]));
	suite_add_tcase(s, options);
	add(s, "newline mount refused", test_newline_in_a_mount_is_refused);
	return tap_main(s);
}
