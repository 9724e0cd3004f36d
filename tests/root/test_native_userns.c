/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps of ids from keys and from files of ranges, and the order of the steps into a user namespace. */
#include "tests/tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/options.h"
#include "core/plan.h"
#include "drivers/native/userns.h"

extern const struct exd_driver exd_driver_entry;

static const char ranges[] = "# no range\n"
			     "bo:1:2\n"
			     "bob:300000:1000\n"
			     "bob:frob:1\n"
			     "bob:4294967295:5\n"
			     "bob:5:0\n"
			     "alice:400000:10\n"
			     "bob:500000:65536\n";

START_TEST(test_ranges)
{
	char *map = native_ids_of_ranges(ranges, "bob", 1000);

	ck_assert_str_eq(map, "0 1000 1\n1 300000 1000\n1001 500000 65536\n");
	ck_assert(native_ids_have(map, 0) && native_ids_have(map, 66536));
	ck_assert(!native_ids_have(map, 66537));
	free(map);
	map = native_ids_of_ranges(ranges, "al", 5);
	ck_assert_str_eq(map, "0 5 1\n");
	free(map);
	map = native_ids_of_ranges(NULL, "bob", 5);
	ck_assert_str_eq(map, "0 5 1\n");
	free(map);
	/* more ids than there are are not given */
	map = native_ids_of_ranges("bob:1:4294967294\nbob:9:3\n", "bob", 5);
	ck_assert_str_eq(map, "0 5 1\n1 9 3\n");
	free(map);
	ck_assert_int_eq(native_ids_first("7 1 1\n0 2 1\n"), 0);
	ck_assert_int_eq(native_ids_first("7 1 1\n9 2 1\n"), 7);
}
END_TEST

static struct exd_command *command;
static struct exd_plan *plan;
static struct exd_error err;

static int compile(const char *const *keys)
{
	static const char *const args[] = {"true", NULL};
	struct exd_options options = {NULL, "test"};
	int root = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	void *driver;

	err = (struct exd_error)EXD_ERROR_INIT;
	ck_assert_int_eq(exd_driver_entry.open(&driver, &options, NULL), 0);
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set(command, "id", "box", NULL), 0);
	ck_assert_int_eq(exd_command_set_args(command, args, NULL), 0);
	for (; *keys; keys += 2)
		ck_assert_msg(exd_command_set(command, keys[0], keys[1], &err) == 0, "%s",
			      err.text);
	ck_assert_int_eq(plan_new(&plan, root, command, NULL), 0);
	ck_assert_int_eq(plan_set_stdio(plan, 0, 1, 2, NULL), 0);
	r = exd_driver_entry.run(driver, command, plan, &err);
	exd_driver_entry.close(driver);
	(void)close(root);
	return r;
}

static void tear_down(void)
{
	plan = plan_free(plan);
	command = exd_command_free(command);
}

/* The number of the first child step of this kind behind another; -1: none. */
static int step_after(int from, enum wire_op op)
{
	for (size_t i = (size_t)(from + 1); i < plan->step_count; i++)
		if (plan->steps[i].wire.op == op)
			return (int)i;
	return -1;
}

#define OWN \
	"user_namespace", "private", "uid_map", "0:100000:65536", "gid_map", "0:200000:65536"

/* What root does for the container comes before it is no more than the container's root. */
START_TEST(test_order)
{
	const char *const keys[] = {OWN, "mounts", "/usr:/v:idmap", "oom_score_adj", "5", NULL};
	int made, mapped, score, joined, reborn;

	ck_assert_msg(compile(keys) == 0, "%s", err.text);
	made = step_after(-1, WIRE_USERNS);
	score = step_after(made, WIRE_PROC_WRITE);
	mapped = step_after(made, WIRE_IDMAP);
	joined = step_after(mapped, WIRE_SETNS);
	reborn = step_after(joined, WIRE_REBIRTH);
	ck_assert_int_ge(made, 0);
	ck_assert_int_gt(score, made);
	ck_assert_int_gt(mapped, made);
	ck_assert_int_lt(score, joined);
	ck_assert_int_gt(joined, mapped);
	ck_assert_int_gt(reborn, joined);
	ck_assert_int_eq(step_after(joined, WIRE_TREE), -1);
	ck_assert_int_gt(step_after(reborn, WIRE_UNSHARE), reborn);
	/* nothing is made that only the host's root could make */
	ck_assert_int_eq(step_after(-1, WIRE_MKNOD), -1);
	/* and the process is not born in what would belong to the host */
	ck_assert(plan->clone_flags == 0 && plan->steps[reborn].wire.num[0] != 0);
}
END_TEST

static const struct {
	const char *keys[9];
	enum exd_code code;
	const char *named;
} refused[] = {
	{{"user_namespace", "private"}, EXD_ERR_KEY, "uid_map and a gid_map"},
	{{"user_namespace", "private", "uid_map", "0:1:1"}, EXD_ERR_KEY, "gid_map"},
	{{"user_namespace", "host", "uid_map", "0:1:1", "gid_map", "0:1:1"}, EXD_ERR_KEY, "private"},
	{{OWN, "user", "65536"}, EXD_ERR_USER, "65536"},
	{{OWN, "pid_namespace", "path:/proc/self/ns/pid"}, EXD_ERR_KEY, "pid"},
	{{OWN, "mount_namespace", "host"}, EXD_ERR_KEY, "mnt"},
	{{"rootfs", "/usr", "rootfs_idmap", "yes"}, EXD_ERR_KEY, "user_namespace"},
};

START_TEST(test_refused)
{
	ck_assert_int_lt(compile(refused[_i].keys), 0);
	ck_assert_msg(err.code == refused[_i].code, "%s %s", exd_error_name(err.code), err.text);
	ck_assert_msg(strstr(err.text, refused[_i].named), "'%s' does not name %s", err.text,
		      refused[_i].named);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_userns");
	TCase *plans = tcase_create("plans"), *ids = tcase_create("ids");

	tcase_add_test(ids, test_ranges);
	suite_add_tcase(s, ids);
	tcase_add_checked_fixture(plans, NULL, tear_down);
	tcase_add_test(plans, test_order);
	tcase_add_loop_test(plans, test_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	suite_add_tcase(s, plans);
	return tap_main(s);
}
