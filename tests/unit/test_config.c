/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration: defaults, what is refused and where, choice of a driver, its options. */
#include "tests/tap.h"

#include <errno.h>
#include <pthread.h>

#include "core/config.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;
static struct exd_error err;

static void setup(void)
{
	scratch_make(&scratch);
	scratch_mkdir(&scratch, "plugins.d");
	scratch_mkdir(&scratch, "drivers");
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

/* execdriver.conf with driver_dir and more text, loaded. */
static int load_with(const char *more, struct config **config)
{
	char text[1024];

	snprintf(text, sizeof(text), "driver_dir = \"%s/drivers\";\n%s", scratch.path, more);
	scratch_write(&scratch, "execdriver.conf", text);
	return config_load(config, scratch_path(&scratch, "execdriver.conf"), &err);
}

static struct config *loaded_with(const char *more)
{
	struct config *config = NULL;

	ck_assert_msg(load_with(more, &config) == 0, "%s", err.text);
	return config;
}

static void write_driver(const char *file, const char *name, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "driver: {\n name = \"%s\";\n path = \"%s.so\";\n%s\n};\n",
		 name, name, more);
	scratch_write(&scratch, file, text);
}

/* ---- execdriver.conf ---- */

START_TEST(test_defaults)
{
	struct config *config;

	scratch_write(&scratch, "execdriver.conf", "");
	ck_assert_int_eq(config_load(&config, scratch_path(&scratch, "execdriver.conf"), &err), 0);
	ck_assert_str_eq(config->driver_dir, EXD_DRIVER_DIR);
	ck_assert_str_eq(config->monitor, EXD_MONITOR_PATH);
	ck_assert_str_eq(config->plugin_dir, scratch_path(&scratch, "plugins.d"));
	ck_assert_ptr_null(config->default_driver);
	ck_assert_int_eq(config->monitor_linger, 0);
	ck_assert_uint_eq(config->count, 0);
	ck_assert_ptr_null(config_free(config));
}
END_TEST

START_TEST(test_all_keys)
{
	struct config *config =
		loaded_with("monitor = \"/m\"; default_driver = \"odd\"; plugin_dir = \"/tmp\";"
			    "monitor_linger = 3600;");

	ck_assert_str_eq(config->monitor, "/m");
	ck_assert_str_eq(config->default_driver, "odd");
	ck_assert_int_eq(config->monitor_linger, 3600);
	ck_assert_str_eq(config->plugin_dir, "/tmp");
	config_free(config);
}
END_TEST

START_TEST(test_environment_names_the_file)
{
	struct config *config;

	scratch_write(&scratch, "other.conf", "default_driver = \"odd\";");
	setenv("EXD_CONFIG", scratch.name, 1);
	ck_assert_int_eq(config_load(&config, NULL, &err), 0);
	ck_assert_str_eq(config->default_driver, "odd");
	config_free(config);
}
END_TEST

START_TEST(test_named_file_must_be_there)
{
	struct config *config = NULL;
	int r = config_load(&config, scratch_path(&scratch, "none.conf"), &err);

	ck_assert_int_eq(r, -ENOENT);
	ck_assert_uint_eq(err.code, EXD_ERR_CONFIG);
	ck_assert_contains(err.text, "none.conf");
	ck_assert_ptr_null(config);
}
END_TEST

static const struct {
	const char *text;
	const char *where;
	const char *why;
} bad_main[] = {
	{"\nmonitr = \"/m\";", "execdriver.conf:3: ", "'monitr'"},
	{"monitor = \"m\";", "execdriver.conf:2: ", "absolute path"},
	{"monitor = 1;", "execdriver.conf:2: ", "monitor takes"},
	{"monitor = \"\";", "execdriver.conf:2: ", "not empty"},
	{"\n\nmonitor = \"x", "execdriver.conf:", "syntax error"},
	{"monitor = { };", "execdriver.conf:2: ", "monitor takes"},
	{"monitor_linger = -1;", "execdriver.conf:2: ", "0 to 3600"},
	{"monitor_linger = 3601;", "execdriver.conf:2: ", "0 to 3600"},
	{"monitor_linger = \"1\";", "execdriver.conf:2: ", "monitor_linger takes a number"},
	{"plugin_dir = \"x\";", "execdriver.conf:2: ", "absolute path"},
	{"plugin_dir = \"/nonexistent/d\";", "/nonexistent/d", "No such file"},
	{"default_driver = [ \"a\" ];", "execdriver.conf:2: ", "default_driver takes"},
	{"driver_dir = \"/a\";", "execdriver.conf:2: ", "duplicate"},
};

