/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver hcs-stub through its table: what it hands its worker, and what it says of containers
 * whose service is gone. No service runs here.
 */
#include "tests/unit/records.h"

#include <json-c/json_tokener.h>
#include <signal.h>

#include "core/plan.h"
#include "tests/unit/hcs_options.h"

extern const struct exd_driver exd_driver_entry;

static void *driver;
static struct exd_command *command;
static struct exd_plan *plan;
static struct exd_error err;

static void open_driver(const char *options)
{
	if (driver)
		exd_driver_entry.close(driver);
	driver = NULL;
	ck_assert_msg(exd_driver_entry.open(&driver, options_parse(options), &err) == 0, "%s",
		      err.text);
}

static void set_up(void)
{
	static const char *const args[] = {"cmd", "a b", NULL};

	setup();
	err = (struct exd_error)EXD_ERROR_INIT;
	open_driver("worker = \"/bin/true\"; emulator = \"/bin/true\";");
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	ck_assert_int_eq(exd_command_set_args(command, args, NULL), 0);
}

static void tear_down(void)
{
	plan = plan_free(plan);
	command = exd_command_free(command);
	exd_driver_entry.close(driver);
	driver = NULL;
	options_forget();
	teardown();
}

static void set(const char *key, const char *value)
{
	ck_assert_msg(exd_command_set(command, key, value, &err) == 0, "%s", err.text);
}

static void new_plan(void)
{
	plan = plan_free(plan);
	ck_assert_int_eq(plan_new(&plan, root, command, NULL), 0);
	if (!exd_command_bool(command, EXD_KEY_TTY))
		ck_assert_int_eq(plan_set_stdio(plan, 0, 1, 2, NULL), 0);
}

/* The document of the plan's worker: the first of its own descriptors that can be read. */
static struct json_object *launch_document(void)
{
	static char text[65536];
	struct json_object *json = NULL;

	for (size_t i = 0; i < plan->slot_count && !json; i++) {
		ssize_t size = plan->slots[i].owned ? pread(plan->slots[i].fd, text,
							    sizeof(text) - 1, 0)
						    : -1;
		if (size <= 0)
			continue;
		text[size] = '\0';
		json = json_tokener_parse(text);
	}
	ck_assert_ptr_nonnull(json);
	return json;
}

static struct json_object *compile_run(void)
{
	new_plan();
	ck_assert_msg(exd_driver_entry.run(driver, command, plan, &err) == 0, "%s", err.text);
	return launch_document();
}

static const char *text_at(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	ck_assert_msg(json_object_object_get_ex(json, name, &value), "there is no %s", name);
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void assert_member(struct json_object *json, const char *name, const char *expected)
{
	ck_assert_str_eq(text_at(json, name), expected);
}

START_TEST(test_what_the_worker_is_told)
{
	static const char *const members[] = {
		"operation", "id", "owner", "system", "process", "tty", "console", "pid_file",
		"servicing", "schema", "forcekill", "shutdown_timeout_ms", "terminate_timeout_ms",
		"start_retries", "retry_delay_ms", "emulator", NULL};
	struct json_object *json;

	set("id", "box");
	json = compile_run();
	for (int i = 0; members[i]; i++)
		(void)text_at(json, members[i]);
	ck_assert_int_eq(json_object_object_length(json), 16);
	assert_member(json, "operation", "\"run\"");
	assert_member(json, "id", "\"box\"");
	assert_member(json, "owner", "\"docker\"");
	assert_member(json, "console", "[0,0]");
	assert_member(json, "schema", "\"1.10\"");
	assert_member(json, "shutdown_timeout_ms", "300000");
	assert_member(json, "terminate_timeout_ms", "300000");
	assert_member(json, "start_retries", "5");
	assert_member(json, "retry_delay_ms", "50");
	assert_member(json, "emulator", "{\"path\":\"/bin/true\",\"faults\":[],\"delays\":[],"
					"\"journal\":true,\"idle_ms\":100}");
	json_object_put(json);
}
END_TEST

START_TEST(test_options_reach_the_worker)
{
	struct json_object *json;

	open_driver("schema = \"1.8\"; terminate = 1; shutdown_timeout_ms = 7; start_retries = 2; "
		    "faults = ({ call = \"StartComputeSystem\"; error = 0xc0370105L; });");
	set("id", "box");
	set("tty", "yes");
	json = compile_run();
	assert_member(json, "owner", "null");
	assert_member(json, "forcekill", "true");
	assert_member(json, "tty", "true");
	assert_member(json, "console", "[0,0]");
	assert_member(json, "shutdown_timeout_ms", "7");
	assert_member(json, "start_retries", "2");
	ck_assert_ptr_nonnull(strstr(text_at(json, "emulator"), "\"error\":3224830213"));
	json_object_put(json);
	set("tty_size", "50x132");
	json = compile_run();
	assert_member(json, "console", "[50,132]");
	json_object_put(json);
}
END_TEST

START_TEST(test_exec_goes_to_the_container)
{
	struct exd_record *record;
	struct json_object *json;

	write_state("box", getpid(), boot, "");
	record = load("box");
	new_plan();
	ck_assert_msg(exd_driver_entry.exec(driver, record, command, plan, &err) == 0, "%s",
		      err.text);
	json = launch_document();
	assert_member(json, "operation", "\"exec\"");
	assert_member(json, "id", "\"box\"");
	assert_member(json, "system", "null");
	ck_assert_ptr_nonnull(strstr(text_at(json, "process"), "cmd \\\"a b\\\""));
	json_object_put(json);
	record_free(record);
}
END_TEST

static uint64_t hash_of_run(void)
{
	uint64_t hash = 0;

	json_object_put(compile_run());
	ck_assert_int_eq(plan_seal(plan, NULL, &hash, &err), 0);
	return hash;
}

/* The document travels beside the plan, but two that differ make two plans. */
START_TEST(test_hash_is_of_the_document)
{
	uint64_t first;

	set("id", "box");
	first = hash_of_run();
	ck_assert(hash_of_run() == first);
	set("hostname", "other");
	ck_assert(hash_of_run() != first);
}
END_TEST

START_TEST(test_limits_left_out_are_told)
{
	set("id", "box");
	set("memory", "64m");
	set("best_effort", "yes");
	json_object_put(compile_run());
	ck_assert_uint_eq(plan->warning_count, 1);
	ck_assert_str_eq(plan->warnings[0], "the service has no memory: it is left out");
}
END_TEST

START_TEST(test_document_that_is_too_long)
{
	static char value[200 * 1024];

	memset(value, 'x', sizeof(value) - 1);
	memcpy(value, "A=", 2);
	set("id", "box");
	set("env", value);
	new_plan();
	ck_assert_int_lt(exd_driver_entry.run(driver, command, plan, &err), 0);
	ck_assert_int_eq(err.code, EXD_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "131072 bytes"));
}
END_TEST

