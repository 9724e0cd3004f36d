/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The emulated compute service: failures and delays by a script, and the journal. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>

#include "base/clock.h"
#include "drivers/hcs-stub/emulator_script.h"
#include "tests/unit/contains.h"
#include "tests/unit/hcs_rig.h"

/* ---- scripts as such ------------------------------------------------------------------------- */

START_TEST(test_nth_and_times)
{
	const char *why;
	struct script script;

	ck_assert_int_eq(script_parse(&script,
				      "{\"faults\":[{\"call\":\"StartComputeSystem\",\"nth\":2,"
				      "\"times\":3,\"error\":2147746291}],\"delays\":[{\"call\":"
				      "\"CreateComputeSystem\",\"ms\":7}]}",
				      &why),
			 0);
	for (int nth = 1; nth <= 6; nth++) {
		struct script_verdict v = script_next(&script, HCS_CALL_START_SYSTEM);

		ck_assert_uint_eq(v.error, nth >= 2 && nth <= 4 ? 0x800401f3u : 0);
		ck_assert(v.scripted == (nth >= 2 && nth <= 4));
		ck_assert_uint_eq(v.delay_ms, 0);
		/* Each call is counted by itself. */
		v = script_next(&script, HCS_CALL_CREATE_SYSTEM);
		ck_assert_uint_eq(v.error, 0);
		ck_assert_uint_eq(v.delay_ms, 7);
	}
	script_clear(&script);
}
END_TEST

/* The first rule that fails a call says how; delays add up, within limits. */
START_TEST(test_rules_together)
{
	const char *why;
	struct script script;
	struct script_verdict v;

	ck_assert_int_eq(
		script_parse(&script,
			     "{\"faults\":[{\"call\":\"StartComputeSystem\",\"delay_ms\":5},"
			     "{\"call\":\"StartComputeSystem\",\"error\":3,\"delay_ms\":6},"
			     "{\"call\":\"StartComputeSystem\",\"error\":4}],\"delays\":["
			     "{\"call\":\"CreateComputeSystem\",\"ms\":400000},"
			     "{\"call\":\"CreateComputeSystem\",\"ms\":400000}]}",
			     &why),
		0);
	v = script_next(&script, HCS_CALL_START_SYSTEM);
	ck_assert_uint_eq(v.error, 3);
	ck_assert_uint_eq(v.delay_ms, 11);
	v = script_next(&script, HCS_CALL_CREATE_SYSTEM);
	ck_assert_uint_eq(v.delay_ms, SCRIPT_DELAY_MAX);
	script_clear(&script);
}
END_TEST

START_TEST(test_bad_scripts)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "no object"},
		{"[]", "no object"},
		{"{\"fault\":[]}", "no object"},
		{"{\"faults\":{}}", "no object"},
		{"{\"faults\":[3]}", "unknown member"},
		{"{\"faults\":[{\"nth\":1}]}", "no call"},
		{"{\"faults\":[{\"call\":\"Create\"}]}", "unknown call"},
		{"{\"faults\":[{\"call\":\"StartComputeSystem\",\"often\":1}]}", "unknown member"},
		{"{\"faults\":[{\"call\":\"StartComputeSystem\",\"nth\":0}]}", "bad nth"},
		{"{\"faults\":[{\"call\":\"StartComputeSystem\",\"times\":0}]}", "bad times"},
		{"{\"faults\":[{\"call\":\"StartComputeSystem\",\"error\":-1}]}", "bad error"},
		{"{\"faults\":[{\"call\":\"StartComputeSystem\",\"error\":4294967296}]}",
		 "bad error"},
		{"{\"faults\":[{\"call\":\"StartComputeSystem\",\"delay_ms\":600001}]}",
		 "bad delay_ms"},
		{"{\"delays\":[{\"call\":\"StartComputeSystem\",\"ms\":\"5\"}]}", "bad ms"},
		{"{\"delays\":[{\"call\":\"StartComputeSystem\",\"error\":5}]}", "unknown member"},
	};
	struct script script;
	const char *why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_lt(script_parse(&script, cases[i].text, &why), 0);
		ck_assert_contains(why, cases[i].why);
	}
}
END_TEST

/* ---- at work --------------------------------------------------------------------------------- */

