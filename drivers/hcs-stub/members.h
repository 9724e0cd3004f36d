/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building JSON objects whose first failure, always lack of memory, is kept to the end. */
#ifndef EXECDRIVER_HCS_STUB_MEMBERS_H
#define EXECDRIVER_HCS_STUB_MEMBERS_H

#include <stdbool.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "drivers/hcs-stub/hcs_text.h"

static inline void json_cleanup(struct json_object **json)
{
	(void)json_object_put(*json);
}

#define cleanup_json CLEANUP(json_cleanup)

/* Takes the value in any case; returns it, lent, for its own members. NULL is a failure. */
static inline struct json_object *member_put(bool *failed, struct json_object *in, const char *name,
					     struct json_object *value)
{
	if (in && value && json_object_object_add(in, name, value) == 0)
		return value;
	*failed = true;
	(void)json_object_put(value);
	return NULL;
}

static inline struct json_object *element_put(bool *failed, struct json_object *in,
					      struct json_object *value)
{
	if (in && value && json_object_array_add(in, value) == 0)
		return value;
	*failed = true;
	(void)json_object_put(value);
	return NULL;
}

static inline void member_null(bool *failed, struct json_object *in, const char *name)
{
	if (!in || json_object_object_add(in, name, NULL) < 0)
		*failed = true;
}

static inline void member_text(bool *failed, struct json_object *in, const char *name,
			       const char *text)
{
	cleanup_free char *encoded = hcs_text_encode(text);

	(void)member_put(failed, in, name, encoded ? json_object_new_string(encoded) : NULL);
}

static inline void member_bool(bool *failed, struct json_object *in, const char *name, bool value)
{
	(void)member_put(failed, in, name, json_object_new_boolean(value));
}

static inline void member_number(bool *failed, struct json_object *in, const char *name,
				 int64_t value)
{
	(void)member_put(failed, in, name, json_object_new_int64(value));
}

#endif
