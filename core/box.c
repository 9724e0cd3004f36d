/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots of containers for hosts, one by one or all in order of their ids. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>

#include <execdriver/execdriver.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "core/engine.h"
#include "core/launch.h"
#include "core/plugin.h"
#include "core/record.h"
#include "core/record_parse.h"
#include "core/sized.h"
#include "core/stats_ask.h"
#include "core/state_list.h"

struct exd_box {
	char id[ID_SIZE];
	struct exd_record *record; /* NULL: damaged */
	enum exd_status status;
	bool monitor_alive;
	char *json;
	struct name_list ids; /* of a walk: handed on from box to box */
	size_t next;          /* in ids */
};

struct exd_box *exd_box_free(struct exd_box *box)
{
	if (!box)
		return NULL;
	record_free(box->record);
	name_list_free(&box->ids);
	free(box->json);
	free(box);
	return NULL;
}

static void box_freep(struct exd_box **box)
{
	*box = exd_box_free(*box);
}

#define cleanup_box CLEANUP(box_freep)

/* Only the driver knows. One that cannot be asked leaves it at running. */
static bool paused(struct exd_engine *engine, struct exd_record *record)
{
	struct exd_info info = {.struct_size = sizeof(info)};
	struct exd_plugin *plugin = NULL;

	if (plugin_select(engine->config, record->driver, &plugin, NULL) < 0 ||
	    !(plugin->caps & EXD_CAP_PAUSE))
		return false;
	return plugin->driver.info(plugin->self, record, &info, NULL) >= 0 && info.paused;
}

/* Arguments and paths may be any bytes, JSON may not. */
static char *clean_json(const char *text)
{
	cleanup_strbuf struct strbuf clean = {0};

	while (text && *text) {
		size_t size = utf8_length(text);

		if (size > 0)
			sb_add_bytes(&clean, text, size);
		else
			sb_add(&clean, "\xef\xbf\xbd");
		text += size > 0 ? size : 1;
	}
	return text ? sb_take(&clean) : NULL;
}

static int write_json(struct exd_box *box, const char *why_damaged)
{
	cleanup_json struct json_object *json = NULL;

	if (box->record) {
		json = record_json(box->record, box->status);
	} else {
		json = json_object_new_object();
		if (!json || json_put(json, "id", json_object_new_string(box->id)) < 0 ||
		    json_put(json, "status", json_object_new_string(exd_status_name(box->status))) <
			    0 ||
		    json_put(json, "lost", json_object_new_string(why_damaged)) < 0)
			return -ENOMEM;
	}
	if (!json ||
	    json_put(json, "monitor_alive", json_object_new_boolean(box->monitor_alive)) < 0)
		return -ENOMEM;
	box->json = clean_json(json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			      JSON_C_TO_STRING_NOSLASHESCAPE));
	return box->json ? 0 : -ENOMEM;
}

static int snapshot(struct exd_engine *engine, const char *id, struct exd_box **out,
		    struct exd_error *err)
{
	cleanup_box struct exd_box *box = calloc(1, sizeof(*box));
	struct exd_error why = EXD_ERROR_INIT;
	int r;

