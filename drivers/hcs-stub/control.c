/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to a container that exists: by its id, which is its system's at the service. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json_tokener.h>

#include <execdriver/version.h>

#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/members.h"
#include "drivers/hcs-stub/stub.h"

#define PATIENCE_MS 20000

static void client_close(struct hcs_client **client)
{
	*client = hcs_disconnect(*client);
}

#define cleanup_client CLEANUP(client_close)

static int failed_call(const struct exd_record *record, const char *call, uint32_t code,
		       struct exd_error *err)
{
	bool late = code == HCS_E_TIMEOUT;

	return exd_error_set(err, late ? EXD_ERR_TIMEOUT : EXD_ERR_SYSTEM, late ? ETIMEDOUT : EIO,
			     "container '%s': %s: 0x%08x, %s", exd_record_id(record), call, code,
			     hcs_error_text(code));
}

static int not_running(const struct exd_record *record, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH, "container '%s' is not running",
			     exd_record_id(record));
}

/* Without the service there is no system: 0 and no client. */
static int reach(const struct exd_record *record, struct hcs_client **client, struct exd_error *err)
{
	int r = hcs_connect(exd_record_root_fd(record), PATIENCE_MS, client);

	if (r == -ENOENT || r == -ECONNREFUSED) {
		*client = NULL;
		return 0;
	}
	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -r,
				     "container '%s': the emulated service does not answer",
				     exd_record_id(record));
	return 0;
}

/* The system, and so its processes, are not there (any more). */
static bool is_gone(uint32_t code)
{
	return code == HCS_E_NO_SUCH_SYSTEM || code == HCS_E_ALREADY_STOPPED ||
	       code == HCS_E_SERVICE_GONE;
}

static int end_system(const struct exd_record *record, struct hcs_client *client,
		      struct exd_error *err)
{
	uint32_t code = hcs_terminate_system(client, exd_record_id(record));

	if (!HCS_FAILED(code) || is_gone(code))
		return 0;
	return failed_call(record, "TerminateComputeSystem", code, err);
}

int stub_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	cleanup_client struct hcs_client *client = NULL;
	int r = reach(record, &client, err);

	(void)self;
	if (r < 0 || !client)
		return r;
	return end_system(record, client, err);
}

/* What the service says of the system: *json stays NULL when there is none. */
static int ask(const struct exd_record *record, struct hcs_client *client,
	       struct json_object **json, struct exd_error *err)
{
	cleanup_free char *text = NULL;
	uint32_t code = hcs_properties(client, exd_record_id(record), &text);

	*json = NULL;
	if (is_gone(code))
		return 0;
	if (HCS_FAILED(code))
		return failed_call(record, "GetComputeSystemProperties", code, err);
	*json = json_tokener_parse(text);
	if (*json)
		return 0;
	return exd_error_set(err, EXD_ERR_PROTOCOL, EPROTO,
			     "container '%s': the emulated service gives no properties",
			     exd_record_id(record));
}

static const char *state_of(struct json_object *json)
{
	struct json_object *state = NULL;

	if (!json || !json_object_object_get_ex(json, "State", &state))
		return "";
	return json_object_get_string(state);
}

static bool is_running(struct json_object *json)
{
	return strcmp(state_of(json), "Running") == 0 ||
	       strcmp(state_of(json), "ShuttingDown") == 0;
}

/* Reached and asked in one. */
static int look_up(const struct exd_record *record, struct hcs_client **client,
		   struct json_object **json, struct exd_error *err)
{
	int r = reach(record, client, err);

	*json = NULL;
	if (r < 0 || !*client)
		return r;
	return ask(record, *client, json, err);
}

/* What the service has that comes near SIGTERM: all processes are asked to end, init among them. */
static int ask_to_end(const struct exd_record *record, struct hcs_client *client,
		      struct exd_error *err)
{
	uint32_t code = hcs_shutdown_system(client, exd_record_id(record), 0);

	if (is_gone(code))
		return not_running(record, err);
	if (code == HCS_OK || code == HCS_E_PENDING || code == HCS_E_SHUTTING_DOWN)
		return 0;
	return failed_call(record, "ShutdownComputeSystem", code, err);
}

int stub_kill(void *self, struct exd_record *record, int signal, struct exd_error *err)
{
	cleanup_client struct hcs_client *client = NULL;
	cleanup_json struct json_object *json = NULL;
	const struct stub *stub = self;
	int r = look_up(record, &client, &json, err);

	if (r < 0)
		return r;
	if (!is_running(json))
		return not_running(record, err);
	if (signal == 0)
		return 0;
	if (signal == SIGKILL || (signal == SIGTERM && stub->forcekill))
		return end_system(record, client, err);
	if (signal == SIGTERM)
		return ask_to_end(record, client, err);
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP,
			     "driver hcs-stub: the service has no signals: TERM shuts container "
			     "'%s' down, KILL terminates it",
			     exd_record_id(record));
}

int stub_clean(void *self, struct exd_record *record, struct exd_error *err)
{
	cleanup_client struct hcs_client *client = NULL;
	cleanup_json struct json_object *json = NULL;
	int r = look_up(record, &client, &json, err);

	(void)self;
	if (r < 0 || !json)
		return r;
	if (is_running(json))
		return exd_error_set(err, EXD_ERR_NOT_STOPPED, EBUSY,
				     "the system of container '%s' still runs: terminate it first",
				     exd_record_id(record));
	return end_system(record, client, err);
}

int stub_info(void *self, struct exd_record *record, struct exd_info *info, struct exd_error *err)
{
	cleanup_client struct hcs_client *client = NULL;
	cleanup_json struct json_object *json = NULL;
	const char *isolation = exd_record_note(record, "isolation");
	int r = look_up(record, &client, &json, err);

	(void)self;
	if (r < 0)
		return r;
	info->running = is_running(json);
	info->paused = false;
	(void)snprintf(info->driver, sizeof(info->driver), "hcs-stub %s", EXD_VERSION_STRING);
	(void)snprintf(info->isolation, sizeof(info->isolation), "%s",
		       isolation ? isolation : "process");
	return 0;
}

int stub_pids(void *self, struct exd_record *record, pid_t *pids, size_t max, struct exd_error *err)
{
	cleanup_client struct hcs_client *client = NULL;
	cleanup_json struct json_object *json = NULL;
	struct json_object *list = NULL, *id = NULL;
	int r = look_up(record, &client, &json, err);
	size_t count;

	(void)self;
	if (r < 0)
		return r;
	if (!is_running(json))
		return not_running(record, err);
	if (!json_object_object_get_ex(json, "ProcessList", &list) ||
	    !json_object_is_type(list, json_type_array))
		return 0;
	count = json_object_array_length(list);
	for (size_t i = 0; i < count && i < max; i++) {
		struct json_object *process = json_object_array_get_idx(list, i);

		pids[i] = json_object_object_get_ex(process, "ProcessId", &id)
				  ? (pid_t)json_object_get_int64(id)
				  : 0;
	}
	return (int)count;
}
