/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the native driver compiles commands into: order, defaults, refusals. Nothing is run. */
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/options.h"
#include "core/plan.h"

extern const struct exd_driver exd_driver_entry;

/* The 14 that a container has by default. */
#define BASIC                                                                                   \
	"chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw," \
	"sys_chroot,mknod,audit_write,setfcap"

static void *driver;
static struct exd_command *command;
static struct exd_plan *plan;
static struct exd_report *report;
static struct exd_error err;
static int root_fd;

static void set_up(void)
{
	static const char *const args[] = {"true", NULL};
	struct exd_options options = {NULL, "test"};

	err = (struct exd_error)EXD_ERROR_INIT;
	root_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(exd_driver_entry.open(&driver, &options, NULL), 0);
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set(command, "id", "box", NULL), 0);
	ck_assert_int_eq(exd_command_set_args(command, args, NULL), 0);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
}

static void tear_down(void)
{
	plan = plan_free(plan);
	report = exd_report_free(report);
	command = exd_command_free(command);
	exd_driver_entry.close(driver);
	(void)close(root_fd);
}

static void set(const char *key, const char *value)
{
	struct exd_error failed = EXD_ERROR_INIT;

	ck_assert_msg(exd_command_set(command, key, value, &failed) == 0, "%s", failed.text);
}

static int try_compile(void)
{
	plan = plan_free(plan);
	ck_assert_int_eq(plan_new(&plan, root_fd, command, NULL), 0);
	if (!exd_command_bool(command, EXD_KEY_TTY))
		ck_assert_int_eq(plan_set_stdio(plan, 0, 1, 2, NULL), 0);
	return exd_driver_entry.run(driver, command, plan, &err);
}

static uint64_t compile(void)
{
	uint64_t hash = 0;

	ck_assert_msg(try_compile() == 0, "%s", err.text);
	ck_assert_int_eq(plan_seal(plan, NULL, &hash, NULL), 0);
	report = exd_report_free(report);
	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_ge(plan_print(plan, report, NULL), 0);
	return hash;
}

/* Number of the first line at or behind `from` that holds the text, or -1. */
static int find_from(int from, const char *text)
{
	for (size_t i = (size_t)from; i < exd_report_count(report); i++) {
		struct exd_report_line line = {.struct_size = sizeof(line)};

		ck_assert(exd_report_line(report, i, &line));
		if (strstr(line.text, text))
			return (int)i;
	}
	return -1;
}

static int find(const char *text)
{
	return find_from(0, text);
}

static int count(const char *text)
{
	int n = 0;

	for (int at = find(text); at >= 0; at = find_from(at + 1, text))
		n++;
	return n;
}

static void assert_order(const char *const *texts)
{
	int last = -1;

	for (; *texts; texts++) {
		int at = find_from(last + 1, *texts);

		ck_assert_msg(at >= 0, "'%s' does not come after line %d (but in %d)", *texts, last,
			      find(*texts));
		last = at;
	}
}

START_TEST(test_order_of_birth)
{
	static const char *const order[] = {
		"clone mount of /usr",
		"start a session",
		"make own namespaces (mnt",
		"bring the loopback interface up",
		"set propagation of / (rec,private)",
		"as the root",
		"make file system proc (nosuid,nodev,noexec)",
		"make file system tmpfs (nosuid,strictatime)",
		"make file system devpts",
		"make file system mqueue",
		"make file system sysfs (ro,nosuid,nodev,noexec)",
		"make device /dev/null (1:3)",
		"make symlink /dev/ptmx -> pts/ptmx",
		"make /proc/sys read-only",
		"mask /sys/fs/cgroup",
		"the root directory",
		"set hostname box",
		"take stdin, stdout and stderr",
		"set umask 0022",
		"non-dumpable",
		"session keyring",
		"in the bounding set",
		"set additional groups",
		"load seccomp filter",
		"become user 0, group 0",
		"set capabilities: effective " BASIC "; permitted " BASIC
		"; inheritable none; ambient none",
		"change to directory /",
		"execute [true]",
		NULL,
	};

	compile();
	assert_order(order);
	ck_assert_int_eq(find("join namespace"), -1);
}
END_TEST

START_TEST(test_sources_are_cloned_before_the_namespace)
{
	set("mounts", "/tmp:/a");
	compile();
	for (int at = find("clone mount of"); at >= 0; at = find_from(at + 1, "clone mount of"))
		ck_assert_int_lt(at, find("make own namespaces"));
}
END_TEST

START_TEST(test_clones_are_private)
{
	compile();
	for (int at = find("clone mount of"); at >= 0; at = find_from(at + 1, "clone mount of"))
		ck_assert_int_eq(find_from(at + 1, "(private)"), at + 1);
}
END_TEST

