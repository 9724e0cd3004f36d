/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of state.json as the core gives it to the monitor. */
#include "core/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/procstat.h"
#include "core/plan.h"
#include "core/record_parse.h"

#define ARGS_MAX 16384u /* of their escaped text; more is cut */

static int put_text(struct json_object *to, const char *name, const char *text)
{
	return text ? json_put(to, name, json_object_new_string(text)) : 0;
}

static int put_number(struct json_object *to, const char *name, uint64_t number)
{
	return json_put(to, name, json_object_new_int64((int64_t)number));
}

static int append(struct json_object *to, struct json_object *value)
{
	if (value && json_object_array_add(to, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

/* Bytes that the text takes inside of JSON. */
static size_t escaped_size(const char *text)
{
	size_t size = 3;

	for (; *text; text++)
		size += (unsigned char)*text < ' ' ? 6 : *text == '"' || *text == '\\' ? 2
										       : 1;
	return size;
}

static int put_args(struct json_object *to, const struct exd_command *command)
{
	struct json_object *args = json_object_new_array();
	size_t count = exd_command_count(command, EXD_KEY_ARGS);
	size_t size = 0, i = 0;

	if (json_put(to, "args", args) < 0)
		return -ENOMEM;
	for (; i < count; i++) {
		const char *arg = exd_command_item(command, EXD_KEY_ARGS, i);

		size += escaped_size(arg);
		if (size > ARGS_MAX)
			return json_put(to, "args_cut", json_object_new_boolean(true));
		if (append(args, json_object_new_string(arg)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int put_annotations(struct json_object *to, const struct exd_command *command)
{
	struct json_object *annotations = json_object_new_object();
	size_t count = exd_command_count(command, EXD_KEY_ANNOTATIONS);

	if (json_put(to, "annotations", annotations) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *item = exd_command_item(command, EXD_KEY_ANNOTATIONS, i);
		const char *equals = strchr(item, '=');
		cleanup_free char *name =
			strndup(item, equals ? (size_t)(equals - item) : strlen(item));

		if (!name || put_text(annotations, name, equals ? equals + 1 : "") < 0)
			return -ENOMEM;
	}
	return 0;
}

static int put_cgroups(struct json_object *to, const struct exd_plan *plan)
{
	struct json_object *cgroups = json_object_new_array();

	if (json_put(to, "cgroups", cgroups) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		const struct plan_cgroup *cgroup = &plan->cgroups[i];
		struct json_object *entry = json_object_new_object();

		if (append(cgroups, entry) < 0 ||
		    put_text(entry, "controllers", cgroup->controllers) < 0 ||
		    put_text(entry, "mount", cgroup->mount) < 0 ||
		    put_text(entry, "path", cgroup->path) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int put_notes(struct json_object *to, const struct exd_plan *plan)
{
	struct json_object *notes = json_object_new_object();

	if (json_put(to, "notes", notes) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < plan->note_count; i++)
		if (put_text(notes, plan->notes[i].name, plan->notes[i].value) < 0)
			return -ENOMEM;
	return 0;
}

static int put_monitor(struct json_object *to, const struct state_fields *fields)
{
	struct json_object *monitor = json_object_new_object();

	if (json_put(to, "monitor", monitor) < 0 ||
	    put_text(monitor, "dir", fields->monitor_dir) < 0 ||
	    put_number(monitor, "pid", (uint64_t)fields->monitor_pid) < 0)
		return -ENOMEM;
	return put_number(monitor, "start_time", fields->monitor_start_time);
}

static int put_all(struct json_object *to, const struct state_fields *fields)
{
	const char *rootfs = exd_command_string(fields->command, EXD_KEY_ROOTFS, NULL);
	char boot[BOOT_ID_SIZE], hash[20];
	int r = boot_id(boot);

	snprintf(hash, sizeof(hash), "%016" PRIx64, fields->plan_hash);
	if (r < 0)
		return r;
	if (put_text(to, "id", fields->id) < 0 || put_text(to, "driver", fields->driver) < 0 ||
	    put_number(to, "created_ns", fields->created_ns) < 0 ||
	    json_put(to, "detached", json_object_new_boolean(fields->detached)) < 0 ||
	    put_text(to, "rootfs", rootfs) < 0 || put_text(to, "plan_hash", hash) < 0 ||
	    put_text(to, "boot_id", boot) < 0 || put_args(to, fields->command) < 0 ||
	    put_annotations(to, fields->command) < 0 || put_cgroups(to, fields->plan) < 0 ||
	    put_notes(to, fields->plan) < 0 || put_monitor(to, fields) < 0)
		return -ENOMEM;
	return 0;
}

int state_text(const struct state_fields *fields, char **text, struct exd_error *err)
{
	cleanup_json struct json_object *json = json_object_new_object();
	const char *whole = NULL;
	size_t size = 0;
	int r = json ? put_all(json, fields) : -ENOMEM;

	if (r == 0)
		whole = json_object_to_json_string_length(
			json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	if (!whole)
		return exd_error_set(err, EXD_ERR_STATE, r ? -r : ENOMEM,
				     "cannot write the record of container '%s'", fields->id);
	if (size > STATE_TEXT_MAX)
		return exd_error_set(
			err, EXD_ERR_KEY, E2BIG,
			"key 'annotations': the record of container '%s' would take %zu bytes, "
			"more than %u",
			fields->id, size, STATE_TEXT_MAX);
	*text = strndup(whole, size - 1);
	return *text ? 0 : exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot write the record");
}