START_TEST(test_bad_file_is_refused_with_its_line)
{
	struct config *config = NULL;

	ck_assert_int_lt(load_with(bad_main[_i].text, &config), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_CONFIG);
	ck_assert_contains(err.text, bad_main[_i].where);
	ck_assert_contains(err.text, bad_main[_i].why);
}
END_TEST

START_TEST(test_folder_is_no_file)
{
	struct config *config;

	ck_assert_int_lt(config_load(&config, scratch_path(&scratch, "drivers"), &err), 0);
	ck_assert_contains(err.text, "not a regular file");
}
END_TEST

/* ---- plugins.d ---- */

START_TEST(test_drivers_come_by_priority_then_file)
{
	struct config *config;
	const char *const names[] = {"d", "b", "c", "a"};

	write_driver("plugins.d/1.conf", "a", "priority = 90;");
	write_driver("plugins.d/2.conf", "b", "priority = 20;");
	write_driver("plugins.d/3.conf", "c", "priority = 20;");
	write_driver("plugins.d/4.conf", "d", "priority = -5;");
	config = loaded_with("");
	ck_assert_uint_eq(config->count, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(exd_plugin_name(config->plugins[i]), names[i]);
	ck_assert_int_eq(exd_plugin_priority(config->plugins[0]), -5);
	config_free(config);
}
END_TEST

START_TEST(test_only_conf_files_are_read)
{
	struct config *config;

	scratch_write(&scratch, "plugins.d/README", "not libconfig at all {");
	scratch_write(&scratch, "plugins.d/10-native.conf.dpkg-old", "{{{");
	scratch_write(&scratch, "plugins.d/.hidden.conf", "{{{");
	scratch_mkdir(&scratch, "plugins.d/folder.conf");
	write_driver("plugins.d/5.conf", "a", "enabled = false;");
	config = loaded_with("");
	ck_assert_uint_eq(config->count, 1);
	ck_assert(!exd_plugin_enabled(config->plugins[0]));
	config_free(config);
}
END_TEST

START_TEST(test_driver_paths)
{
	struct config *config;
	char expect[128];

	write_driver("plugins.d/1.conf", "a", "");
	scratch_write(&scratch, "plugins.d/2.conf",
		      "driver: { name = \"b\"; path = \"/x/b.so\"; };");
	config = loaded_with("");
	snprintf(expect, sizeof(expect), "%s/drivers/a.so", scratch.path);
	ck_assert_str_eq(exd_plugin_path(config->plugins[0]), expect);
	ck_assert_str_eq(exd_plugin_path(config->plugins[1]), "/x/b.so");
	config_free(config);
}
END_TEST

START_TEST(test_two_drivers_of_one_name)
{
	struct config *config;

	write_driver("plugins.d/1.conf", "a", "");
	write_driver("plugins.d/2.conf", "a", "");
	ck_assert_int_lt(load_with("", &config), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_CONFIG);
	ck_assert_contains(err.text, "plugins.d/1.conf:1");
	ck_assert_contains(err.text, "plugins.d/2.conf:1");
}
END_TEST

static const struct {
	const char *text;
	const char *where;
	const char *why;
} bad_driver[] = {
	{"", "1.conf:1: ", "no driver"},
	{"driver = 5;", "1.conf:1: ", "no driver"},
	{"\ndrivr: { };", "1.conf:2: ", "'drivr'"},
	{"driver: { name = \"a\"; path = \"a.so\"; };\nmore = 1;", "1.conf:2: ", "'more'"},
	{"driver: {\n path = \"a.so\";\n};", "1.conf:1: ", "no name"},
	{"driver: {\n name = \"a\";\n};", "1.conf:1: ", "no path"},
	{"driver: {\n name = \"a/b\";\n path = \"a.so\"; };", "1.conf:2: ", "'a/b'"},
	{"driver: { name = \"a\";\n path = \"x/a.so\"; };", "1.conf:2: ", "absolute path"},
	{"driver: { name = \"a\"; path = \"a.so\";\n\n priority = \"high\"; };",
	 "1.conf:3: ", "priority takes"},
	{"driver: { name = \"a\"; path = \"a.so\";\n enabled = 1; };",
	 "1.conf:2: ", "enabled takes"},
	{"driver: { name = \"a\"; path = \"a.so\";\n options = \"x\"; };",
	 "1.conf:2: ", "options takes"},
	{"driver: { name = \"a\"; path = \"a.so\";\n colour = \"x\"; };", "1.conf:2: ", "'colour'"},
};

START_TEST(test_bad_driver_file_is_refused_with_its_line)
{
	struct config *config;

	scratch_write(&scratch, "plugins.d/1.conf", bad_driver[_i].text);
	ck_assert_int_lt(load_with("", &config), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_CONFIG);
	ck_assert_contains(err.text, bad_driver[_i].where);
	ck_assert_contains(err.text, bad_driver[_i].why);
}
END_TEST

/* ---- choice ---- */

/* A driver of tests/drivers as the one named odd. */
static void install(const char *source, const char *file, const char *more)
{
	scratch_driver(&scratch, source, "drivers/odd.so");
	write_driver(file, "odd", more);
}

START_TEST(test_select_by_name)
{
	struct exd_plugin *plugin = NULL;
	struct config *config;

	install("plain", "plugins.d/1.conf", "");
	config = loaded_with("");
	ck_assert_msg(plugin_select(config, "odd", &plugin, &err) == 0, "%s", err.text);
	ck_assert(plugin->loaded);
	ck_assert_int_lt(plugin_select(config, "none", &plugin, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_NOT_FOUND);
	ck_assert_contains(err.text, "'none'");
	config_free(config);
}
END_TEST

START_TEST(test_default_driver_is_selected)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("plain", "plugins.d/9.conf", "priority = 99;");
	write_driver("plugins.d/1.conf", "missing", "priority = 1;");
	config = loaded_with("default_driver = \"odd\";");
	ck_assert_int_eq(plugin_select(config, NULL, &plugin, &err), 0);
	ck_assert_str_eq(plugin->name, "odd");
	config_free(config);
}
END_TEST

/* Without a default: the broken one of a better priority is passed over. */
START_TEST(test_first_that_works_is_selected)
{
	struct exd_plugin *plugin;
	struct config *config;

	write_driver("plugins.d/1.conf", "missing", "priority = 1;");
	install("plain", "plugins.d/9.conf", "priority = 99;");
	config = loaded_with("");
	ck_assert_int_eq(plugin_select(config, NULL, &plugin, &err), 0);
	ck_assert_str_eq(plugin->name, "odd");
	ck_assert_int_eq(plugin_select(config, NULL, &plugin, &err), 0);
	config_free(config);
}
END_TEST

START_TEST(test_driver_only_by_name)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("plain", "plugins.d/1.conf", "only_by_name = true;");
	config = loaded_with("");
	ck_assert_int_lt(plugin_select(config, NULL, &plugin, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_NOT_FOUND);
	ck_assert_contains(err.text, "driver odd is used only when it is named");
	ck_assert_int_eq(plugin_select(config, "odd", &plugin, &err), 0);
	ck_assert_str_eq(plugin->name, "odd");
	config_free(config);
}
END_TEST

START_TEST(test_disabled_driver_is_never_selected)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("plain", "plugins.d/1.conf", "enabled = false;");
	config = loaded_with("");
	ck_assert_int_lt(plugin_select(config, "odd", &plugin, &err), 0);
	ck_assert_contains(err.text, "enabled = true");
	ck_assert_int_lt(plugin_select(config, NULL, &plugin, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_NOT_FOUND);
	config_free(config);
}
END_TEST

START_TEST(test_none_works_says_why)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("refuses", "plugins.d/1.conf", "");
	write_driver("plugins.d/2.conf", "missing", "");
	config = loaded_with("");
	ck_assert_int_lt(plugin_select(config, NULL, &plugin, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_NOT_FOUND);
	ck_assert_contains(err.text, "the moon is not full");
	ck_assert_contains(err.text, "missing.so");
	config_free(config);
}
END_TEST

START_TEST(test_failing_open_is_described)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("silent", "plugins.d/1.conf", "");
	config = loaded_with("");
	ck_assert_int_eq(plugin_select(config, "odd", &plugin, &err), -ENODEV);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_LOAD);
	ck_assert_str_eq(err.text, "driver odd: its open() failed: No such device");
	config_free(config);
}
END_TEST