START_TEST(test_faults)
{
	struct hcs_client *client = rig_client();

	ck_hcs(hcs_set_script(client, "web",
			      "{\"faults\":[{\"call\":\"CreateComputeSystem\",\"times\":2,"
			      "\"error\":2147945670}]}"),
	       HCS_OK);
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), 0x80070cc6);
	/* Another's calls are its own affair. */
	ck_hcs(hcs_create_system(client, "db", RIG_DOCUMENT("db")), HCS_OK);
	ck_hcs(hcs_terminate_system(client, "db"), HCS_OK);
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), 0x80070cc6);
	ck_hcs(hcs_start_system(client, "web"), HCS_E_NO_SUCH_SYSTEM);
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	ck_hcs(hcs_set_script(client, "web", "{\"faults\":1}"), HCS_E_INVALID_JSON);
	rig_end(client);
}
END_TEST

/* Each call that there is can be made to fail, with any code, and then does nothing. */
START_TEST(test_every_call_can_fail)
{
	static const char *const names[] = {
		"StartComputeSystem",
		"CreateProcessWithStdHandlesInComputeSystem",
		"WaitForProcessInComputeSystem",
		"ShutdownComputeSystem",
		"TerminateProcessInComputeSystem",
		"ResizeConsoleInComputeSystem",
		"GetComputeSystemProperties",
		"RegisterComputeSystemCallback",
		"TerminateComputeSystem",
	};
	struct hcs_client *client = rig_client();
	char script[1024] = "{\"faults\":[", *json;
	struct hcs_process process;
	uint32_t code;
	int fd;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		snprintf(script + strlen(script), sizeof(script) - strlen(script),
			 "%s{\"call\":\"%s\",\"error\":%zu}", i ? "," : "", names[i], 4000 + i);
	strcat(script, "]}");
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
	ck_hcs(hcs_set_script(client, "web", script), HCS_OK);
	ck_hcs(hcs_start_system(client, "web"), 4000);
	ck_hcs(hcs_start_system(client, "web"), HCS_OK);
	ck_hcs(hcs_create_process(client, "web", RIG_PROCESS("true"), (int[]){-1, -1, -1},
				  &process),
	       4001);
	ck_hcs(hcs_wait_process(client, "web", 1, &code), 4002);
	ck_hcs(hcs_shutdown_system(client, "web", HCS_FOR_EVER), 4003);
	ck_hcs(hcs_terminate_process(client, "web", 1), 4004);
	ck_hcs(hcs_resize_console(client, "web", 1, 1, 1), 4005);
	ck_hcs(hcs_properties(client, "web", &json), 4006);
	ck_hcs(hcs_watch_system(client, "web", &fd), 4007);
	ck_hcs(hcs_terminate_system(client, "web"), 4008);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* Nothing is asked of the clock but that it went on. */
START_TEST(test_delay)
{
	struct hcs_client *client = rig_client();
	struct hcs_client *other = rig_connect();
	int64_t began;

	ck_assert_ptr_nonnull(other);
	ck_hcs(hcs_set_script(client, "web",
			      "{\"delays\":[{\"call\":\"CreateComputeSystem\",\"ms\":60}]}"),
	       HCS_OK);
	began = clock_ms();
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
	ck_assert_int_ge(clock_ms() - began, 60);
	ck_hcs(hcs_terminate_system(other, "web"), HCS_OK);
	(void)hcs_disconnect(other);
	rig_end(client);
}
END_TEST

/* The service hears of things when it gets there. */
static void wait_for_line(const char *part)
{
	bool found = false;

	for (int i = 0; i < 3000 && !found; i++) {
		char *journal = rig_journal();

		found = strstr(journal, part) != NULL;
		free(journal);
		(void)poll(NULL, 0, 10);
	}
	ck_assert_msg(found, "no %s in the journal", part);
}

/* A client that goes, or is called away, takes a call that has not begun with it. */
START_TEST(test_delayed_call_is_dropped)
{
	struct hcs_client *client = rig_client();
	struct hcs_client *other = rig_connect();
	int ends[2];

	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_hcs(hcs_set_script(client, "web",
			      "{\"delays\":[{\"call\":\"CreateComputeSystem\",\"ms\":600000}]}"),
	       HCS_OK);
	hcs_interrupt_by(client, ends[0]);
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_E_CANCELLED);
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_E_SERVICE_GONE);
	(void)hcs_disconnect(client);
	ck_hcs(hcs_start_system(other, "web"), HCS_E_NO_SUCH_SYSTEM);
	wait_for_line("\"result\":\"0x800704c7\"");
	ck_hcs(hcs_start_system(other, "web"), HCS_E_NO_SUCH_SYSTEM);
	close(ends[0]);
	close(ends[1]);
	rig_end(other);
}
END_TEST

/* ---- the journal ----------------------------------------------------------------------------- */

static struct json_object *line_of(char **journal)
{
	char *line = strsep(journal, "\n");
	struct json_object *json;

	ck_assert_ptr_nonnull(line);
	json = json_tokener_parse(line);
	ck_assert_msg(json_object_is_type(json, json_type_object), "%s", line);
	return json;
}

