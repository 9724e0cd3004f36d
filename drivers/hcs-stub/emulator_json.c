/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON that others wrote: the whole text or nothing, and nothing that is not known. */
#include "drivers/hcs-stub/emulator_json.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>

#include "base/strutil.h"

struct json_object *json_parse(const char *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *json;
	size_t size = strnlen(text, INT_MAX - 1);
	bool whole;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)size + 1);
	whole = json_tokener_get_error(tokener) == json_tokener_success &&
		json_tokener_get_parse_end(tokener) >= size;
	json_tokener_free(tokener);
	if (!whole)
		json_putp(&json);
	return json;
}

void json_putp(struct json_object **json)
{
	if (*json)
		(void)json_object_put(*json);
	*json = NULL;
}

bool json_has_only(struct json_object *json, const char *const *keys)
{
	if (!json_object_is_type(json, json_type_object))
		return false;
	json_object_object_foreach(json, key, value)
	{
		(void)value;
		if (!str_in(key, keys))
			return false;
	}
	return true;
}

static const struct json_member *find(const struct json_member *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static bool is_number(struct json_object *value, int64_t max)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
	       json_object_get_int64(value) <= max;
}

static bool list_fits(struct json_object *list, const struct json_member *m, char *why, size_t size)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (m->members) {
			if (!json_fits(item, m->members, why, size))
				return false;
		} else if (!is_number(item, m->max)) {
			(void)snprintf(why, size, "%s holds something that is no number in range",
				       m->name);
			return false;
		}
	}
	return true;
}

/* As C has strings: no NUL within. */
static bool is_string(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       !memchr(json_object_get_string(value), '\0',
		       (size_t)json_object_get_string_len(value));
}

static bool is_string_map(struct json_object *map)
{
	json_object_object_foreach(map, key, value)
	{
		(void)key;
		if (!is_string(value))
			return false;
	}
	return true;
}

static bool member_fits(struct json_object *value, const struct json_member *m, char *why,
			size_t size)
{
	bool fits = false;

	switch (m->kind) {
	case JSON_STRING:
		fits = is_string(value);
		break;
	case JSON_BOOL:
		fits = json_object_is_type(value, json_type_boolean);
		break;
	case JSON_NUMBER:
		fits = is_number(value, m->max);
		break;
	case JSON_OBJECT:
		return !value || json_fits(value, m->members, why, size);
	case JSON_LIST:
		if (!value)
			return true;
		if (json_object_is_type(value, json_type_array))
			return list_fits(value, m, why, size);
		break;
	case JSON_STRING_MAP:
		fits = !value || (json_object_is_type(value, json_type_object) &&
				  is_string_map(value));
		break;
	}
	if (!fits)
		(void)snprintf(why, size, "%s is of the wrong type or out of range", m->name);
	return fits;
}

bool json_fits(struct json_object *json, const struct json_member *table, char *why, size_t size)
{
	(void)snprintf(why, size, "an object is missing");
	if (!json_object_is_type(json, json_type_object))
		return false;
	json_object_object_foreach(json, key, value)
	{
		const struct json_member *m = find(table, key);

		if (!m) {
			(void)snprintf(why, size, "unknown member %.64s", key);
			return false;
		}
		if (!member_fits(value, m, why, size))
			return false;
	}
	for (const struct json_member *m = table; m->name; m++)
		if (m->required && !json_object_object_get_ex(json, m->name, NULL)) {
			(void)snprintf(why, size, "%s is missing", m->name);
			return false;
		}
	return true;
}

const char *json_text(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(json, key, &value) && value ? json_object_get_string(value)
								     : "";
}

bool json_flag(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(json, key, &value) && json_object_get_boolean(value);
}