START_TEST(test_refused_verbs)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	ck_assert_int_eq(exd_driver_entry.pause(driver, NULL, &err), -EOPNOTSUPP);
	ck_assert_str_eq(err.text, "Windows: Containers cannot be paused");
	ck_assert_int_eq(exd_driver_entry.unpause(driver, NULL, &err), -EOPNOTSUPP);
	ck_assert_str_eq(err.text, "Windows: Containers cannot be paused");
	ck_assert_int_eq(exd_driver_entry.stats(driver, NULL, &stats, &err), -EOPNOTSUPP);
	ck_assert_str_eq(err.text, "Windows: Stats not implemented");
	ck_assert_int_eq(exd_driver_entry.update(driver, NULL, command, &err), -EOPNOTSUPP);
	ck_assert_str_eq(err.text, "Windows: Update not implemented");
	ck_assert_int_eq(err.code, EXD_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(test_probe)
{
	const uint64_t refused = EXD_CAP_PAUSE | EXD_CAP_STATS | EXD_CAP_UPDATE;
	struct exd_report_line line = {.struct_size = sizeof(line)};
	uint64_t caps = exd_driver_entry.caps;
	struct exd_report *report = NULL;

	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	ck_assert_int_eq(exd_driver_entry.probe(driver, report, &caps, &err), 0);
	ck_assert_uint_eq(caps, exd_driver_entry.caps & ~refused);
	ck_assert(caps & EXD_CAP_EXEC);
	ck_assert(exd_report_line(report, 0, &line));
	ck_assert_ptr_nonnull(strstr(line.text, "emulated Host Compute Service"));
	report = exd_report_free(report);

	open_driver("worker = \"/bin/true\"; emulator = \"/nonexistent/emulator\";");
	ck_assert_int_lt(exd_driver_entry.probe(driver, NULL, &caps, &err), 0);
	ck_assert_int_eq(err.code, EXD_ERR_HOST);
	ck_assert_ptr_nonnull(strstr(err.text, "'/nonexistent/emulator' cannot be run"));
}
END_TEST

/* Systems live as long as their service: without it they are gone, and so are their processes. */
START_TEST(test_dead_service)
{
	struct exd_info info = {.struct_size = sizeof(info), .running = true};
	struct exd_record *record;
	pid_t pids[4];

	write_state("box", getpid(), boot, "");
	record = load("box");
	ck_assert_int_eq(exd_driver_entry.terminate(driver, record, &err), 0);
	ck_assert_int_eq(exd_driver_entry.clean(driver, record, &err), 0);
	ck_assert_int_eq(exd_driver_entry.info(driver, record, &info, &err), 0);
	ck_assert(!info.running && !info.paused);
	ck_assert_str_eq(info.isolation, "process");
	ck_assert_int_eq(exd_driver_entry.kill(driver, record, SIGTERM, &err), -ESRCH);
	ck_assert_int_eq(err.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_eq(exd_driver_entry.pids(driver, record, pids, 4, &err), -ESRCH);
	record_free(record);
}
END_TEST

START_TEST(test_explain_shows_the_document)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_report *report = NULL;

	ck_assert_int_eq(exd_report_new(&report, NULL), 0);
	set("id", "box");
	ck_assert_int_eq(exd_driver_entry.explain(driver, command, report, &err), 0);
	ck_assert_uint_eq(exd_report_count(report), 13 + 6);
	ck_assert(exd_report_line(report, 1, &line));
	ck_assert_str_eq(line.topic, "document");
	ck_assert_str_eq(line.text, "Name: \"box\"");
	ck_assert(exd_report_line(report, 14, &line));
	ck_assert_str_eq(line.text, "CommandLine: \"cmd \\\"a b\\\"\"");
	set("user", "bob");
	ck_assert_int_lt(exd_driver_entry.explain(driver, command, report, &err), 0);
	report = exd_report_free(report);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_driver");
	TCase *tc = tap_tcase(s, "driver");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_what_the_worker_is_told);
	tcase_add_test(tc, test_options_reach_the_worker);
	tcase_add_test(tc, test_exec_goes_to_the_container);
	tcase_add_test(tc, test_hash_is_of_the_document);
	tcase_add_test(tc, test_limits_left_out_are_told);
	tcase_add_test(tc, test_document_that_is_too_long);
	tcase_add_test(tc, test_refused_verbs);
	tcase_add_test(tc, test_probe);
	tcase_add_test(tc, test_dead_service);
	tcase_add_test(tc, test_explain_shows_the_document);
	return tap_main(s);
}
