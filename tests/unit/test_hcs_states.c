/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The emulated compute service: which call gives which code in which state. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/hcs_rig.h"

enum call { CREATE,
	    START,
	    PROCESS,
	    WAIT,
	    SHUTDOWN,
	    TERMINATE,
	    END_PROCESS,
	    RESIZE,
	    CALLS };

static const int no_handles[3] = {-1, -1, -1};

/* Makes a call about a process that there never is, so that it changes as little as it can. */
static uint32_t make_call(struct hcs_client *client, enum call call)
{
	struct hcs_process process;
	uint32_t code, result;

	switch (call) {
	case CREATE:
		return hcs_create_system(client, "web", RIG_DOCUMENT("web"));
	case START:
		return hcs_start_system(client, "web");
	case PROCESS:
		result = hcs_create_process(client, "web", RIG_PROCESS("true"), no_handles,
					    &process);
		if (result == HCS_OK)
			rig_close(&process);
		return result;
	case WAIT:
		return hcs_wait_process(client, "web", 1, &code);
	case SHUTDOWN:
		return hcs_shutdown_system(client, "web", 0);
	case TERMINATE:
		return hcs_terminate_system(client, "web");
	case END_PROCESS:
		return hcs_terminate_process(client, "web", 1);
	case RESIZE:
	case CALLS:
	default:
		return hcs_resize_console(client, "web", 1, 10, 20);
	}
}

static void check_row(struct hcs_client *client, const uint32_t *row)
{
	for (enum call call = CREATE; call < CALLS; call++)
		if (row[call])
			ck_hcs(make_call(client, call), row[call]);
}

START_TEST(test_no_system)
{
	static const uint32_t row[CALLS] = {
		[START] = HCS_E_NO_SUCH_SYSTEM,
		[PROCESS] = HCS_E_NO_SUCH_SYSTEM,
		[WAIT] = HCS_E_NO_SUCH_SYSTEM,
		[SHUTDOWN] = HCS_E_NO_SUCH_SYSTEM,
		[TERMINATE] = HCS_E_NO_SUCH_SYSTEM,
		[END_PROCESS] = HCS_E_NO_SUCH_SYSTEM,
		[RESIZE] = HCS_E_NO_SUCH_SYSTEM,
	};
	struct hcs_client *client = rig_client();
	char *json;
	int fd;

	check_row(client, row);
	ck_hcs(hcs_properties(client, "web", &json), HCS_E_NO_SUCH_SYSTEM);
	ck_hcs(hcs_watch_system(client, "web", &fd), HCS_E_NO_SUCH_SYSTEM);
	rig_end(client);
}
END_TEST

START_TEST(test_created)
{
	static const uint32_t row[CALLS] = {
		[CREATE] = HCS_E_SYSTEM_EXISTS,
		[PROCESS] = HCS_E_INVALID_STATE,
		[WAIT] = HCS_E_NOT_FOUND,
		[SHUTDOWN] = HCS_E_INVALID_STATE,
		[END_PROCESS] = HCS_E_NOT_FOUND,
		[RESIZE] = HCS_E_NOT_FOUND,
	};
	struct hcs_client *client = rig_client();

	ck_hcs(make_call(client, CREATE), HCS_OK);
	check_row(client, row);
	ck_hcs(make_call(client, TERMINATE), HCS_OK);
	ck_hcs(make_call(client, TERMINATE), HCS_E_ALREADY_STOPPED);
	rig_end(client);
}
END_TEST

START_TEST(test_running)
{
	static const uint32_t row[CALLS] = {
		[CREATE] = HCS_E_SYSTEM_EXISTS,
		[START] = HCS_E_INVALID_STATE,
		[WAIT] = HCS_E_NOT_FOUND,
		[END_PROCESS] = HCS_E_NOT_FOUND,
		[RESIZE] = HCS_E_NOT_FOUND,
	};
	struct hcs_client *client = rig_client();

	rig_system(client, "web", RIG_DOCUMENT("web"));
	check_row(client, row);
	ck_hcs(make_call(client, PROCESS), HCS_OK);
	ck_hcs(make_call(client, TERMINATE), HCS_OK);
	rig_end(client);
}
END_TEST

/* One that does not do what it is asked keeps its system in this state. */
START_TEST(test_shutting_down)
{
	static const uint32_t row[CALLS] = {
		[CREATE] = HCS_E_SYSTEM_EXISTS,
		[START] = HCS_E_SHUTTING_DOWN,
		[PROCESS] = HCS_E_SHUTTING_DOWN,
		[SHUTDOWN] = HCS_E_SHUTTING_DOWN,
		[END_PROCESS] = HCS_E_NOT_FOUND,
	};
	struct hcs_client *client = rig_client();
	struct hcs_process process;
	int ends[2], handles[3] = {-1, -1, -1};
	char byte;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	handles[1] = ends[1];
	rig_system(client, "web", RIG_DOCUMENT("web"));
	ck_hcs(hcs_create_process(client, "web",
				  RIG_PROCESS("sh -c \\\"trap '' TERM; echo; while :; do sleep 9; "
					      "done\\\""),
				  handles, &process),
	       HCS_OK);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	ck_hcs(hcs_shutdown_system(client, "web", 1), HCS_E_PENDING);
	check_row(client, row);
	ck_hcs(make_call(client, TERMINATE), HCS_OK);
	rig_close(&process);
	close(ends[0]);
	close(ends[1]);
	rig_end(client);
}
END_TEST

