/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's section of the configuration. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/hcs-stub/hcs_protocol.h"
#include "drivers/hcs-stub/members.h"
#include "drivers/hcs-stub/stub.h"

#define NAT_ENVIRONMENT "DOCKER_CONTAINER_NAT"
#define NAT_NAME "ContainerNAT"
#define DAY_MS 86400000

static const char *const schemas[] = {
	[STUB_SCHEMA_1_8] = "1.8",
	[STUB_SCHEMA_1_9] = "1.9",
	[STUB_SCHEMA_1_10] = "1.10",
};

const char *stub_schema_name(const struct stub *stub)
{
	return schemas[stub->schema];
}

static const char *const known[] = {
	"schema", "dummy", "forcekill", "terminate",
	"isolation", "journal", "nat_name", "worker",
	"emulator", "start_retries", "retry_delay_ms", "shutdown_timeout_ms",
	"faults", "delays", "terminate_timeout_ms", NULL};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

struct reading {
	struct stub *stub;
	const struct exd_options *options;
	struct exd_error *err;
};

/* There is no getter for it: an option is there when a list without it is not enough. */
static bool present(const struct reading *in, const char *name)
{
	const char *others[KNOWN_COUNT];
	size_t count = 0;

	for (size_t i = 0; known[i]; i++)
		if (strcmp(known[i], name) != 0)
			others[count++] = known[i];
	others[count] = NULL;
	return exd_options_check(in->options, others, NULL) < 0;
}

static int refuse(const struct reading *in, const char *name, const char *takes)
{
	return exd_error_set(in->err, EXD_ERR_DRIVER_OPTION, 0, "option %s takes %s", name, takes);
}

static int unrecognised(const struct reading *in, const char *name)
{
	return exd_error_set(in->err, EXD_ERR_DRIVER_OPTION, 0,
			     "Unrecognised exec driver option %s", name);
}

static int read_text(const struct reading *in, const char *name, const char *fallback,
		     const char **out)
{
	*out = exd_options_string(in->options, name, NULL);
	if (*out ? !**out : present(in, name))
		return refuse(in, name, "a text in quotes");
	if (!*out)
		*out = fallback;
	return 0;
}

