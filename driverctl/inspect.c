/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl inspect: the records of containers, for reading, or with --json one a line. */
#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "driverctl/ctl.h"
#include "driverctl/print.h"

static void box_freep(struct exd_box **box)
{
	*box = exd_box_free(*box);
}

#define cleanup_box CLEANUP(box_freep)

static void json_freep(struct json_object **json)
{
	(void)json_object_put(*json);
}

#define cleanup_json CLEANUP(json_freep)

static int inspect_one(struct ctl *ctl, const char *id, struct exd_error *err)
{
	cleanup_box struct exd_box *box = NULL;
	cleanup_json struct json_object *json = NULL;
	int flags =
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
	int r = exd_box_find(ctl->engine, id, &box, err);

	if (r < 0)
		return r;
	if (ctl->args.settings.json)
		flags = JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
	json = json_tokener_parse(exd_box_json(box));
	if (!json)
		return exd_error_set(err, EXD_ERR_STATE, 0, "the record of '%s' is not JSON", id);
	(void)printf("%s\n", json_object_to_json_string_ext(json, flags));
	return print_flush(err);
}

int verb_inspect(struct ctl *ctl, struct exd_error *err)
{
	(void)err;
	return ctl_each_id(ctl, inspect_one);
}
