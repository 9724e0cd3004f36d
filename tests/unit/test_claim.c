/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts of which nothing is left but what they wrote down in advance. */
#include "tests/unit/records.h"

#include "core/engine.h"

static int terminated, cleaned;
static size_t cgroups;

static int fake_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	terminated++;
	return 0;
}

static int fake_clean(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)err;
	cleaned++;
	cgroups = exd_record_cgroup_count(record);
	return 0;
}

static struct exd_plugin fake = {
	.name = (char *)"fake",
	.enabled = true,
	.loaded = true,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.driver = {.name = "fake", .terminate = fake_terminate, .clean = fake_clean},
};
static struct exd_plugin *plugins[] = {&fake};
static struct config config = {.plugin_dir = (char *)"/x", .plugins = plugins, .count = 1};
static struct exd_engine engine = {.config = &config};

/* <root>/box/<name> as a monitor writes it, with the last byte or without. */
static void write_claim(const char *name, const char *boot_text, bool made)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"id\":\"box\",\"driver\":\"fake\",\"boot_id\":\"%s\",\"cgroups\":"
		 "[{\"controllers\":\"pids\",\"mount\":\"%s\",\"path\":\".leaf\"}]%s",
		 boot_text, top, made ? "}" : "");
	write_file("box", name, text);
}

static void write_leaf(const char *pids)
{
	write_file(".leaf", "cgroup.procs", pids);
}

static void collect(void)
{
	struct exd_error err = EXD_ERROR_INIT;

	engine.root_fd = root;
	engine.root = top;
	ck_assert_msg(exd_gc(&engine, false, NULL, &err) == 1, "%s", err.text);
	ck_assert_int_lt(faccessat(root, "box", F_OK, 0), 0);
}

START_TEST(test_all_was_made)
{
	write_claim("lock", boot, true);
	write_leaf("1\n");
	collect();
	ck_assert_int_eq(terminated, 1);
	ck_assert_int_eq(cleaned, 1);
	ck_assert_uint_eq(cgroups, 1);
}
END_TEST

START_TEST(test_some_may_have_been_made)
{
	write_claim("lock", boot, false);
	write_leaf("");
	collect();
	ck_assert_int_eq(terminated, 0);
	ck_assert_int_eq(cleaned, 1);
	ck_assert_uint_eq(cgroups, 1);
}
END_TEST

START_TEST(test_cgroup_of_another)
{
	write_claim("lock", boot, false);
	write_leaf("1\n");
	collect();
	ck_assert_int_eq(terminated + cleaned, 0);
}
END_TEST

START_TEST(test_record_that_lay_ready)
{
	write_claim(".state.json.new", boot, true);
	write_file("box", "lock", "");
	write_leaf("1\n");
	collect();
	ck_assert_int_eq(terminated, 1);
	ck_assert_int_eq(cleaned, 1);
}
END_TEST

START_TEST(test_cgroups_of_an_earlier_boot)
{
	write_claim("lock", "00000000-0000-4000-8000-000000000000", true);
	write_leaf("1\n");
	collect();
	ck_assert_uint_eq(cgroups, 0);
}
END_TEST

START_TEST(test_what_cannot_be_read_is_not_believed)
{
	write_file("box", "lock", "{\"id\":\"other\",\"driver\":\"fake\"}");
	collect();
	write_file("box", "lock", "{\"id\":\"box\",\"driver\"");
	collect();
	ck_assert_int_eq(terminated + cleaned, 0);
}
END_TEST

START_TEST(test_delete_does_the_same)
{
	struct exd_error err = EXD_ERROR_INIT;

	engine.root_fd = root;
	engine.root = top;
	write_claim("lock", boot, true);
	ck_assert_msg(exd_delete(&engine, "box", false, &err) == 0, "%s", err.text);
	ck_assert_int_eq(terminated, 1);
	ck_assert_int_eq(cleaned, 1);
	ck_assert_int_lt(faccessat(root, "box", F_OK, 0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("claim");
	TCase *tc = tap_tcase(s, "claim");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_all_was_made);
	tcase_add_test(tc, test_some_may_have_been_made);
	tcase_add_test(tc, test_cgroup_of_another);
	tcase_add_test(tc, test_record_that_lay_ready);
	tcase_add_test(tc, test_cgroups_of_an_earlier_boot);
	tcase_add_test(tc, test_what_cannot_be_read_is_not_believed);
	tcase_add_test(tc, test_delete_does_the_same);
	return tap_main(s);
}