/* What masks a file is the host's own node: its owner and mode are not the container's to change. */
START_TEST(test_masks_are_read_only)
{
	int at;

	set("masked_paths", "/proc/keys");
	compile();
	at = find("clone mount of /dev/null");
	ck_assert_int_ge(at, 0);
	ck_assert_int_eq(find_from(at, "set attributes of /dev/null (ro,"), at + 1);
}
END_TEST

START_TEST(test_equal_commands_equal_plans)
{
	uint64_t first = compile();

	ck_assert_uint_eq(first, compile());
	set("umask", "077");
	ck_assert_uint_ne(first, compile());
}
END_TEST

START_TEST(test_volatile_root)
{
	compile();
	ck_assert_int_eq(find_from(find("clone mount of /usr,"), "set attributes of /usr (ro)"),
			 find("clone mount of /usr,") + 1);
	ck_assert_int_ge(find("make file /etc/passwd"), 0);
	ck_assert_int_eq(find("shadow"), -1);
	ck_assert_int_eq(find("/etc/ssl/private"), -1);
	ck_assert_int_eq(find("clone mount of /etc,"), -1);
	ck_assert_int_eq(find("clone mount of /etc/ssl,"), -1);
}
END_TEST

START_TEST(test_privileged)
{
	set("privileged", "yes");
	compile();
	ck_assert_int_eq(find("mask /proc/"), -1);
	ck_assert_int_eq(find("read-only"), -1);
	ck_assert_int_eq(find("seccomp"), -1);
	ck_assert_int_ge(find("make file system sysfs (nosuid,nodev,noexec)"), 0);
}
END_TEST

START_TEST(test_seccomp_can_be_kept_or_left)
{
	set("privileged", "yes");
	set("seccomp", "default");
	compile();
	ck_assert_int_ge(find("load seccomp"), 0);
	set("privileged", "no");
	set("seccomp", "unconfined");
	compile();
	ck_assert_int_eq(find("load seccomp"), -1);
}
END_TEST

START_TEST(test_no_new_privileges_comes_first)
{
	static const char *const order[] = {"set no_new_privs", "load seccomp", "become user",
					    NULL};

	set("no_new_privileges", "yes");
	compile();
	assert_order(order);
}
END_TEST

START_TEST(test_own_lists_of_paths)
{
	set("masked_paths", "/etc/secret");
	set("readonly_paths", "/proc/uptime");
	compile();
	ck_assert_int_ge(find("mask /etc/secret"), 0);
	ck_assert_int_eq(find("mask /proc/"), -1);
	ck_assert_int_ge(find("make /proc/uptime read-only"), 0);
	ck_assert_int_eq(find("make /proc/sys read-only"), -1);
}
END_TEST

START_TEST(test_mount_over_proc)
{
	set("mounts", "tmpfs:/proc");
	compile();
	ck_assert_int_eq(find("make file system proc"), -1);
	/* nothing of ours is there, so the path is looked up in the root */
	ck_assert_int_ge(find("mask /proc/kcore"), 0);
}
END_TEST

START_TEST(test_mount_over_dev)
{
	set("mounts", "/tmp:/dev");
	set("devices", "/dev/null:/dev/mine");
	compile();
	ck_assert_int_eq(find("make device"), -1);
	ck_assert_int_eq(find("make symlink /dev/fd"), -1);
	ck_assert_int_eq(find("make file system devpts"), -1);
}
END_TEST

START_TEST(test_mount_over_shm)
{
	set("mounts", "tmpfs:/dev/shm:size=1m");
	compile();
	ck_assert_int_eq(find("mode=1777 size=64m"), -1);
	ck_assert_int_ge(find("size=1m"), 0);
	ck_assert_int_ge(find("make file system devpts"), 0);
}
END_TEST

START_TEST(test_settings_before_own_mounts)
{
	static const char *const order[] = {"set sysctl sys/net/ipv4/ip_forward to '1'",
					    "write '100' to oom_score_adj", "mount /tmp on /volume",
					    NULL};

	set("mounts", "/tmp:/volume");
	set("sysctls", "net.ipv4.ip_forward=1");
	set("oom_score_adj", "100");
	compile();
	assert_order(order);
}
END_TEST

START_TEST(test_settings_never_through_a_mount_of_theirs)
{
	static const char *const order[] = {"make file system proc", "set sysctl",
					    "mount tmpfs on /proc", NULL};

	set("mounts", "tmpfs:/proc");
	set("sysctls", "net.ipv4.ip_forward=1");
	compile();
	assert_order(order);
	ck_assert_int_eq(find("mount proc on"), -1);
}
END_TEST