static int copy_text(const struct reading *in, const char *name, const char *fallback, char **out)
{
	const char *text;
	int r = read_text(in, name, fallback, &text);

	if (r < 0)
		return r;
	*out = strdup(text);
	return *out ? 0 : exd_error_set(in->err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read options");
}

/* The original took NAME=1. */
static int read_flag(const struct reading *in, const char *name, bool fallback, bool *out)
{
	int64_t number = exd_options_number(in->options, name, -1);

	*out = exd_options_bool(in->options, name, fallback);
	if (!present(in, name) || exd_options_bool(in->options, name, !*out) == *out)
		return 0;
	if (number != 0 && number != 1)
		return refuse(in, name, "true or false");
	*out = number == 1;
	return 0;
}

static int read_number(const struct reading *in, const char *name, int64_t fallback, int64_t most,
		       int64_t *out)
{
	char takes[64];

	*out = exd_options_number(in->options, name, present(in, name) ? -1 : fallback);
	if (*out >= 0 && *out <= most)
		return 0;
	(void)snprintf(takes, sizeof(takes), "a number from 0 to %" PRId64, most);
	return refuse(in, name, takes);
}

static int read_schema(const struct reading *in)
{
	const char *text;
	int r = read_text(in, "schema", "1.10", &text);

	if (r < 0)
		return r;
	for (int i = STUB_SCHEMA_1_8; i <= STUB_SCHEMA_1_10; i++)
		if (strcmp(schemas[i], text) == 0) {
			in->stub->schema = (enum stub_schema)i;
			return 0;
		}
	return refuse(in, "schema", "\"1.8\", \"1.9\" or \"1.10\"");
}

/* What was called `terminate` became `forcekill` when `isolation` came. */
static int read_ways(const struct reading *in)
{
	bool old = in->stub->schema < STUB_SCHEMA_1_10;
	const char *foreign = old ? "forcekill" : "terminate", *isolation;
	int r;

	if (present(in, foreign))
		return unrecognised(in, foreign);
	if (old && present(in, "isolation"))
		return unrecognised(in, "isolation");
	r = read_flag(in, "dummy", false, &in->stub->dummy);
	if (r == 0)
		r = read_flag(in, old ? "terminate" : "forcekill", false, &in->stub->forcekill);
	if (r == 0)
		r = read_text(in, "isolation", "process", &isolation);
	if (r < 0)
		return r;
	if (!str_in(isolation, (const char *const[]){"process", "hyperv", NULL}))
		return exd_error_set(in->err, EXD_ERR_DRIVER_OPTION, 0,
				     "Unrecognised exec driver option 'isolation':'%s'", isolation);
	in->stub->hyperv = strcmp(isolation, "hyperv") == 0;
	return 0;
}

static int read_programs(const struct reading *in)
{
	const char *nat = secure_getenv(NAT_ENVIRONMENT);
	int r = copy_text(in, "nat_name", nat && *nat ? nat : NAT_NAME, &in->stub->nat_name);

	if (r == 0)
		r = copy_text(in, "worker", EXD_HCS_WORKER_PATH, &in->stub->worker);
	if (r == 0)
		r = copy_text(in, "emulator", EXD_HCS_EMULATOR_PATH, &in->stub->emulator);
	if (r < 0)
		return r;
	if (in->stub->worker[0] != '/')
		return refuse(in, "worker", "an absolute path");
	if (in->stub->emulator[0] != '/')
		return refuse(in, "emulator", "an absolute path");
	return 0;
}

static int read_patience(const struct reading *in)
{
	struct stub *stub = in->stub;
	int r = read_number(in, "shutdown_timeout_ms", 300000, DAY_MS, &stub->shutdown_timeout_ms);

	if (r == 0)
		r = read_number(in, "terminate_timeout_ms", 300000, DAY_MS,
				&stub->terminate_timeout_ms);
	if (r == 0)
		r = read_number(in, "start_retries", 5, 1000, &stub->start_retries);
	if (r == 0)
		r = read_number(in, "retry_delay_ms", 50, 60000, &stub->retry_delay_ms);
	if (r == 0 && stub->start_retries < 1)
		return refuse(in, "start_retries", "a number of attempts, at least 1");
	return r < 0 ? r : read_flag(in, "journal", true, &stub->journal);
}

/* ---- scripts: lists of groups ---- */

struct number_of {
	const char *name;
	int64_t fallback, least, most;
};

static const struct number_of fault_numbers[] = {
	{"nth", 1, 1, INT32_MAX},
	{"times", 1, 1, INT32_MAX},
	{"error", 0, 0x80000000, UINT32_MAX},
	{"delay_ms", 0, 0, DAY_MS},
	{NULL, 0, 0, 0},
};

static const struct number_of delay_numbers[] = {
	{"ms", -1, 0, DAY_MS},
	{NULL, 0, 0, 0},
};

struct script {
	const struct reading *in;
	const char *name; /* of the option */
	size_t index;
	struct json_object *entry;
	size_t found; /* members that are known */
	bool failed;
};

static int refuse_entry(const struct script *script, const char *why)
{
	return exd_error_set(script->in->err, EXD_ERR_DRIVER_OPTION, 0, "option %s.[%zu]: %s",
			     script->name, script->index, why);
}

static void path_of(const struct script *script, const char *member, char path[64])
{
	(void)snprintf(path, 64, "%s.[%zu].%s", script->name, script->index, member);
}

static int read_call(struct script *script)
{
	char path[64];
	const char *call;

	path_of(script, "call", path);
	call = exd_options_string(script->in->options, path, NULL);
	if (!call)
		return refuse_entry(script, "there is no call = \"...\"");
	if (hcs_call_find(call) < 0)
		return refuse_entry(script, "the service has no such call");
	script->found++;
	member_text(&script->failed, script->entry, "call", call);
	return 0;
}

static int read_member(struct script *script, const struct number_of *number)
{
	char path[64], why[96];
	int64_t value, other;

	path_of(script, number->name, path);
	value = exd_options_number(script->in->options, path, number->fallback);
	other = exd_options_number(script->in->options, path, number->fallback - 1);
	if (value == other) {
		script->found++;
		/* libconfig has 0x800401f3 without an L as a negative number */
		if (value < 0 && value >= INT32_MIN)
			value = (uint32_t)value;
	}
	if (value < number->least || value > number->most) {
		(void)snprintf(why, sizeof(why), "%s must be from %" PRId64 " to %" PRId64,
			       number->name, number->least, number->most);
		return refuse_entry(script, why);
	}
	member_number(&script->failed, script->entry, number->name, value);
	return 0;
}

static int read_entry(struct script *script, const struct number_of *numbers)
{
	char path[64];
	int r = read_call(script);

	for (size_t i = 0; r == 0 && numbers[i].name; i++)
		r = read_member(script, &numbers[i]);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s.[%zu]", script->name, script->index);
	if (exd_options_count(script->in->options, path) != script->found)
		return refuse_entry(script, "there is a member that is not known or no number");
	return 0;
}

static int read_script(const struct reading *in, const char *name, const struct number_of *numbers,
		       char **out)
{
	cleanup_json struct json_object *list = json_object_new_array();
	size_t count = exd_options_count(in->options, name);
	bool failed = false;
	int r = 0;

	if (count == 0 && present(in, name))
		return refuse(in, name, "a list of groups: ( { call = \"...\"; }, ... )");
	for (size_t i = 0; i < count && r == 0; i++) {
		struct script script = {.in = in, .name = name, .index = i};

		script.entry = element_put(&failed, list, json_object_new_object());
		r = read_entry(&script, numbers);
		failed |= script.failed;
	}
	if (r < 0)
		return r;
	if (!failed)
		*out = strdup(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));
	return *out ? 0 : exd_error_set(in->err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read options");
}

int stub_options_read(struct stub *stub, const struct exd_options *options, struct exd_error *err)
{
	struct reading in = {.stub = stub, .options = options, .err = err};
	int r = exd_options_check(options, known, err);

	if (r < 0)
		return exd_error_prefix(err, r, "Unrecognised exec driver option");
	r = read_schema(&in);
	if (r == 0)
		r = read_ways(&in);
	if (r == 0)
		r = read_programs(&in);
	if (r == 0)
		r = read_patience(&in);
	if (r == 0)
		r = read_script(&in, "faults", fault_numbers, &stub->faults);
	return r < 0 ? r : read_script(&in, "delays", delay_numbers, &stub->delays);
}

void stub_options_release(struct stub *stub)
{
	free(stub->nat_name);
	free(stub->worker);
	free(stub->emulator);
	free(stub->faults);
	free(stub->delays);
}
