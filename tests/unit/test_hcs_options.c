/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of hcs-stub: defaults, what each schema knows, what is refused in which words. */
#include "tests/tap.h"

#include <string.h>

#include "drivers/hcs-stub/stub.h"
#include "tests/unit/hcs_options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct stub stub;
static struct exd_error err;

static int read_options(const char *text)
{
	stub_options_release(&stub);
	memset(&stub, 0, sizeof(stub));
	err = (struct exd_error)EXD_ERROR_INIT;
	return stub_options_read(&stub, options_parse(text), &err);
}

static void tear_down(void)
{
	stub_options_release(&stub);
	options_forget();
}

static void good(const char *text)
{
	ck_assert_msg(read_options(text) == 0, "%s: %s", text, err.text);
}

START_TEST(test_defaults)
{
	good("");
	ck_assert_int_eq(stub.schema, STUB_SCHEMA_1_10);
	ck_assert_str_eq(stub_schema_name(&stub), "1.10");
	ck_assert(!stub.dummy && !stub.forcekill && !stub.hyperv && stub.journal);
	ck_assert_int_eq(stub.shutdown_timeout_ms, 300000);
	ck_assert_int_eq(stub.terminate_timeout_ms, 300000);
	ck_assert_int_eq(stub.start_retries, 5);
	ck_assert_int_eq(stub.retry_delay_ms, 50);
	ck_assert_int_eq(stub.worker[0], '/');
	ck_assert_int_eq(stub.emulator[0], '/');
	ck_assert_str_eq(stub.faults, "[]");
	ck_assert_str_eq(stub.delays, "[]");
}
END_TEST

START_TEST(test_flags_as_the_original_had_them)
{
	good("dummy = 1; forcekill = 1; isolation = \"hyperv\"; journal = false;");
	ck_assert(stub.dummy && stub.forcekill && stub.hyperv && !stub.journal);
	good("dummy = false; forcekill = 0; isolation = \"process\"; journal = 1;");
	ck_assert(!stub.dummy && !stub.forcekill && !stub.hyperv && stub.journal);
	good("schema = \"1.9\"; terminate = true;");
	ck_assert(stub.forcekill);
	good("schema = \"1.8\"; terminate = 1;");
	ck_assert(stub.forcekill);
}
END_TEST

START_TEST(test_scripts)
{
	good("faults = ({ call = \"CreateComputeSystem\"; nth = 1; times = 3; error = "
	     "0x800401f3L; }, { call = \"StartComputeSystem\"; delay_ms = 5; error = "
	     "0x80070490; }); delays = ({ call = \"ShutdownComputeSystem\"; ms = 20; });");
	ck_assert_str_eq(stub.faults, "[{\"call\":\"CreateComputeSystem\",\"nth\":1,\"times\":3,"
				      "\"error\":2147746291,\"delay_ms\":0},"
				      "{\"call\":\"StartComputeSystem\",\"nth\":1,\"times\":1,"
				      "\"error\":2147943568,\"delay_ms\":5}]");
	ck_assert_str_eq(stub.delays, "[{\"call\":\"ShutdownComputeSystem\",\"ms\":20}]");
}
END_TEST

static const struct {
	const char *options, *text;
} bad[] = {
	{"isolation = \"vm\";", "Unrecognised exec driver option 'isolation':'vm'"},
	{"colour = 1;", "Unrecognised exec driver option: test.conf:1: 'colour' is not known"},
	{"terminate = true;", "Unrecognised exec driver option terminate"},
	{"schema = \"1.9\"; forcekill = true;", "Unrecognised exec driver option forcekill"},
	{"schema = \"1.9\"; isolation = \"process\";",
	 "Unrecognised exec driver option isolation"},
	{"schema = \"1.11\";", "option schema takes \"1.8\", \"1.9\" or \"1.10\""},
	{"schema = 1.9;", "option schema takes a text in quotes"},
	{"schema = \"\";", "option schema takes a text in quotes"},
	{"dummy = \"yes\";", "option dummy takes true or false"},
	{"forcekill = 2;", "option forcekill takes true or false"},
	{"isolation = true;", "option isolation takes a text in quotes"},
	{"worker = \"bin/worker\";", "option worker takes an absolute path"},
	{"emulator = 5;", "option emulator takes a text in quotes"},
	{"start_retries = 0;", "option start_retries takes"},
	{"start_retries = 1001;", "option start_retries takes a number from 0 to 1000"},
	{"retry_delay_ms = \"50\";", "option retry_delay_ms takes a number"},
	{"shutdown_timeout_ms = -1;", "option shutdown_timeout_ms takes a number"},
	{"faults = 5;", "option faults takes a list of groups"},
	{"faults = ({ nth = 1; });", "option faults.[0]: there is no call"},
	{"faults = ({ call = \"Nonsense\"; error = 0x800401f3L; });",
	 "option faults.[0]: the service has no such call"},
	{"faults = ({ call = \"CreateComputeSystem\"; });",
	 "option faults.[0]: error must be from 2147483648 to 4294967295"},
	{"faults = ({ call = \"CreateComputeSystem\"; error = 5; });",
	 "option faults.[0]: error must be"},
	{"faults = ({ call = \"CreateComputeSystem\"; error = 0x800401f3L; nth = 0; });",
	 "option faults.[0]: nth must be from 1"},
	{"faults = ({ call = \"CreateComputeSystem\"; error = 0x800401f3L; often = 2; });",
	 "option faults.[0]: there is a member that is not known"},
	{"delays = ({ call = \"StartComputeSystem\"; });", "option delays.[0]: ms must be"},
};

START_TEST(test_refused)
{
	ck_assert_int_lt(read_options(bad[_i].options), 0);
	ck_assert_int_eq(err.code, EXD_ERR_DRIVER_OPTION);
	ck_assert_msg(strncmp(err.text, bad[_i].text, strlen(bad[_i].text)) == 0,
		      "%s: '%s' is not '%s'", bad[_i].options, err.text, bad[_i].text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_options");
	TCase *tc = tap_tcase(s, "options");

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, test_defaults);
	tcase_add_test(tc, test_flags_as_the_original_had_them);
	tcase_add_test(tc, test_scripts);
	tcase_add_loop_test(tc, test_refused, 0, COUNT(bad));
	return tap_main(s);
}
