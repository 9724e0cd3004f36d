/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents, process parameters and refusals of hcs-stub against what was written by hand. */
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_tokener.h>

#include "base/cleanup.h"
#include "drivers/hcs-stub/document.h"
#include "drivers/hcs-stub/process.h"
#include "tests/unit/hcs_documents.h"
#include "tests/unit/hcs_options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct stub stub;
static struct exd_command *command;
static struct exd_error err;

static void set_up(void)
{
	memset(&stub, 0, sizeof(stub));
	err = (struct exd_error)EXD_ERROR_INIT;
	ck_assert_int_eq(unsetenv("DOCKER_CONTAINER_NAT"), 0);
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
}

static void tear_down(void)
{
	stub_options_release(&stub);
	command = exd_command_free(command);
	options_forget();
}

static void give_options(const char *text)
{
	stub_options_release(&stub);
	memset(&stub, 0, sizeof(stub));
	ck_assert_msg(stub_options_read(&stub, options_parse(text), &err) == 0, "%s", err.text);
}

static void set(const char *key, const char *value)
{
	ck_assert_msg(exd_command_set(command, key, value, &err) == 0, "%s", err.text);
}

/* Of arguments with '|' between them. */
static void set_args(const char *text)
{
	cleanup_free char *copy = strdup(text);
	const char *args[16] = {NULL};
	size_t count = 0;

	ck_assert_ptr_nonnull(copy);
	for (char *at = copy; at; count++)
		args[count] = strsep(&at, "|");
	ck_assert_int_eq(exd_command_set_args(command, args, NULL), 0);
}

static void set_all(const struct pair *keys)
{
	for (; keys->key; keys++)
		set(keys->key, keys->value);
}

static void assert_json(const char *row, struct json_object *made, const char *expected)
{
	struct json_object *wanted = json_tokener_parse(expected);

	ck_assert_msg(wanted != NULL, "%s: what is expected is no JSON", row);
	ck_assert_msg(json_object_equal(made, wanted), "%s:\n made %s\n not  %s", row,
		      json_object_to_json_string(made), json_object_to_json_string(wanted));
	json_object_put(wanted);
	json_object_put(made);
}

START_TEST(test_documents)
{
	const struct golden *golden = &documents[_i];
	struct json_object *made = NULL;

	give_options(golden->options);
	set("id", "box");
	set_args("cmd");
	set_all(golden->keys);
	ck_assert_msg(stub_check_run(&stub, command, &err) == 0, "%s: %s", golden->row, err.text);
	ck_assert_int_eq(stub_document(&stub, command, &made, &err), 0);
	assert_json(golden->row, made, golden->expected);
}
END_TEST

START_TEST(test_processes)
{
	const struct golden_process *golden = &processes[_i];
	struct json_object *made = NULL;

	give_options(golden->options);
	set_args(golden->args);
	set_all(golden->keys);
	ck_assert_msg(stub_check_exec(&stub, command, &err) == 0, "%s: %s", golden->row, err.text);
	ck_assert_int_eq(stub_process(&stub, command, &made, &err), 0);
	assert_json(golden->row, made, golden->expected);
}
END_TEST

/* Rows below `good_until` come with what is right, the others with what is wrong. */
static void build_wrong(size_t good_until)
{
	command = exd_command_free(command);
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
	set("id", "box");
	for (size_t i = 0; i < COUNT(in_order); i++) {
		const char *value = i < good_until ? in_order[i].good : in_order[i].bad;

		if (!value)
			continue;
		if (strcmp(in_order[i].key, "args") == 0)
			set_args(value);
		else
			set(in_order[i].key, value);
		/* one port inside that two of the host lead to */
		if (strcmp(value, "80:81") == 0)
			set("hcs_ports", "82:81");
	}
}

START_TEST(test_refusals_in_order)
{
	give_options("");
	for (size_t i = 0; i < COUNT(in_order); i++) {
		build_wrong(i);
		ck_assert_int_lt(stub_check_run(&stub, command, &err), 0);
		ck_assert_str_eq(err.text, in_order[i].text);
	}
	build_wrong(COUNT(in_order));
	ck_assert_msg(exd_command_count(command, EXD_KEY_HCS_PORTS) == 1, "the good port");
}
END_TEST

START_TEST(test_unsupported)
{
	give_options(unsupported[_i].options);
	set("id", "box");
	set_args("cmd");
	set(unsupported[_i].key, unsupported[_i].value);
	ck_assert_int_lt(stub_check_run(&stub, command, &err), 0);
	ck_assert_msg(strstr(err.text, unsupported[_i].text), "'%s' does not say '%s'", err.text,
		      unsupported[_i].text);
}
END_TEST

