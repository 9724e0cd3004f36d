/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: names, and the rules of adding and dropping. */
#include "tests/tap.h"

#include <errno.h>
#include <linux/capability.h>

#include "drivers/native/capabilities.h"

#define BIT(name) (UINT64_C(1) << CAP_##name)
#define BASICS (BIT(CHOWN) | BIT(KILL) | BIT(NET_RAW))
#define ALL ((BIT(BPF) << 1) - 1)

static const struct {
	struct native_cap_change change;
	uint64_t expected;
	const char *what;
} rules[] = {
	{{0}, BASICS, "nothing asked"},
	{{.add = BIT(SYS_ADMIN)}, BASICS | BIT(SYS_ADMIN), "one added"},
	{{.add = BIT(KILL)}, BASICS, "one added that is there"},
	{{.drop = BIT(KILL)}, BASICS & ~BIT(KILL), "one dropped"},
	{{.drop = BIT(SYS_ADMIN)}, BASICS, "one dropped that is not there"},
	{{.add_all = true}, ALL, "all added"},
	{{.drop_all = true}, 0, "all dropped"},
	{{.add_all = true, .drop = BIT(SYS_ADMIN)}, ALL & ~BIT(SYS_ADMIN), "all but one"},
	{{.drop_all = true, .add = BIT(SYS_TIME)}, BIT(SYS_TIME), "only one"},
	{{.add_all = true, .drop_all = true}, 0, "all added and dropped is none"},
	{{.add_all = true, .drop_all = true, .add = BIT(KILL)}, BIT(KILL), "and one by name"},
	{{.add = BIT(KILL), .drop = BIT(KILL)}, BASICS, "adding beats dropping"},
	{{.add = BIT(SYS_TIME), .drop = BIT(KILL)},
	 (BASICS & ~BIT(KILL)) | BIT(SYS_TIME),
	 "one for one"},
};

START_TEST(test_rules)
{
	uint64_t caps = native_caps_change(BASICS, ALL, &rules[_i].change);

	ck_assert_msg(caps == rules[_i].expected, "%s: %#jx instead of %#jx", rules[_i].what,
		      (uintmax_t)caps, (uintmax_t)rules[_i].expected);
}
END_TEST

static const struct {
	const char *name;
	int number;
} names[] = {
	{"CHOWN", CAP_CHOWN},
	{"cap_chown", CAP_CHOWN},
	{"CAP_NET_ADMIN", CAP_NET_ADMIN},
	{"Net_Admin", CAP_NET_ADMIN},
	{"sys_admin", CAP_SYS_ADMIN},
	{"", -EINVAL},
	{"CAP_", -EINVAL},
	{"21", -EINVAL},
	{"CAP_21", -EINVAL},
	{"all", -EINVAL},
	{"NET_ADMIN ", -EINVAL},
	{" NET_ADMIN", -EINVAL},
	{"NET_ADMINS", -EINVAL},
	{"NET_ADMIN=ep", -EINVAL},
	{"CAP_CAP_CHOWN", -EINVAL},
	{"a_name_that_is_longer_than_any_capability_could_ever_be_and_then_some_more", -EINVAL},
};

START_TEST(test_names)
{
	ck_assert_msg(native_cap_number(names[_i].name) == names[_i].number, "'%s' is %d",
		      names[_i].name, native_cap_number(names[_i].name));
}
END_TEST

START_TEST(test_fourteen_by_default)
{
	ck_assert_int_eq(__builtin_popcountll(native_caps_default()), 14);
	ck_assert(!(native_caps_default() & BIT(SYS_ADMIN)));
	ck_assert(native_caps_default() & BIT(SETPCAP));
}
END_TEST

static struct exd_command *command_with(const char *key, const char *value)
{
	struct exd_command *command = NULL;

	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set(command, key, value, NULL), 0);
	return command;
}

START_TEST(test_unknown_names_are_named)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_command *command = command_with("cap_drop", "net_nothing");
	uint64_t caps;

	ck_assert_int_lt(native_caps_read(command, native_caps_default(), &caps, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_CAPABILITY);
	ck_assert_ptr_nonnull(strstr(err.text, "net_nothing"));
	exd_command_free(command);
}
END_TEST

START_TEST(test_all_in_any_case)
{
	struct exd_command *command = command_with("cap_drop", "ALL");
	uint64_t caps = 1;

	ck_assert_int_eq(native_caps_read(command, native_caps_default(), &caps, NULL), 0);
	ck_assert_uint_eq(caps, 0);
	exd_command_free(command);
}
END_TEST

START_TEST(test_privileged_is_what_there_is)
{
	struct exd_command *command = command_with("privileged", "yes");
	uint64_t caps = 0, possible = 0;

	ck_assert_int_eq(native_caps_read(command, native_caps_default(), &caps, NULL), 0);
	ck_assert_int_eq(native_caps_possible(NATIVE_CAPS_ALL, &possible), 0);
	ck_assert_uint_eq(caps, possible);
	exd_command_free(command);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_capabilities");
	TCase *tc = tap_tcase(s, "capabilities");

	tcase_add_loop_test(tc, test_rules, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_loop_test(tc, test_names, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, test_fourteen_by_default);
	tcase_add_test(tc, test_unknown_names_are_named);
	tcase_add_test(tc, test_all_in_any_case);
	tcase_add_test(tc, test_privileged_is_what_there_is);
	return tap_main(s);
}
