/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of state.json as the core gives it to the monitor. Written as it goes, since a tree of
 * JSON objects would be most of what a run allocates.
 */
#include "core/state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "core/plan.h"

#define ARGS_MAX 16384u /* of their escaped text; more is cut */

static void put_name(struct strbuf *to, const char *name)
{
	char last = to->size ? to->text[to->size - 1] : '{';

	if (last != '{' && last != '[')
		(void)sb_add_bytes(to, ",", 1);
	if (name) {
		(void)sb_add_json_raw(to, name);
		(void)sb_add_bytes(to, ":", 1);
	}
}

/* In an array name is NULL. */
static void put_text(struct strbuf *to, const char *name, const char *text)
{
	if (!text)
		return;
	put_name(to, name);
	(void)sb_add_json_raw(to, text);
}

static void put_number(struct strbuf *to, const char *name, uint64_t number)
{
	put_name(to, name);
	(void)sb_addf(to, "%" PRIu64, number);
}

static void put_bool(struct strbuf *to, const char *name, bool value)
{
	put_name(to, name);
	(void)sb_add(to, value ? "true" : "false");
}

static void open_nest(struct strbuf *to, const char *name, const char *bracket)
{
	put_name(to, name);
	(void)sb_add(to, bracket);
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

static void put_args(struct strbuf *to, const struct exd_command *command)
{
	size_t count = exd_command_count(command, EXD_KEY_ARGS);
	size_t size = 0, i = 0;

	open_nest(to, "args", "[");
	for (; i < count; i++) {
		const char *arg = exd_command_item(command, EXD_KEY_ARGS, i);

		size += escaped_size(arg);
		if (size > ARGS_MAX)
			break;
		put_text(to, NULL, arg);
	}
	(void)sb_add(to, "]");
	if (i < count)
		put_bool(to, "args_cut", true);
}

static void put_annotations(struct strbuf *to, const struct exd_command *command)
{
	size_t count = exd_command_count(command, EXD_KEY_ANNOTATIONS);

	open_nest(to, "annotations", "{");
	for (size_t i = 0; i < count; i++) {
		const char *item = exd_command_item(command, EXD_KEY_ANNOTATIONS, i);
		const char *equals = strchr(item, '=');
		cleanup_free char *name =
			strndup(item, equals ? (size_t)(equals - item) : strlen(item));

		if (!name)
			to->error = -ENOMEM;
		else
			put_text(to, name, equals ? equals + 1 : "");
	}
	(void)sb_add(to, "}");
}

static void put_cgroups(struct strbuf *to, const struct exd_plan *plan)
{
	open_nest(to, "cgroups", "[");
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		const struct plan_cgroup *cgroup = &plan->cgroups[i];

		open_nest(to, NULL, "{");
		put_text(to, "controllers", cgroup->controllers);
		put_text(to, "mount", cgroup->mount);
		put_text(to, "path", cgroup->path);
		(void)sb_add(to, "}");
	}
	(void)sb_add(to, "]");
}

static void put_notes(struct strbuf *to, const struct exd_plan *plan)
{
	open_nest(to, "notes", "{");
	for (size_t i = 0; i < plan->note_count; i++)
		put_text(to, plan->notes[i].name, plan->notes[i].value);
	(void)sb_add(to, "}");
}

static void put_monitor(struct strbuf *to, const struct state_fields *fields)
{
	open_nest(to, "monitor", "{");
	put_text(to, "dir", fields->monitor_dir);
	put_number(to, "pid", (uint64_t)fields->monitor_pid);
	put_number(to, "start_time", fields->monitor_start_time);
	(void)sb_add(to, "}");
}

int state_text(const struct state_fields *fields, char **text, struct exd_error *err)
{
	cleanup_strbuf struct strbuf to = {0};

	(void)sb_add(&to, "{");
	put_text(&to, "id", fields->id);
	put_text(&to, "driver", fields->driver);
	put_number(&to, "created_ns", fields->created_ns);
	put_bool(&to, "detached", fields->detached);
	put_text(&to, "rootfs", exd_command_string(fields->command, EXD_KEY_ROOTFS, NULL));
	put_name(&to, "plan_hash");
	(void)sb_addf(&to, "\"%016" PRIx64 "\"", fields->plan_hash);
	put_text(&to, "boot_id", fields->boot_id);
	put_args(&to, fields->command);
	put_annotations(&to, fields->command);
	put_cgroups(&to, fields->plan);
	put_notes(&to, fields->plan);
	put_monitor(&to, fields);
	if (to.error)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM,
				     "cannot write the record of container '%s'", fields->id);
	if (to.size >= STATE_TEXT_MAX)
		return exd_error_set(
			err, EXD_ERR_KEY, E2BIG,
			"key 'annotations': the record of container '%s' would take %zu bytes, "
			"more than %u",
			fields->id, to.size + 1, STATE_TEXT_MAX);
	*text = sb_take(&to);
	return 0;
}