/* Every key of the table is either expressed, or refused by its name. */
START_TEST(test_no_key_is_lost)
{
	static const char *const expressed[] = {"id", "args", "env", "cwd",
						"tty", "hostname", "rootfs", "mounts",
						"network", "cpu_shares", "annotations", NULL};
	static const char *const values[] = {"yes", "5", "64m", "1000", "/x", "/x:/y",
					     "A=b", "a.b=c", "nofile=5", "host", "0:0:1", "24x80",
					     "slave", "default", "NET_ADMIN", "/x:100",
					     "2MB=1m", "a=hca_handle=1", "a=1", "other", "be:4",
					     "linux32", "ro:/x", "monotonic=1", "nosuid", NULL};
	const struct exd_command_key *key = NULL;
	int refused = 0;

	give_options("");
	while ((key = exd_command_key_next(key))) {
		bool is_set = false, listed = strncmp(key->name, "hcs_", 4) == 0;

		for (int i = 0; expressed[i]; i++)
			listed |= strcmp(key->name, expressed[i]) == 0;
		listed |= strcmp(key->name, "tty_size") == 0 ||
			  strcmp(key->name, "best_effort") == 0;
		if (listed)
			continue;
		command = exd_command_free(command);
		ck_assert_int_eq(exd_command_new(&command, NULL), 0);
		set_args("cmd");
		for (int i = 0; values[i] && !is_set; i++)
			is_set = exd_command_set(command, key->name, values[i], NULL) == 0;
		ck_assert_msg(is_set, "no value for %s", key->name);
		ck_assert_msg(stub_check_run(&stub, command, &err) < 0, "%s is lost", key->name);
		ck_assert_msg(strstr(err.text, key->name), "'%s' does not name %s", err.text,
			      key->name);
		refused++;
	}
	ck_assert_int_gt(refused, 30);
}
END_TEST

START_TEST(test_ports_without_a_network)
{
	give_options("");
	set_args("cmd");
	set("network", "none");
	set("hcs_mac", "02:42:ac:11:00:02");
	ck_assert_int_lt(stub_check_run(&stub, command, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "hcs_mac needs a network"));
}
END_TEST

START_TEST(test_nat_name_of_the_environment)
{
	struct json_object *made = NULL;

	ck_assert_int_eq(setenv("DOCKER_CONTAINER_NAT", "From outside", 1), 0);
	give_options("");
	ck_assert_str_eq(stub.nat_name, "From outside");
	give_options("nat_name = \"By option\";");
	ck_assert_str_eq(stub.nat_name, "By option");
	set("network", "private");
	ck_assert_int_eq(stub_document(&stub, command, &made, &err), 0);
	ck_assert_ptr_nonnull(strstr(json_object_to_json_string(made), "By option"));
	json_object_put(made);
}
END_TEST

/* Reads a line back as a program of Windows does. */
static void read_back(const char *line, char *out)
{
	bool inside = false;

	while (*line && (inside || (*line != ' ' && *line != '\t'))) {
		size_t slashes = strspn(line, "\\");

		line += slashes;
		if (*line != '"') {
			memset(out, '\\', slashes);
			out += slashes;
			if (*line && (inside || (*line != ' ' && *line != '\t')))
				*out++ = *line++;
			continue;
		}
		memset(out, '\\', slashes / 2);
		out += slashes / 2;
		if (slashes % 2)
			*out++ = '"';
		else
			inside = !inside;
		line++;
	}
	*out = '\0';
}

/* All texts of five characters out of those that matter. */
START_TEST(test_quoting_is_undone)
{
	static const char letters[] = "\\\" \tx";

	for (int n = 0; n < 5 * 5 * 5 * 5 * 5; n++) {
		char text[6] = "", back[32];
		cleanup_strbuf struct strbuf line = {0};

		for (int i = 0, rest = n; i < 5; i++, rest /= 5)
			text[i] = letters[rest % 5];
		text[n % 6] = '\0';
		process_quote(&line, text);
		ck_assert_int_eq(sb_add(&line, " next"), 0);
		read_back(line.text, back);
		ck_assert_msg(strcmp(back, text) == 0, "[%s] became [%s], read as [%s]", text,
			      line.text, back);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_document");
	TCase *tc = tap_tcase(s, "document");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, test_documents, 0, COUNT(documents));
	tcase_add_loop_test(tc, test_processes, 0, COUNT(processes));
	tcase_add_test(tc, test_refusals_in_order);
	tcase_add_loop_test(tc, test_unsupported, 0, COUNT(unsupported));
	tcase_add_test(tc, test_no_key_is_lost);
	tcase_add_test(tc, test_ports_without_a_network);
	tcase_add_test(tc, test_nat_name_of_the_environment);
	tcase_add_test(tc, test_quoting_is_undone);
	return tap_main(s);
}
