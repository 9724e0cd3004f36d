/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The native driver's cgroup parts on real cgroups, for each version that this host has. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fdio.h"
#include "drivers/native/cgroup_enable.h"
#include "drivers/native/cgroup_layout.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/freeze.h"
#include "tests/tap.h"

#define DEADLINE_MS 2000

static struct cgroup_layout *layout;
static char path[64];
static int root, leaf;
static pid_t child;

static void start(void)
{
	root = leaf = -1;
	child = 0;
	(void)snprintf(path, sizeof(path), "execdriver/test-freeze-%d", (int)getpid());
	ck_assert_int_eq(cgroup_layout_read(&layout), 0);
}

static void finish(void)
{
	if (child)
		(void)kill(child, SIGKILL);
	if (child)
		(void)waitpid(child, NULL, 0);
	if (leaf >= 0) {
		ck_assert_int_eq(cgroup_remove(root, path, DEADLINE_MS), 0);
		(void)close(leaf);
	}
	if (root >= 0)
		(void)close(root);
	layout = cgroup_layout_free(layout);
}

static const struct cgroup_hierarchy *freezer(int version)
{
	const struct cgroup_hierarchy *h =
		cgroup_layout_find(layout, version == 2 ? "" : "freezer");

	return h && h->version == version && !h->readonly ? h : NULL;
}

/* Makes a cgroup that can be frozen, of a version that this host has. */
static void make_leaf(int version)
{
	struct cgroup_make make = {.path = path};

	ck_assert_ptr_nonnull(freezer(version));
	root = cgroup_hierarchy_open(freezer(version));
	ck_assert_int_ge(root, 0);
	make.root = root;
	leaf = cgroup_make(&make);
	ck_assert_int_ge(leaf, 0);
}

/* A child that uses cpu all the time, in the cgroup. */
static void start_child(int version)
{
	int join = openat(leaf, version == 2 ? "cgroup.procs" : CGROUP_JOIN_FILE,
			  O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(join, 0);
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || write(join, "0", 1) != 1)
			_exit(1);
		for (;;)
			;
	}
	ck_assert_int_gt(child, 0);
	(void)close(join);
	while (cgroup_empty(leaf, version))
		(void)usleep(1000);
}

static uint64_t cpu_ticks(void)
{
	char file[64], text[1024];
	unsigned long user = 0, system = 0;

	(void)snprintf(file, sizeof(file), "/proc/%d/stat", (int)child);
	ck_assert_int_gt(read_file_at(AT_FDCWD, file, text, sizeof(text)), 0);
	ck_assert_int_eq(sscanf(strrchr(text, ')'),
				") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
				&system),
			 2);
	return user + system;
}

START_TEST(test_frozen_uses_no_cpu_and_goes_on)
{
	uint64_t before;

	make_leaf(_i);
	start_child(_i);
	ck_assert_int_eq(native_frozen(leaf, _i), 0);
	ck_assert_int_eq(native_freeze(leaf, _i, DEADLINE_MS), 0);
	ck_assert_int_eq(native_frozen(leaf, _i), 1);
	before = cpu_ticks();
	(void)usleep(150000);
	ck_assert_uint_eq(cpu_ticks(), before);
	ck_assert_int_eq(native_thaw(leaf, _i, DEADLINE_MS), 0);
	ck_assert_int_eq(native_frozen(leaf, _i), 0);
	for (int i = 0; i < 200 && cpu_ticks() < before + 2; i++)
		(void)usleep(10000);
	ck_assert_uint_ge(cpu_ticks(), before + 2);
}
END_TEST

START_TEST(test_frozen_can_be_killed)
{
	make_leaf(_i);
	start_child(_i);
	ck_assert_int_eq(native_freeze(leaf, _i, DEADLINE_MS), 0);
	ck_assert_int_eq(cgroup_kill(leaf, _i == 1 ? leaf : -1, _i, DEADLINE_MS), 0);
	ck_assert_int_eq(cgroup_empty(leaf, _i), 1);
}
END_TEST