START_TEST(test_failed_load_is_tried_again)
{
	struct exd_plugin *plugin;
	struct config *config;

	write_driver("plugins.d/1.conf", "odd", "");
	config = loaded_with("");
	ck_assert_int_lt(plugin_select(config, "odd", &plugin, &err), 0);
	scratch_driver(&scratch, "plain", "drivers/odd.so");
	ck_assert_int_eq(plugin_select(config, "odd", &plugin, &err), 0);
	config_free(config);
}
END_TEST

START_TEST(test_missing_capability_is_unsupported)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("options", "plugins.d/1.conf", "");
	config = loaded_with("");
	ck_assert_int_eq(plugin_select(config, "odd", &plugin, &err), 0);
	ck_assert_int_eq(plugin_require(plugin, EXD_CAP_EXEC, "exec", &err), 0);
	ck_assert_int_eq(plugin_require(plugin, EXD_CAP_PAUSE, "pause", &err), -EOPNOTSUPP);
	ck_assert_uint_eq(err.code, EXD_ERR_UNSUPPORTED);
	ck_assert_str_eq(err.text, "driver odd does not support pause");
	config_free(config);
}
END_TEST

/* ---- options ---- */

START_TEST(test_options_of_another_type_or_missing_fall_back)
{
	const char *const known[] = {"greeting", "count", NULL};
	const struct exd_options *options;
	struct config *config;

	write_driver("plugins.d/1.conf", "a", "options: { greeting = 5; count = \"x\"; };");
	write_driver("plugins.d/2.conf", "b", "");
	config = loaded_with("");
	for (size_t i = 0; i < 2; i++) {
		options = &config->plugins[i]->options;
		ck_assert_str_eq(exd_options_string(options, "greeting", "none"), "none");
		ck_assert_int_eq(exd_options_number(options, "count", -1), -1);
		ck_assert(exd_options_bool(options, "count", true));
		ck_assert_uint_eq(exd_options_count(options, "faults.[1].call"), 0);
		ck_assert_int_eq(exd_options_check(options, known, &err), 0);
	}
	config_free(config);
}
END_TEST