static const char *text_of(struct json_object *json, const char *key)
{
	struct json_object *value;

	ck_assert_msg(json_object_object_get_ex(json, key, &value), "no %s", key);
	return json_object_get_string(value);
}

START_TEST(test_journal)
{
	struct hcs_client *client = rig_client();
	struct hcs_process process;
	char *journal, *rest, pid[16];
	struct json_object *json;

	ck_hcs(hcs_create_system(client, "web", "not json"), HCS_E_INVALID_JSON);
	rig_system(client, "web", RIG_DOCUMENT("web"));
	process = rig_process(client, "web", RIG_PROCESS("sh -c \\\"exit 7\\\""));
	snprintf(pid, sizeof(pid), "%u", process.process_id);
	ck_assert_uint_eq(rig_exit(client, "web", &process), 7);
	ck_hcs(hcs_shutdown_system(client, "web", 5000), HCS_OK);
	(void)hcs_disconnect(client);
	rig_wait_end();
	rest = journal = rig_journal();

	json = line_of(&rest);
	ck_assert_str_eq(text_of(json, "serial"), "1");
	ck_assert_str_eq(text_of(json, "call"), "CreateComputeSystem");
	ck_assert_str_eq(text_of(json, "id"), "web");
	ck_assert_str_eq(text_of(json, "document"), "not json");
	ck_assert_str_eq(text_of(json, "result"), "0xc037010d");
	ck_assert_str_eq(text_of(json, "text"), "The JSON document is not valid.");
	ck_assert_str_eq(text_of(json, "why"), "not JSON");
	ck_assert_str_eq(text_of(json, "scripted"), "false");
	ck_assert_int_eq(strtol(text_of(json, "client"), NULL, 10), getpid());
	ck_assert_int_eq(strlen(text_of(json, "time")), strlen("2026-01-01T00:00:00.000000000Z"));
	json_object_put(json);

	json = line_of(&rest);
	ck_assert_str_eq(text_of(json, "document"),
			 "{ \"SystemType\": \"Container\", \"Name\": \"web\" }");
	ck_assert_str_eq(text_of(json, "result"), "0x00000000");
	json_object_put(json);
	json = line_of(&rest);
	ck_assert_str_eq(text_of(json, "call"), "StartComputeSystem");
	json_object_put(json);
	json = line_of(&rest);
	ck_assert_str_eq(text_of(json, "call"), "CreateProcessWithStdHandlesInComputeSystem");
	ck_assert_str_eq(text_of(json, "stdin"), "false");
	ck_assert_str_eq(text_of(json, "process_id"), pid);
	json_object_put(json);
	json = line_of(&rest);
	ck_assert_str_eq(text_of(json, "call"), "WaitForProcessInComputeSystem");
	ck_assert_str_eq(text_of(json, "exit_code"), "7");
	ck_assert_str_eq(text_of(json, "process_id"), pid);
	json_object_put(json);
	json = line_of(&rest);
	ck_assert_str_eq(text_of(json, "call"), "ShutdownComputeSystem");
	ck_assert_str_eq(text_of(json, "timeout_ms"), "5000");
	json_object_put(json);
	ck_assert_str_eq(rest, "");
	free(journal);
	rig_end(NULL);
}
END_TEST

/* It is put aside before it grows without end, and no line is lost by that. */
START_TEST(test_journal_is_put_aside)
{
	struct hcs_client *client = rig_client();
	char *text = malloc(100001), path[128], *journal;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', 100000);
	text[100000] = '\0';
	for (int i = 0; i < 12; i++)
		ck_hcs(hcs_create_system(client, "web", text), HCS_E_INVALID_JSON);
	snprintf(path, sizeof(path), "%s/.hcs/journal.jsonl.1", rig_root());
	ck_assert_int_eq(access(path, F_OK), 0);
	journal = rig_journal();
	ck_assert_contains(journal, "\"serial\":12,");
	ck_assert_uint_lt(strlen(journal), 200000);
	free(journal);
	free(text);
	rig_end(client);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_script");
	TCase *tc = tap_tcase(s, "script");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nth_and_times);
	tcase_add_test(tc, test_rules_together);
	tcase_add_test(tc, test_bad_scripts);
	tcase_add_test(tc, test_faults);
	tcase_add_test(tc, test_every_call_can_fail);
	tcase_add_test(tc, test_delay);
	tcase_add_test(tc, test_delayed_call_is_dropped);
	tcase_add_test(tc, test_journal);
	tcase_add_test(tc, test_journal_is_put_aside);
	return tap_main(s);
}
