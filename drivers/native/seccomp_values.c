/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a seccomp profile's JSON, and errors that say where in the profile they are. */
#include "drivers/native/seccomp_values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/strutil.h"

int seccomp_refuse(const struct seccomp_place *at, const char *what, const char *value)
{
	char entry[160] = "";

	if (at->entry >= 0)
		(void)snprintf(entry, sizeof(entry), "syscalls[%d] ('%.100s'): ", at->entry,
			       at->call);
	return exd_error_set(at->err, EXD_ERR_SECCOMP, 0, "seccomp profile %s: %s%s%s%.100s%s",
			     at->profile, entry, what, *value ? " '" : "", value,
			     *value ? "'" : "");
}

int seccomp_no_memory(const struct seccomp_place *at)
{
	return exd_error_set(at->err, EXD_ERR_NO_MEMORY, ENOMEM, "seccomp profile %s", at->profile);
}

int seccomp_keys(const struct seccomp_place *at, struct json_object *object, const char *const *known)
{
	json_object_object_foreach(object, key, value)
	{
		(void)value;
		if (!str_in(key, known))
			return seccomp_refuse(at, "unknown key", key);
	}
	return 0;
}

/* A member of this type; null counts as absent. 1: it is there. */
int seccomp_member(const struct seccomp_place *at, struct json_object *object, const char *key,
		   enum json_type type, struct json_object **out)
{
	if (!json_object_object_get_ex(object, key, out) || !*out)
		return 0;
	return json_object_is_type(*out, type) ? 1 : seccomp_refuse(at, "wrong type of", key);
}

/* A text without NUL bytes; *out stays as it is when there is none. */
int seccomp_text(const struct seccomp_place *at, struct json_object *object, const char *key,
		 const char **out)
{
	struct json_object *value;
	int r = seccomp_member(at, object, key, json_type_string, &value);

	if (r <= 0)
		return r;
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return seccomp_refuse(at, "NUL byte in", key);
	*out = json_object_get_string(value);
	return 1;
}

int seccomp_number(const struct seccomp_place *at, struct json_object *object, const char *key,
		   uint64_t max, uint64_t *out)
{
	struct json_object *value;
	int r = seccomp_member(at, object, key, json_type_int, &value);

	if (r <= 0)
		return r;
	if (json_object_get_int64(value) < 0 || json_object_get_uint64(value) > max)
		return seccomp_refuse(at, "number out of range:", key);
	*out = json_object_get_uint64(value);
	return 1;
}

/* Element of a list of texts, or NULL when it is something else. */
const char *seccomp_item(struct json_object *list, size_t i)
{
	struct json_object *value = json_object_array_get_idx(list, i);

	if (!json_object_is_type(value, json_type_string) ||
	    strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return NULL;
	return json_object_get_string(value);
}

int seccomp_word(const struct seccomp_place *at, const struct seccomp_word_value *words, const char *what,
		 const char *name, uint32_t *out)
{
	for (; words->name; words++)
		if (strcmp(words->name, name) == 0) {
			*out = words->value;
			return 0;
		}
	return seccomp_refuse(at, what, name);
}
