/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A script of failures and delays for the calls about one system. */
#include "drivers/hcs-stub/emulator_script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>

#include "drivers/hcs-stub/emulator_json.h"

/* A number of an object within 0 and max; the default where it is not there. */
static bool number(struct json_object *from, const char *key, uint32_t otherwise, uint32_t min,
		   uint32_t max, uint32_t *out)
{
	struct json_object *value;
	int64_t n;

	if (!json_object_object_get_ex(from, key, &value)) {
		*out = otherwise;
		return true;
	}
	n = json_object_get_int64(value);
	if (!json_object_is_type(value, json_type_int) || n < min || n > max)
		return false;
	*out = (uint32_t)n;
	return true;
}

static const char *fill_rule(struct script_rule *rule, struct json_object *from, bool delay_only)
{
	static const char *const fault_keys[] = {"call", "nth", "times", "error", "delay_ms", NULL};
	static const char *const delay_keys[] = {"call", "ms", NULL};
	struct json_object *call;

	if (!json_has_only(from, delay_only ? delay_keys : fault_keys))
		return "unknown member";
	if (!json_object_object_get_ex(from, "call", &call) ||
	    !json_object_is_type(call, json_type_string))
		return "no call";
	rule->call = hcs_call_find(json_object_get_string(call));
	if (rule->call < 0)
		return "unknown call";
	if (delay_only) {
		rule->nth = 1;
		rule->times = UINT32_MAX;
		return number(from, "ms", 0, 0, SCRIPT_DELAY_MAX, &rule->delay_ms) ? NULL
										   : "bad ms";
	}
	if (!number(from, "nth", 1, 1, UINT32_MAX, &rule->nth))
		return "bad nth";
	if (!number(from, "times", 1, 1, UINT32_MAX, &rule->times))
		return "bad times";
	if (!number(from, "error", 0, 0, UINT32_MAX, &rule->error))
		return "bad error";
	return number(from, "delay_ms", 0, 0, SCRIPT_DELAY_MAX, &rule->delay_ms) ? NULL
										 : "bad delay_ms";
}

static const char *add_rules(struct script *script, struct json_object *list, bool delays_only)
{
	size_t count = list ? json_object_array_length(list) : 0;
	struct script_rule *rules;

	if (!count)
		return NULL;
	rules = reallocarray(script->rules, script->count + count, sizeof(*rules));
	if (!rules)
		return "no memory";
	script->rules = rules;
	for (size_t i = 0; i < count; i++) {
		struct script_rule *rule = &rules[script->count];
		const char *why;

		*rule = (struct script_rule){0};
		why = fill_rule(rule, json_object_array_get_idx(list, i), delays_only);
		if (why)
			return why;
		script->count++;
	}
	return NULL;
}

static bool list_of(struct json_object *json, const char *key, struct json_object **list)
{
	*list = NULL;
	return !json_object_object_get_ex(json, key, list) ||
	       json_object_is_type(*list, json_type_array);
}

int script_parse(struct script *script, const char *text, const char **why)
{
	static const char *const keys[] = {"faults", "delays", NULL};
	cleanup_json struct json_object *json = json_parse(text);
	struct script made = {0};
	struct json_object *faults, *delays;

	*why = "no object with faults and delays";
	if (!json_has_only(json, keys) || !list_of(json, "faults", &faults) ||
	    !list_of(json, "delays", &delays))
		return -EINVAL;
	*why = add_rules(&made, faults, false);
	if (!*why)
		*why = add_rules(&made, delays, true);
	if (*why) {
		script_clear(&made);
		return -EINVAL;
	}
	*script = made;
	return 0;
}

void script_clear(struct script *script)
{
	free(script->rules);
	*script = (struct script){0};
}

struct script_verdict script_next(struct script *script, uint32_t call)
{
	struct script_verdict verdict = {0};
	uint32_t nth = ++script->calls[call];

	for (size_t i = 0; i < script->count; i++) {
		const struct script_rule *rule = &script->rules[i];

		if (rule->call != (int)call || nth < rule->nth || nth - rule->nth >= rule->times)
			continue;
		verdict.scripted = true;
		verdict.delay_ms += rule->delay_ms;
		if (!verdict.error)
			verdict.error = rule->error;
	}
	if (verdict.delay_ms > SCRIPT_DELAY_MAX)
		verdict.delay_ms = SCRIPT_DELAY_MAX;
	return verdict;
}