	if (!box)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read the record");
	box->status = EXD_STATUS_LOST;
	r = record_load(engine->root_fd, id, &box->record, &why);
	/* One that is damaged is shown; what this process could not read is not called that. */
	if (r < 0 && (why.code != EXD_ERR_STATE || cannot_tell(r))) {
		if (err)
			*err = why;
		return r;
	}
	strcpy(box->id, id);
	if (box->record) {
		box->status = record_status(box->record);
		box->monitor_alive = monitor_alive(engine->root_fd, box->record->monitor_dir);
	}
	if (box->status == EXD_STATUS_RUNNING && paused(engine, box->record))
		box->status = EXD_STATUS_PAUSED;
	if (write_json(box, why.text) < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read the record");
	*out = take_ptr(&box);
	return 0;
}

int exd_box_find(struct exd_engine *engine, const char *id, struct exd_box **out,
		 struct exd_error *err)
{
	return snapshot(engine, id, out, err);
}

int exd_box_next(struct exd_engine *engine, struct exd_box **box, struct exd_error *err)
{
	cleanup_names struct name_list ids = {0};
	struct exd_error why = EXD_ERROR_INIT;
	struct exd_box *next = NULL;
	size_t at = 0;
	int r = 0;

	if (*box) {
		ids = (*box)->ids;
		at = (*box)->next;
		(*box)->ids = (struct name_list){0};
		*box = exd_box_free(*box);
	} else {
		r = state_list(engine->root_fd, &ids);
	}
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r, "cannot read the state directory '%s'",
				     engine->root);
	/* Those that were removed since the list was read are passed over. */
	while (!next && at < ids.count) {
		r = snapshot(engine, ids.names[at++], &next, &why);
		if (r < 0 && why.code != EXD_ERR_NOT_FOUND) {
			if (err)
				*err = why;
			return r;
		}
	}
	if (!next)
		return 0;
	next->ids = ids;
	next->next = at;
	ids = (struct name_list){0};
	*box = next;
	return 1;
}

const char *exd_box_id(const struct exd_box *box)
{
	return box->id;
}

const char *exd_box_driver(const struct exd_box *box)
{
	return box->record ? box->record->driver : "";
}

enum exd_status exd_box_status(const struct exd_box *box)
{
	return box->status;
}

pid_t exd_box_pid(const struct exd_box *box)
{
	return box->record ? box->record->pid : 0;
}

uint64_t exd_box_created_ns(const struct exd_box *box)
{
	return box->record ? box->record->created_ns : 0;
}

bool exd_box_monitor_alive(const struct exd_box *box)
{
	return box->monitor_alive;
}

static struct json_object *member(const struct exd_box *box, const char *name)
{
	struct json_object *value = NULL;

	if (box->record && box->record->json)
		(void)json_object_object_get_ex(box->record->json, name, &value);
	return value;
}

size_t exd_box_arg_count(const struct exd_box *box)
{
	struct json_object *args = member(box, "args");

	return args ? json_object_array_length(args) : 0;
}

const char *exd_box_arg(const struct exd_box *box, size_t index)
{
	if (index >= exd_box_arg_count(box))
		return NULL;
	return json_object_get_string(json_object_array_get_idx(member(box, "args"), index));
}

const char *exd_box_annotation(const struct exd_box *box, const char *name)
{
	struct json_object *annotations = member(box, "annotations");

	return annotations ? json_text(annotations, name) : NULL;
}

bool exd_box_exit_status(const struct exd_box *box, struct exd_exit_status *status)
{
	if (!box->record || (box->status != EXD_STATUS_STOPPED && box->status != EXD_STATUS_LOST))
		return false;
	sized_give(status, &box->record->exit, sizeof(box->record->exit));
	return true;
}

int exd_box_stats(struct exd_engine *engine, struct exd_box *box, struct exd_stats *stats,
		  struct exd_error *err)
{
	struct exd_stats all;
	struct exd_plugin *plugin = NULL;
	int r = sized_check(stats, "exd_stats", err);

	if (r == 0 && (!box->record || record_status(box->record) != EXD_STATUS_RUNNING))
		r = exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH, "container '%s' is not running",
				  box->id);
	if (r == 0)
		r = launch_select_driver(engine, box->record, &plugin, err);
	if (r == 0)
		r = plugin_require(plugin, EXD_CAP_STATS, "stats", err);
	if (r < 0)
		return r;
	stats_ask(&all, stats);
	r = plugin->driver.stats(plugin->self, box->record, &all, err);
	if (r >= 0)
		sized_give(stats, &all, sizeof(all));
	return r < 0 ? r : 0;
}

const char *exd_box_json(const struct exd_box *box)
{
	return box->json;
}