START_TEST(test_stopped)
{
	static const uint32_t row[CALLS] = {
		[START] = HCS_E_ALREADY_STOPPED,
		[PROCESS] = HCS_E_ALREADY_STOPPED,
		[WAIT] = HCS_E_NOT_FOUND,
		[SHUTDOWN] = HCS_E_ALREADY_STOPPED,
		[TERMINATE] = HCS_E_ALREADY_STOPPED,
		[END_PROCESS] = HCS_E_ALREADY_STOPPED,
		[RESIZE] = HCS_E_ALREADY_STOPPED,
	};
	struct hcs_client *client = rig_client();
	int fd;

	rig_system(client, "web", RIG_DOCUMENT("web"));
	ck_hcs(hcs_shutdown_system(client, "web", HCS_FOR_EVER), HCS_OK);
	check_row(client, row);
	ck_hcs(hcs_watch_system(client, "web", &fd), HCS_OK);
	rig_readable(fd);
	close(fd);
	/* The id is free again. */
	ck_hcs(make_call(client, CREATE), HCS_OK);
	ck_hcs(make_call(client, TERMINATE), HCS_OK);
	rig_end(client);
}
END_TEST

START_TEST(test_properties)
{
	static const char document[] =
		"{\"SystemType\":\"Container\",\"Name\":\"cowork-vm-929216c6\",\"Owner\":\"docker\"}";
	struct hcs_client *client = rig_client();
	const char *id = "cowork-vm-929216c6";
	char *json = NULL;

	ck_hcs(hcs_create_system(client, id, document), HCS_OK);
	ck_hcs(hcs_properties(client, id, &json), HCS_OK);
	ck_assert_str_eq(json, "{\"Id\":\"cowork-vm-929216c6\",\"SystemType\":\"Container\","
			       "\"Owner\":\"docker\",\"State\":\"Created\","
			       "\"RuntimeId\":\"d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4\","
			       "\"HvPartition\":false,\"Isolated\":false,\"ProcessList\":[]}");
	free(json);
	ck_hcs(hcs_start_system(client, id), HCS_OK);
	{
		struct hcs_process process = rig_process(client, id, RIG_PROCESS("sleep 100"));
		char want[64];

		snprintf(want, sizeof(want),
			 "[{\"ProcessId\":%u,\"CommandLine\":\"sleep 100\"}]", process.process_id);
		ck_hcs(hcs_properties(client, id, &json), HCS_OK);
		ck_assert_ptr_nonnull(strstr(json, "\"State\":\"Running\""));
		ck_assert_ptr_nonnull(strstr(json, want));
		free(json);
		rig_close(&process);
	}
	ck_hcs(hcs_terminate_system(client, id), HCS_OK);
	ck_hcs(hcs_properties(client, id, &json), HCS_OK);
	ck_assert_ptr_nonnull(strstr(json, "\"State\":\"Stopped\""));
	ck_assert_ptr_nonnull(strstr(json, "\"ProcessList\":[]"));
	free(json);
	rig_end(client);
}
END_TEST

