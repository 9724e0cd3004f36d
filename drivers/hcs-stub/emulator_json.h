/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON that others wrote: the whole text or nothing, and nothing that is not known. */
#ifndef EXECDRIVER_HCS_EMULATOR_JSON_H
#define EXECDRIVER_HCS_EMULATOR_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_types.h>

#include "base/cleanup.h"

/* An object or a list, strictly JSON, with nothing after it; NULL otherwise. */
struct json_object *json_parse(const char *text);
void json_putp(struct json_object **json);
#define cleanup_json CLEANUP(json_putp)

/* An object all of whose members are in the NULL-terminated list. */
bool json_has_only(struct json_object *json, const char *const *keys);

/* What an object's members must be. */
enum json_kind { JSON_STRING,
		 JSON_BOOL,
		 JSON_NUMBER,
		 JSON_OBJECT,
		 JSON_LIST,
		 JSON_STRING_MAP };
struct json_member {
	const char *name;
	enum json_kind kind;
	bool required;
	int64_t max; /* of a number, which is never negative */
	/* Of an object, and of a list of objects; other lists are of numbers. */
	const struct json_member *members;
};

/*
 * Whether the object has what the table (ended by a NULL name) says and no more. Lists, maps and
 * objects may be null. If not, `why` says which member is wrong.
 */
bool json_fits(struct json_object *json, const struct json_member *table, char *why, size_t size);

/* A member that json_fits() has looked at, or "", false, 0. Borrowed. */
const char *json_text(struct json_object *json, const char *key);
bool json_flag(struct json_object *json, const char *key);

#endif