START_TEST(test_readonly_root_is_the_last_mount)
{
	compile();
	ck_assert_int_eq(find("set attributes of tmpfs (ro)"), -1);
	set("rootfs_readonly", "yes");
	compile();
	ck_assert_int_ge(find("set attributes of tmpfs (ro)"), 0);
	ck_assert_int_eq(find("set attributes of tmpfs (ro)"), find("the root directory") - 1);
}
END_TEST

START_TEST(test_tty)
{
	static const char *const order[] = {"open a pty of pts (24x80) for 1000:5",
					    "clone mount of",
					    "on /dev/console",
					    "the root directory",
					    "take stdin",
					    "controlling terminal",
					    NULL};

	set("tty", "yes");
	set("tty_size", "24x80");
	set("user", "1000");
	compile();
	assert_order(order);
}
END_TEST

START_TEST(test_other_users_have_no_capabilities)
{
	set("user", "1000:1000");
	set("groups", "5");
	set("groups", "99");
	compile();
	ck_assert_int_ge(find("keep capabilities " BASIC " in the"), 0);
	ck_assert_int_ge(find("effective none; permitted none; inheritable none; ambient none"), 0);
	ck_assert_int_ge(find("set additional groups to (5"), 0);
}
END_TEST

START_TEST(test_init)
{
	static const char *const order[] = {"non-dumpable", "become user", "stay as a small init",
					    "execute", NULL};

	set("init", "yes");
	compile();
	assert_order(order);
}
END_TEST