START_TEST(test_unknown_option_is_refused_with_its_line)
{
	struct exd_plugin *plugin;
	struct config *config;

	install("options", "plugins.d/1.conf",
		"options: { greeting = \"x\";\n\n greting = \"y\"; };");
	config = loaded_with("");
	ck_assert_int_lt(plugin_select(config, "odd", &plugin, &err), 0);
	ck_assert_uint_eq(err.code, EXD_ERR_DRIVER_OPTION);
	ck_assert_contains(err.text, "1.conf:6: ");
	ck_assert_contains(err.text, "'greting'");
	config_free(config);
}
END_TEST

static void *load_it(void *plugin)
{
	return plugin_load(plugin, NULL) == 0 ? plugin : NULL;
}

START_TEST(test_many_threads_load_one_driver)
{
	pthread_t threads[16];
	struct config *config;
	void *result;

	install("options", "plugins.d/1.conf", "");
	config = loaded_with("");
	for (size_t i = 0; i < 16; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, load_it, config->plugins[0]), 0);
	for (size_t i = 0; i < 16; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_eq(result, config->plugins[0]);
	}
	config_free(config);
}
END_TEST

static void add_files(Suite *s)
{
	TCase *tc = tap_tcase(s, "file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_defaults);
	tcase_add_test(tc, test_all_keys);
	tcase_add_test(tc, test_environment_names_the_file);
	tcase_add_test(tc, test_named_file_must_be_there);
	tcase_add_loop_test(tc, test_bad_file_is_refused_with_its_line, 0,
			    sizeof(bad_main) / sizeof(bad_main[0]));
	tcase_add_test(tc, test_folder_is_no_file);
	tcase_add_test(tc, test_drivers_come_by_priority_then_file);
	tcase_add_test(tc, test_only_conf_files_are_read);
	tcase_add_test(tc, test_driver_paths);
	tcase_add_test(tc, test_two_drivers_of_one_name);
	tcase_add_loop_test(tc, test_bad_driver_file_is_refused_with_its_line, 0,
			    sizeof(bad_driver) / sizeof(bad_driver[0]));
}

int main(void)
{
	Suite *s = suite_create("config");
	TCase *tc;

	add_files(s);
	tc = tap_tcase(s, "choice");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_select_by_name);
	tcase_add_test(tc, test_default_driver_is_selected);
	tcase_add_test(tc, test_first_that_works_is_selected);
	tcase_add_test(tc, test_driver_only_by_name);
	tcase_add_test(tc, test_disabled_driver_is_never_selected);
	tcase_add_test(tc, test_none_works_says_why);
	tcase_add_test(tc, test_failing_open_is_described);
	tcase_add_test(tc, test_failed_load_is_tried_again);
	tcase_add_test(tc, test_missing_capability_is_unsupported);
	tc = tap_tcase(s, "options");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_options_of_another_type_or_missing_fall_back);
	tcase_add_test(tc, test_unknown_option_is_refused_with_its_line);
	tcase_add_test(tc, test_many_threads_load_one_driver);
	return tap_main(s);
}
