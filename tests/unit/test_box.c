/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots of containers, and what gc makes of leftovers. */
#include "tests/unit/records.h"

#include "core/engine.h"

/* ---- snapshots ------------------------------------------------------------------------------- */

static int fake_calls;
static bool fake_paused;

static int fake_end(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	fake_calls++;
	return 0;
}

static int fake_info(void *self, struct exd_record *record, struct exd_info *info,
		     struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	info->paused = fake_paused;
	return 0;
}

static struct exd_plugin fake = {
	.name = (char *)"fake",
	.enabled = true,
	.loaded = true,
	.caps = EXD_CAP_PAUSE,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.driver = {.name = "fake", .terminate = fake_end, .clean = fake_end, .info = fake_info},
};
static struct exd_plugin *plugins[] = {&fake};
static struct config config = {.plugin_dir = (char *)"/x", .plugins = plugins, .count = 1};
static struct exd_engine engine = {.config = &config};

static struct exd_engine *use_engine(void)
{
	engine.root_fd = root;
	engine.root = top;
	return &engine;
}

START_TEST(test_box_shows_a_container)
{
	struct exd_exit_status exit = {.struct_size = sizeof(exit)};
	struct exd_box *box = NULL;
	struct exd_error err = EXD_ERROR_INIT;

	write_state("box", getpid(), boot, "");
	ck_assert_int_eq(exd_box_find(use_engine(), "box", &box, NULL), 0);
	ck_assert_str_eq(exd_box_id(box), "box");
	ck_assert_str_eq(exd_box_driver(box), "fake");
	ck_assert_int_eq(exd_box_status(box), EXD_STATUS_RUNNING);
	ck_assert_int_eq(exd_box_pid(box), getpid());
	ck_assert_uint_eq(exd_box_created_ns(box), 42);
	ck_assert(!exd_box_monitor_alive(box));
	ck_assert_uint_eq(exd_box_arg_count(box), 2);
	ck_assert_str_eq(exd_box_arg(box, 1), "-c");
	ck_assert_ptr_null(exd_box_arg(box, 2));
	ck_assert_str_eq(exd_box_annotation(box, "k"), "v");
	ck_assert_ptr_null(exd_box_annotation(box, "x"));
	ck_assert(!exd_box_exit_status(box, &exit));
	ck_assert_ptr_nonnull(strstr(exd_box_json(box), "\"status\": \"running\""));
	exd_box_free(box);
	ck_assert_int_lt(exd_box_find(use_engine(), "none", &box, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_FOUND);
	ck_assert_ptr_null(exd_box_free(NULL));
}
END_TEST

START_TEST(test_box_tells_pause_and_exit)
{
	struct exd_exit_status exit = {.struct_size = sizeof(exit)};
	struct exd_box *box = NULL;

	write_state("box", getpid(), boot, "");
	fake_paused = true;
	ck_assert_int_eq(exd_box_find(use_engine(), "box", &box, NULL), 0);
	ck_assert_int_eq(exd_box_status(box), EXD_STATUS_PAUSED);
	exd_box_free(box);
	write_file("box", "exit.json", "{\"exit_code\":3,\"finished_ns\":11}");
	ck_assert_int_eq(exd_box_find(use_engine(), "box", &box, NULL), 0);
	ck_assert_int_eq(exd_box_status(box), EXD_STATUS_STOPPED);
	ck_assert(exd_box_exit_status(box, &exit));
	ck_assert_uint_eq(exit.exit_code, 3);
	ck_assert_uint_eq(exit.finished_ns, 11);
	ck_assert_ptr_nonnull(strstr(exd_box_json(box), "\"exit_code\": 3"));
	exd_box_free(box);
}
END_TEST

START_TEST(test_walk_is_in_order_and_shows_damaged_ones)
{
	static const char *const ids[] = {"a", "b", "c"};
	struct exd_box *box = NULL;
	int n = 0;

	write_state("c", getpid(), boot, "");
	write_file("b", "state.json", "{broken");
	write_state("a", getpid(), boot, "");
	ck_assert_int_eq(mkdirat(root, ".monitor", 0700), 0);
	while (exd_box_next(use_engine(), &box, NULL) > 0) {
		ck_assert_str_eq(exd_box_id(box), ids[n++]);
		if (n == 2) {
			ck_assert_int_eq(exd_box_status(box), EXD_STATUS_LOST);
			ck_assert_str_eq(exd_box_driver(box), "");
			ck_assert_ptr_nonnull(strstr(exd_box_json(box), "damaged"));
		}
	}
	ck_assert_int_eq(n, 3);
	ck_assert_ptr_null(box);
	ck_assert_int_eq(exd_box_next(use_engine(), &box, NULL), 1);
	exd_box_free(box);
}
END_TEST

START_TEST(test_box_json_is_utf8_whatever_the_arguments)
{
	struct exd_box *box = NULL;

	write_state("box", getpid(), boot, ",\"args\":[\"\xff\xc3\xa4\xed\xa0\x80\"]");
	ck_assert_int_eq(exd_box_find(use_engine(), "box", &box, NULL), 0);
	ck_assert_str_eq(exd_box_arg(box, 0), "\xff\xc3\xa4\xed\xa0\x80");
	ck_assert_ptr_nonnull(strstr(
		exd_box_json(box), "\"\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
	exd_box_free(box);
}
END_TEST

START_TEST(test_statuses_have_names)
{
	ck_assert_str_eq(exd_status_name(EXD_STATUS_CREATING), "creating");
	ck_assert_str_eq(exd_status_name(EXD_STATUS_LOST), "lost");
	ck_assert_str_eq(exd_status_name(99), "unknown");
	ck_assert_ptr_nonnull(strstr(exd_lost_reason(EXD_LOST_RECORD), "full"));
	ck_assert_str_eq(exd_lost_reason(99), "unknown");
	ck_assert_str_eq(exd_engine_root(use_engine()), top);
}
END_TEST

START_TEST(test_box_that_cannot_be_read_is_an_error_and_not_lost)
{
	struct rlimit all, none;
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_box *box = NULL;
	int found, next;

	write_state("box", getpid(), boot, "");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = all.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	found = exd_box_find(use_engine(), "box", &box, &err);
	next = exd_box_next(use_engine(), &box, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
	ck_assert_int_eq(found, -EMFILE);
	ck_assert_int_eq(next, -EMFILE);
	ck_assert_uint_eq(err.code, EXD_ERR_STATE);
	ck_assert_ptr_null(box);
}
END_TEST

/* ---- control --------------------------------------------------------------------------------- */

static int fake_signal;

static int fake_kill(void *self, struct exd_record *record, int signal, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	fake_signal = signal;
	return 0;
}

static int fake_unpause(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	/* The signal comes first: nothing runs in between. */
	fake_paused = fake_signal != SIGKILL;
	return 0;
}

START_TEST(test_kill_sets_a_paused_container_going)
{
	write_state("box", getpid(), boot, "");
	fake.driver.kill = fake_kill;
	fake.driver.unpause = fake_unpause;
	fake_paused = true;
	ck_assert_int_eq(exd_kill(use_engine(), "box", SIGTERM, NULL), 0);
	ck_assert_int_eq(fake_signal, SIGTERM);
	ck_assert(fake_paused);
	ck_assert_int_eq(exd_kill(use_engine(), "box", SIGKILL, NULL), 0);
	ck_assert(!fake_paused);
}
END_TEST

START_TEST(test_delete_by_force_removes_damaged_records)
{
	struct exd_error err = EXD_ERROR_INIT;
	int lock;

	write_file("box", "state.json", "{\"id\":");
	ck_assert_int_eq(exd_delete(use_engine(), "box", false, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "delete --force"));
	lock = hold("box/lock");
	ck_assert_int_eq(exd_delete(use_engine(), "box", true, &err), -EBUSY);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_STOPPED);
	close(lock);
	ck_assert_int_eq(exd_delete(use_engine(), "box", true, &err), 0);
	ck_assert_int_lt(faccessat(root, "box", F_OK, 0), 0);
	ck_assert_int_lt(exd_delete(use_engine(), "box", true, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_NOT_FOUND);
}
END_TEST

/* ---- gc -------------------------------------------------------------------------------------- */

static bool there(const char *path)
{
	return faccessat(root, path, F_OK, 0) == 0;
}

/* Looks first, which changes nothing, then does it; both find this many. */
static void collect(int expected, const char *part)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_report *report = NULL;

	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(exd_gc(use_engine(), true, NULL, NULL), expected);
	ck_assert_int_eq(exd_gc(use_engine(), false, report, NULL), expected);
	ck_assert_int_eq((int)exd_report_count(report), expected);
	if (expected > 0) {
		ck_assert(exd_report_line(report, 0, &line));
		ck_assert_msg(strstr(line.text, part) != NULL, "%s", line.text);
	}
	exd_report_free(report);
	ck_assert_int_eq(exd_gc(use_engine(), false, NULL, NULL), 0);
}

START_TEST(test_gc_removes_what_a_cut_start_left)
{
	ck_assert_int_eq(mkdirat(root, "half", 0700), 0);
	write_file("locked", "lock", "");
	collect(2, "cut short");
	ck_assert(!there("half"));
	ck_assert(!there("locked"));
}
END_TEST

START_TEST(test_gc_looks_only_when_asked_to)
{
	ck_assert_int_eq(mkdirat(root, "half", 0700), 0);
	ck_assert_int_eq(exd_gc(use_engine(), true, NULL, NULL), 1);
	ck_assert(there("half"));
	ck_assert(!there("half/lock"));
}
END_TEST

START_TEST(test_gc_leaves_what_somebody_holds_or_runs)
{
	int lock;

	write_file("starting", "output", "");
	lock = hold("starting/lock");
	write_state("alone", getpid(), boot, "");
	write_state("ended", getpid(), boot, ",\"detached\":true");
	write_file("ended", "exit.json", "{\"exit_code\":3}");
	collect(0, NULL);
	ck_assert(there("starting/output"));
	ck_assert(there("alone/state.json"));
	ck_assert(there("ended/exit.json"));
	close(lock);
}
END_TEST

START_TEST(test_gc_removes_foreground_containers_without_monitor)
{
	pid_t pid = start_child();

	write_state("box", pid, boot, "");
	end_child(pid, SIGKILL);
	collect(1, "foreground container");
	ck_assert(!there("box"));
}
END_TEST

START_TEST(test_gc_removes_damaged_records)
{
	write_file("box", "state.json", "{\"id\":\"box\",\"driver\":7}");
	write_file("cut", "state.json", "{\"id\":");
	collect(2, "damaged");
	ck_assert(!there("box"));
	ck_assert(!there("cut"));
}
END_TEST

static int remove_leaf(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	fake_calls++;
	return unlinkat(root, ".leaf", AT_REMOVEDIR) < 0 ? -errno : 0;
}

START_TEST(test_gc_lets_the_driver_clean_lost_containers)
{
	pid_t pid = start_child();
	char more[256];

	ck_assert_int_eq(mkdirat(root, ".leaf", 0700), 0);
	snprintf(
		more, sizeof(more),
		",\"detached\":true,\"cgroups\":[{\"controllers\":\"pids\",\"mount\":\"%s\",\"path\":\".leaf\"}]",
		top);
	write_state("box", pid, boot, more);
	end_child(pid, SIGKILL);
	fake.driver.clean = remove_leaf;
	fake_calls = 0;
	collect(1, "cgroups of a container");
	ck_assert_int_eq(fake_calls, 2);
	ck_assert(!there(".leaf"));
	ck_assert(there("box/exit.json"));
	ck_assert_int_eq(status_of("box"), EXD_STATUS_LOST);
}
END_TEST

START_TEST(test_gc_removes_directories_of_dead_monitors)
{
	int lock = monitor_lock();

	ck_assert_int_eq(mkdirat(root, ".monitor/89abcdef", 0700), 0);
	write_file(".monitor/89abcdef", "lock", "");
	write_file(".monitor/89abcdef", "sock", "");
	ck_assert_int_eq(mkdirat(root, ".monitor/00000000", 0700), 0);
	write_file(".monitor", "shared", "89abcdef\n");
	collect(1, "monitor");
	ck_assert(!there(".monitor/89abcdef"));
	ck_assert(there(".monitor/01234567/lock"));
	/* Without a lock and new: it may be starting. */
	ck_assert(there(".monitor/00000000"));
	close(lock);
}
END_TEST

static void add_boxes(Suite *s)
{
	TCase *tc = tap_tcase(s, "box");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_box_shows_a_container);
	tcase_add_test(tc, test_box_tells_pause_and_exit);
	tcase_add_test(tc, test_walk_is_in_order_and_shows_damaged_ones);
	tcase_add_test(tc, test_box_json_is_utf8_whatever_the_arguments);
	tcase_add_test(tc, test_statuses_have_names);
	tcase_add_test(tc, test_box_that_cannot_be_read_is_an_error_and_not_lost);
}

static void add_control(Suite *s)
{
	TCase *tc = tap_tcase(s, "control");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_kill_sets_a_paused_container_going);
	tcase_add_test(tc, test_delete_by_force_removes_damaged_records);
}

static void add_gc(Suite *s)
{
	TCase *tc = tap_tcase(s, "gc");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_gc_removes_what_a_cut_start_left);
	tcase_add_test(tc, test_gc_looks_only_when_asked_to);
	tcase_add_test(tc, test_gc_leaves_what_somebody_holds_or_runs);
	tcase_add_test(tc, test_gc_removes_foreground_containers_without_monitor);
	tcase_add_test(tc, test_gc_removes_damaged_records);
	tcase_add_test(tc, test_gc_lets_the_driver_clean_lost_containers);
	tcase_add_test(tc, test_gc_removes_directories_of_dead_monitors);
}

int main(void)
{
	Suite *s = suite_create("box");

	add_boxes(s);
	add_control(s);
	add_gc(s);
	return tap_main(s);
}