START_TEST(test_long_id_is_a_hostname)
{
	char id[129], text[96];

	memset(id, 'a', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	set("id", id);
	compile();
	snprintf(text, sizeof(text), "set hostname %.64s", id);
	ck_assert_int_ge(find(text), 0);
	ck_assert_int_eq(find(strcat(text, "a")), -1);
}
END_TEST

START_TEST(test_all_of_the_host)
{
	static const char *const keys[] = {"mount_namespace", "pid_namespace", "ipc_namespace",
					   "uts_namespace", "cgroup_namespace", "network"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		set(keys[i], "host");
	compile();
	ck_assert_int_eq(find("make own namespaces"), -1);
	ck_assert_int_eq(find("the root directory"), -1);
	ck_assert_int_eq(find("set hostname"), -1);
	ck_assert_int_eq(find("loopback"), -1);
	ck_assert_int_eq(find("mount"), -1);
	/* ipc, uts, network, cgroup: not those of a monitor that others started. */
	ck_assert_int_eq(count("join namespace"), 4);
	ck_assert_uint_eq(plan->clone_flags, 0);
}
END_TEST

START_TEST(test_joins_are_hidden)
{
	static const char *const order[] = {"non-dumpable", "join namespace", "join namespace",
					    "make own namespaces", NULL};

	set("network", "path:/proc/self/ns/net");
	set("ipc_namespace", "path:/proc/self/ns/ipc");
	compile();
	assert_order(order);
	ck_assert_int_eq(find("loopback"), -1);
}
END_TEST

static const struct {
	const char *key;
	const char *value;
	enum exd_code code;
	const char *named;
} refused[] = {
	{"user", "nosuch", EXD_ERR_USER, "nosuch"},
	{"groups", "nosuch", EXD_ERR_USER, "nosuch"},
	{"cap_add", "NO_SUCH", EXD_ERR_CAPABILITY, "NO_SUCH"},
	{"cap_drop", "NO_SUCH", EXD_ERR_CAPABILITY, "NO_SUCH"},
	{"rootfs", "/nonexistent", EXD_ERR_ROOTFS, "/nonexistent"},
	{"rootfs", "/etc/passwd", EXD_ERR_ROOTFS, "/etc/passwd"},
	{"mounts", "/nonexistent:/x", EXD_ERR_MOUNT, "/nonexistent"},
	{"devices", "/dev/nonexistent", EXD_ERR_DEVICE, "/dev/nonexistent"},
	{"devices", "/etc/passwd", EXD_ERR_DEVICE, "/etc/passwd"},
	{"sysctls", "kernel.core_pattern=x", EXD_ERR_SYSCTL, "kernel.core_pattern"},
	{"sysctls", "kernel.hostname=x", EXD_ERR_SYSCTL, "hostname"},
	{"user_namespace", "path:/etc/passwd", EXD_ERR_NAMESPACE, "/etc/passwd"},
	{"hcs_layers", "/layers/app", EXD_ERR_UNSUPPORTED, "hcs_layers"},
	{"hcs_first_start", "yes", EXD_ERR_UNSUPPORTED, "hcs_first_start"},
	{"hcs_ports", "80:80", EXD_ERR_UNSUPPORTED, "hcs_ports"},
	{"uid_map", "0:1:1", EXD_ERR_KEY, "user_namespace = private"},
	{"mounts", "/usr:/x:idmap", EXD_ERR_KEY, "user_namespace"},
	{"network", "path:/etc/passwd", EXD_ERR_NAMESPACE, "/etc/passwd"},
	{"pid_namespace", "container:nosuch", EXD_ERR_NOT_FOUND, "nosuch"},
};

START_TEST(test_refused)
{
	set(refused[_i].key, refused[_i].value);
	ck_assert_int_lt(try_compile(), 0);
	ck_assert_msg(err.code == refused[_i].code, "%s=%s: %s %s", refused[_i].key,
		      refused[_i].value, exd_error_name(err.code), err.text);
	ck_assert_msg(strstr(err.text, refused[_i].named), "'%s' does not name %s", err.text,
		      refused[_i].named);
}
END_TEST

/* Two keys that contradict each other. */
static const struct {
	const char *key[2];
	const char *value[2];
	enum exd_code code;
} contradictions[] = {
	{{"network", "sysctls"}, {"host", "net.ipv4.ip_forward=1"}, EXD_ERR_SYSCTL},
	{{"ipc_namespace", "sysctls"}, {"host", "kernel.sem=1"}, EXD_ERR_SYSCTL},
	{{"uts_namespace", "hostname"}, {"host", "x"}, EXD_ERR_KEY},
	{{"uts_namespace", "domainname"}, {"host", "x"}, EXD_ERR_KEY},
	{{"mount_namespace", "rootfs"}, {"host", "/"}, EXD_ERR_KEY},
	{{"mount_namespace", "mounts"}, {"host", "/tmp:/x"}, EXD_ERR_KEY},
};

START_TEST(test_contradictions)
{
	for (int i = 0; i < 2; i++)
		set(contradictions[_i].key[i], contradictions[_i].value[i]);
	ck_assert_int_lt(try_compile(), 0);
	ck_assert_msg(err.code == contradictions[_i].code, "%s", err.text);
	ck_assert_msg(strstr(err.text, contradictions[_i].value[1]) ||
			      strstr(err.text, contradictions[_i].key[1]) ||
			      strchr(contradictions[_i].value[1], '='),
		      "%s", err.text);
}
END_TEST

static const char *const points[] = {"dev", "proc", "sys"};

START_TEST(test_hostile_mount_points)
{
	char top[] = "/tmp/exd-plan-XXXXXX", path[64];
	int r;

	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/%s", top, points[_i]);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	set("rootfs", top);
	r = try_compile();
	(void)unlink(path);
	(void)rmdir(top);
	ck_assert_int_lt(r, 0);
	ck_assert_uint_eq(err.code, EXD_ERR_ROOTFS);
	ck_assert_ptr_nonnull(strstr(err.text, points[_i]));
}
END_TEST

static void add_refusals(TCase *tc)
{
	tcase_add_loop_test(tc, test_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(tc, test_contradictions, 0,
			    sizeof(contradictions) / sizeof(contradictions[0]));
	tcase_add_loop_test(tc, test_hostile_mount_points, 0, sizeof(points) / sizeof(points[0]));
}

int main(void)
{
	Suite *s = suite_create("native_plan");
	TCase *tc = tap_tcase(s, "plan");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_order_of_birth);
	tcase_add_test(tc, test_sources_are_cloned_before_the_namespace);
	tcase_add_test(tc, test_clones_are_private);
	tcase_add_test(tc, test_masks_are_read_only);
	tcase_add_test(tc, test_equal_commands_equal_plans);
	tcase_add_test(tc, test_volatile_root);
	tcase_add_test(tc, test_privileged);
	tcase_add_test(tc, test_seccomp_can_be_kept_or_left);
	tcase_add_test(tc, test_no_new_privileges_comes_first);
	tcase_add_test(tc, test_own_lists_of_paths);
	tcase_add_test(tc, test_mount_over_proc);
	tcase_add_test(tc, test_mount_over_dev);
	tcase_add_test(tc, test_mount_over_shm);
	tcase_add_test(tc, test_settings_before_own_mounts);
	tcase_add_test(tc, test_settings_never_through_a_mount_of_theirs);
	tcase_add_test(tc, test_readonly_root_is_the_last_mount);
	tcase_add_test(tc, test_tty);
	tcase_add_test(tc, test_other_users_have_no_capabilities);
	tcase_add_test(tc, test_init);
	tcase_add_test(tc, test_long_id_is_a_hostname);
	tcase_add_test(tc, test_all_of_the_host);
	tcase_add_test(tc, test_joins_are_hidden);
	add_refusals(tc);
	return tap_main(s);
}