START_TEST(test_empty_cgroup_freezes)
{
	make_leaf(_i);
	ck_assert_int_eq(native_freeze(leaf, _i, DEADLINE_MS), 0);
	ck_assert_int_eq(native_thaw(leaf, _i, DEADLINE_MS), 0);
}
END_TEST

/* No time at all: some process cannot have followed, and none may stay behind stopped. */
START_TEST(test_late_freeze_is_undone)
{
	int r;

	make_leaf(_i);
	start_child(_i);
	r = native_freeze(leaf, _i, 0);
	ck_assert(r == 0 || r == -ETIMEDOUT);
	ck_assert_int_eq(native_thaw(leaf, _i, DEADLINE_MS), 0);
	ck_assert_int_eq(native_frozen(leaf, _i), 0);
}
END_TEST

START_TEST(test_missing_cgroup_is_said)
{
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(native_freeze(dir, _i, DEADLINE_MS), -ENOENT);
	ck_assert_int_eq(native_frozen(dir, _i), -ENOENT);
	(void)close(dir);
}
END_TEST

START_TEST(test_every_hierarchy_of_this_host_opens)
{
	ck_assert_uint_gt(layout->count, 0);
	for (size_t i = 0; i < layout->count; i++) {
		int fd = cgroup_hierarchy_open(&layout->list[i]);

		ck_assert_msg(fd >= 0, "%s: %d", layout->list[i].mount, fd);
		ck_assert_int_eq(faccessat(fd, "cgroup.procs", F_OK, 0), 0);
		(void)close(fd);
	}
}
END_TEST

START_TEST(test_folder_that_is_no_cgroup_is_refused)
{
	struct cgroup_hierarchy wrong = {.version = 2, .mount = (char *)"/tmp"};

	ck_assert_int_eq(cgroup_hierarchy_open(&wrong), -ENOTSUP);
	wrong.mount = (char *)"/nowhere/at/all";
	ck_assert_int_eq(cgroup_hierarchy_open(&wrong), -ENOENT);
}
END_TEST

/*
 * A cgroup below the root with a process in it hands nothing down, and that is known before
 * anything is tried.
 */
START_TEST(test_busy_parent_is_found)
{
	char list[CGROUP_ENABLE_SIZE], found[128], expected[80];
	const struct cgroup_hierarchy *v2 = cgroup_layout_find(layout, "");

	if (!v2 || !*v2->controllers)
		tap_not_here("no cgroup v2 with controllers");
	make_leaf(2);
	(void)snprintf(list, sizeof(list), "+%.*s", (int)strcspn(v2->controllers, ","),
		       v2->controllers);
	ck_assert_int_eq(cgroup_enable_blocked(root, path, list, found, sizeof(found)), 0);
	start_child(2);
	ck_assert_int_eq(cgroup_enable_blocked(root, path, list, found, sizeof(found)), 1);
	(void)snprintf(expected, sizeof(expected), "/%s", path);
	ck_assert_str_eq(found, expected);
	ck_assert_int_eq(cgroup_enable_blocked(root, path, "", found, sizeof(found)), 0);
	ck_assert_int_eq(cgroup_enable_blocked(root, "execdriver/none", list, found, sizeof(found)),
			 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native_freeze");
	TCase *tc = tap_tcase(s, "freeze");
	int first, end;

	if (cgroup_layout_read(&layout) < 0)
		return 1;
	first = freezer(1) ? 1 : 2;
	end = freezer(2) ? 3 : 2;
	layout = cgroup_layout_free(layout);
	tcase_add_checked_fixture(tc, start, finish);
	tcase_add_loop_test(tc, test_frozen_uses_no_cpu_and_goes_on, first, end);
	tcase_add_loop_test(tc, test_frozen_can_be_killed, first, end);
	tcase_add_loop_test(tc, test_empty_cgroup_freezes, first, end);
	tcase_add_loop_test(tc, test_late_freeze_is_undone, first, end);
	tcase_add_loop_test(tc, test_missing_cgroup_is_said, 1, 3);
	tcase_add_test(tc, test_every_hierarchy_of_this_host_opens);
	tcase_add_test(tc, test_folder_that_is_no_cgroup_is_refused);
	tcase_add_test(tc, test_busy_parent_is_found);
	return tap_main(s);
}
