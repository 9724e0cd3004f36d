/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sysctls: names to paths, and which of them a container may set. */
#include "tests/tap.h"

#include <errno.h>
#include <limits.h>

#include "drivers/native/namespaces.h"
#include "drivers/native/sysctl.h"

static const struct {
	const char *name;
	const char *path; /* NULL: refused */
} names[] = {
	{"net.ipv4.ip_forward", "sys/net/ipv4/ip_forward"},
	{"net/ipv4/ip_forward", "sys/net/ipv4/ip_forward"},
	{"net.ipv4.conf.eth0/1.rp_filter", "sys/net/ipv4/conf/eth0.1/rp_filter"},
	{"net/ipv4/conf/eth0.1/rp_filter", "sys/net/ipv4/conf/eth0.1/rp_filter"},
	{"kernel.sem", "sys/kernel/sem"},
	{"", NULL},
	{".", NULL},
	{"/", NULL},
	{"net.", NULL},
	{".net", NULL},
	{"/net/x", NULL},
	{"net..x", NULL},
	{"net//x", NULL},
	{"net/./x", NULL},
	{"net/../kernel/core_pattern", NULL},
	{"net.//.kernel", NULL},
	{"net/x y", NULL},
	{"net/x\n", NULL},
	{"net/x\x01", NULL},
	{"net.\xc3\xa4", NULL},
};

START_TEST(test_names)
{
	char path[64];
	int r = native_sysctl_path(names[_i].name, strlen(names[_i].name), path, sizeof(path));

	if (!names[_i].path) {
		ck_assert_msg(r == -EINVAL, "'%s' gives %d", names[_i].name, r);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(path, names[_i].path);
}
END_TEST

START_TEST(test_long_names)
{
	char path[16];

	ck_assert_int_eq(native_sysctl_path("net.ipv4.ip_forward", 19, path, sizeof(path)),
			 -ENAMETOOLONG);
	ck_assert_int_eq(native_sysctl_path("net.abcdefg", 11, path, sizeof(path)), 0);
	ck_assert_int_eq(native_sysctl_path("net.abcdefgh", 12, path, sizeof(path)), -ENAMETOOLONG);
}
END_TEST

static const struct {
	const char *path;
	int needs; /* enum native_ns_kind, or -1: never */
} rules[] = {
	{"sys/kernel/shmmax", NATIVE_NS_IPC},
	{"sys/kernel/shm_rmid_forced", NATIVE_NS_IPC},
	{"sys/kernel/msgmax", NATIVE_NS_IPC},
	{"sys/kernel/sem", NATIVE_NS_IPC},
	{"sys/fs/mqueue/msg_max", NATIVE_NS_IPC},
	{"sys/net/ipv4/ip_forward", NATIVE_NS_NET},
	{"sys/net/core/somaxconn", NATIVE_NS_NET},
	{"sys/net/", -1},
	{"sys/network", -1},
	{"sys/kernel/hostname", -1},
	{"sys/kernel/domainname", -1},
	{"sys/kernel/core_pattern", -1},
	{"sys/kernel/semx", -1},
	{"sys/kernel/shmmax/x", -1},
	{"sys/kernel/msg_anything", -1},
	{"sys/fs/mqueues/x", -1},
	{"sys/fs/file-max", -1},
	{"sys/vm/overcommit_memory", -1},
	{"sys/dev/x", -1},
};

START_TEST(test_allowed)
{
	struct native_ns ns[NATIVE_NS_KINDS];
	const char *why = NULL;

	for (int mode = NATIVE_NS_OWN; mode <= NATIVE_NS_JOIN; mode++) {
		for (int own = 0; own < NATIVE_NS_KINDS; own++) {
			bool expected = mode == NATIVE_NS_OWN && rules[_i].needs == own;
			int r;

			/* only one namespace is its own */
			for (int i = 0; i < NATIVE_NS_KINDS; i++)
				ns[i] = (struct native_ns){i == own ? mode : NATIVE_NS_HOST, -1};
			r = native_sysctl_allowed(rules[_i].path, ns, &why);
			ck_assert_msg(r == (expected ? 0 : -EPERM), "%s, own %s: %d",
				      rules[_i].path, native_ns_name(own), r);
			ck_assert_ptr_nonnull(why);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_sysctl");
	TCase *tc = tap_tcase(s, "sysctl");

	tcase_add_loop_test(tc, test_names, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, test_long_names);
	tcase_add_loop_test(tc, test_allowed, 0, sizeof(rules) / sizeof(rules[0]));
	return tap_main(s);
}
