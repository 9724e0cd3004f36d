/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drivers as a host sees them: listed in order, probed, a broken one beside a working one. */
#include "tests/tap.h"

#include <errno.h>

#include <execdriver/driver.h>

#include "tests/unit/scratch.h"

static struct scratch scratch;
static struct exd_engine *engine;
static struct exd_error err;

static void write_driver(const char *file, const char *name, const char *path, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "driver: { name = \"%s\"; path = \"%s/%s\"; %s };\n", name,
		 scratch.path, path, more);
	scratch_write(&scratch, file, text);
}

/* One driver that loads, one that is missing, one that is turned off. */
static void setup(void)
{
	struct exd_engine_config config = {.struct_size = sizeof(config)};
	char root[128], file[128];
	int r;

	memset(&err, 0, sizeof(err));
	scratch_make(&scratch);
	scratch_mkdir(&scratch, "plugins.d");
	scratch_driver(&scratch, "options", "options.so");
	write_driver("plugins.d/1.conf", "off", "plain.so", "priority = 40; enabled = false;");
	write_driver("plugins.d/2.conf", "missing", "missing.so", "priority = 30;");
	write_driver("plugins.d/3.conf", "odd", "options.so",
		     "priority = 10; options: { greeting = \"hello\"; count = 7; quick = true;"
		     " faults = ( { call = \"run\"; }, { call = \"kill\"; } ); };");
	scratch_write(&scratch, "execdriver.conf", "");
	snprintf(file, sizeof(file), "%s/execdriver.conf", scratch.path);
	snprintf(root, sizeof(root), "%s/state", scratch.path);
	config.config = file;
	config.root = root;
	r = exd_engine_open(&engine, &config, &err);
	ck_assert_msg(r == 0, "%s", err.text);
}

static void teardown(void)
{
	ck_assert_ptr_null(exd_engine_close(engine));
	scratch_remove(&scratch);
}

static const struct exd_plugin *plugin_at(int index)
{
	const struct exd_plugin *plugin = NULL;

	for (int i = 0; i <= index; i++)
		plugin = exd_plugin_next(engine, plugin);
	return plugin;
}

START_TEST(test_drivers_are_listed_by_priority)
{
	ck_assert_str_eq(exd_plugin_name(plugin_at(0)), "odd");
	ck_assert_int_eq(exd_plugin_priority(plugin_at(0)), 10);
	ck_assert_str_eq(exd_plugin_name(plugin_at(1)), "missing");
	ck_assert_str_eq(exd_plugin_path(plugin_at(1)), scratch_path(&scratch, "missing.so"));
	ck_assert_str_eq(exd_plugin_name(plugin_at(2)), "off");
	ck_assert(!exd_plugin_enabled(plugin_at(2)));
	ck_assert_ptr_null(plugin_at(3));
}
END_TEST

START_TEST(test_probe_tells_what_the_driver_is)
{
	struct exd_plugin_info info = {.struct_size = sizeof(info)};
	int r = exd_plugin_probe(engine, plugin_at(0), &info, NULL, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_uint_eq(info.abi, EXD_DRIVER_ABI);
	ck_assert_uint_eq(info.caps, EXD_CAP_EXEC | EXD_CAP_PRE_START);
	ck_assert_uint_eq(info.host_caps, EXD_CAP_PRE_START);
	ck_assert_str_eq(info.version, "1");
	ck_assert_str_eq(info.summary, "a driver for tests");
}
END_TEST

START_TEST(test_driver_read_its_options)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_report *report;

	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(exd_plugin_probe(engine, plugin_at(0), NULL, report, &err), 0);
	ck_assert(exd_report_line(report, 0, &line));
	ck_assert_str_eq(line.text, "hello 7 1 2 kill");
	exd_report_free(report);
}
END_TEST

START_TEST(test_broken_driver_harms_no_other)
{
	ck_assert_int_lt(exd_plugin_probe(engine, plugin_at(1), NULL, NULL, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_NOT_FOUND);
	ck_assert_contains(err.text, "missing.so");
	ck_assert_int_eq(exd_plugin_probe(engine, plugin_at(0), NULL, NULL, &err), 0);
}
END_TEST

START_TEST(test_foreign_plugin_is_refused)
{
	ck_assert_int_eq(exd_plugin_probe(engine, NULL, NULL, NULL, &err), -EINVAL);
	ck_assert_uint_eq(err.code, EXD_ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plugin");
	TCase *tc = tap_tcase(s, "plugin");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_drivers_are_listed_by_priority);
	tcase_add_test(tc, test_probe_tells_what_the_driver_is);
	tcase_add_test(tc, test_driver_read_its_options);
	tcase_add_test(tc, test_broken_driver_harms_no_other);
	tcase_add_test(tc, test_foreign_plugin_is_refused);
	return tap_main(s);
}