/* Documents and what is wrong with them. */
static const struct {
	const char *rest; /* of the document, after SystemType and Name */
	uint32_t result;
} documents[] = {
	{"", HCS_OK},
	{",\"Layers\":null,\"Devices\":[],\"MappedDirectories\":null", HCS_OK},
	{",\"Layers\":[{\"ID\":\"x\",\"Path\":\"C:\\\\layers\\\\x\"}],\"HvPartition\":true", HCS_OK},
	{",\"Layers\":[{\"Id\":\"x\",\"Path\":\"layers\"}]", HCS_E_BAD_PATH},
	{",\"Layers\":[{\"ID\":\"x\"}]", HCS_E_INVALID_JSON},
	{",\"VolumePath\":\"\\\\\\\\?\\\\Volume{1}\\\\\"", HCS_OK},
	{",\"VolumePath\":\"volume\"", HCS_E_BAD_PATH},
	{",\"VolumePath\":\"/nowhere/at/all\"", HCS_E_PATH_NOT_FOUND},
	{",\"MappedDirectories\":[{\"HostPath\":\"/nowhere/at/all\",\"ContainerPath\":\"/x\"}]",
	 HCS_E_PATH_NOT_FOUND},
	{",\"MappedDirectories\":[{\"HostPath\":\"/\",\"ContainerPath\":\"x\"}]", HCS_E_BAD_PATH},
	{",\"Devices\":[{\"DeviceType\":\"Network\",\"Connection\":{\"NetworkName\":\"n\","
	 "\"EnableNat\":false,\"Nat\":{\"Name\":\"ContainerNAT\",\"PortBindings\":[{\"Protocol\":"
	 "\"TCP\",\"InternalPort\":80,\"ExternalPort\":65535}]}},\"Settings\":null}]",
	 HCS_OK},
	{",\"Devices\":[{\"DeviceType\":\"Network\",\"Connection\":{\"Nat\":{\"PortBindings\":[{"
	 "\"Protocol\":\"TCP\",\"InternalPort\":80,\"ExternalPort\":65536}]}}}]",
	 HCS_E_INVALID_JSON},
	{",\"Devices\":[{\"DeviceType\":\"Network\",\"Settings\":{\"MacAddress\":"
	 "\"00-11-22-33-aa-BB\"}}]",
	 HCS_OK},
	{",\"Devices\":[{\"DeviceType\":\"Network\",\"Settings\":{\"MacAddress\":"
	 "\"00:11:22:33:44:55\"}}]",
	 HCS_E_INVALID_ARGUMENT},
	{",\"Devices\":[{\"DeviceType\":\"Disk\"}]", HCS_E_INVALID_ARGUMENT},
	{",\"ProcessorWeight\":10001", HCS_E_INVALID_JSON},
	{",\"ProcessorWeight\":-1", HCS_E_INVALID_JSON},
	{",\"ProcessorWeight\":\"5\"", HCS_E_INVALID_JSON},
	{",\"HvPartition\":1", HCS_E_INVALID_JSON},
	{",\"Owner\":null", HCS_E_INVALID_JSON},
	{",\"Owner\":\"a\\u0000b\"", HCS_E_INVALID_JSON},
	{",\"MemoryMaximum\":5", HCS_E_INVALID_JSON},
	{",\"HostName\":\"h\"} ", HCS_E_INVALID_JSON},
};

START_TEST(test_documents)
{
	struct hcs_client *client = rig_client();

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		char text[512];
		uint32_t result;

		snprintf(text, sizeof(text), "{\"SystemType\":\"Container\",\"Name\":\"web\"%s}",
			 documents[i].rest);
		result = hcs_create_system(client, "web", text);
		ck_assert_msg(result == documents[i].result, "%s: 0x%08x", text, result);
		if (result == HCS_OK)
			ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	}
	ck_hcs(hcs_create_system(client, "web", ""), HCS_E_INVALID_JSON);
	ck_hcs(hcs_create_system(client, "web", "{"), HCS_E_INVALID_JSON);
	ck_hcs(hcs_create_system(client, "web", "[]"), HCS_E_INVALID_JSON);
	ck_hcs(hcs_create_system(client, "web", "{\"Name\":\"web\"}"), HCS_E_INVALID_JSON);
	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("db")), HCS_E_INVALID_ARGUMENT);
	ck_hcs(hcs_create_system(client, "web",
				 "{\"SystemType\":\"VirtualMachine\",\"Name\":\"web\"}"),
	       HCS_E_INVALID_ARGUMENT);
	rig_end(client);
}
END_TEST

START_TEST(test_too_long)
{
	struct hcs_client *client = rig_client();
	char *text = malloc(HCS_TEXT_MAX + 2);
	size_t size = HCS_TEXT_MAX;

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', size + 1);
	text[size + 1] = '\0';
	ck_hcs(hcs_create_system(client, "web", text), HCS_E_TOO_LONG);
	text[size] = '\0';
	memcpy(text, RIG_DOCUMENT("web"), strlen(RIG_DOCUMENT("web")));
	ck_hcs(hcs_create_system(client, "web", text), HCS_OK);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	free(text);
	rig_end(client);
}
END_TEST

/* Systems that have stopped are remembered, but not all of them for ever. */
START_TEST(test_stopped_are_forgotten)
{
	struct hcs_client *client = rig_client();
	char id[16], document[64];

	for (int i = 0; i < 70; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		snprintf(document, sizeof(document),
			 "{\"SystemType\":\"Container\",\"Name\":\"s%d\"}", i);
		ck_hcs(hcs_create_system(client, id, document), HCS_OK);
		ck_hcs(hcs_terminate_system(client, id), HCS_OK);
	}
	ck_hcs(hcs_start_system(client, "s69"), HCS_E_ALREADY_STOPPED);
	ck_hcs(hcs_start_system(client, "s6"), HCS_E_ALREADY_STOPPED);
	ck_hcs(hcs_start_system(client, "s5"), HCS_E_NO_SUCH_SYSTEM);
	rig_end(client);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_states");
	TCase *tc = tap_tcase(s, "states");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_no_system);
	tcase_add_test(tc, test_created);
	tcase_add_test(tc, test_running);
	tcase_add_test(tc, test_shutting_down);
	tcase_add_test(tc, test_stopped);
	tcase_add_test(tc, test_properties);
	tcase_add_test(tc, test_documents);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_stopped_are_forgotten);
	return tap_main(s);
}
