/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the JSON of a seccomp profile. A key that is not known could make a rule narrower: refused. */
#include <errno.h>
#include <json-c/json.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/native/seccomp_values.h"

#define DEPTH_MAX 16

/* There is one thread when the filter is loaded: TSYNC asks for what is so anyway. */
static const struct seccomp_word_value filter_flags[] = {
	{"SECCOMP_FILTER_FLAG_LOG", 1u << 1},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1u << 2},
	{"SECCOMP_FILTER_FLAG_TSYNC", 0},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1u << 5},
	{NULL, 0},
};

static int add_archs(const struct seccomp_place *at, struct seccomp_rules *rules, struct json_object *list)
{
	size_t count = json_object_array_length(list);
	const char **grown =
		realloc(rules->archs, (rules->arch_count + count + 1) * sizeof(*grown));

	if (!grown)
		return seccomp_no_memory(at);
	rules->archs = grown;
	for (size_t i = 0; i < count; i++) {
		grown[rules->arch_count] = seccomp_item(list, i);
		if (!grown[rules->arch_count++])
			return seccomp_refuse(at, "wrong type in", "architectures");
	}
	return 0;
}

static int read_arch_map(const struct seccomp_place *at, struct seccomp_rules *rules,
			 struct json_object *map)
{
	static const char *const members[] = {"architecture", "subArchitectures", NULL};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_object_array_length(map); i++) {
		struct json_object *entry = json_object_array_get_idx(map, i), *subs;
		const char *arch = "";

		if (!json_object_is_type(entry, json_type_object))
			return seccomp_refuse(at, "wrong type in", "archMap");
		r = seccomp_keys(at, entry, members);
		if (r == 0)
			r = seccomp_text(at, entry, "architecture", &arch);
		if (r >= 0)
			r = seccomp_member(at, entry, "subArchitectures", json_type_array, &subs);
		if (r > 0 && strcmp(arch, seccomp_host_arch()) == 0)
			r = add_archs(at, rules, subs);
	}
	return r < 0 ? r : 0;
}

static int read_archs(const struct seccomp_place *at, struct seccomp_rules *rules)
{
	struct json_object *list, *map;
	int named = seccomp_member(at, rules->json, "architectures", json_type_array, &list);
	int mapped = named < 0 ? named
			       : seccomp_member(at, rules->json, "archMap", json_type_array, &map);

	if (mapped < 0)
		return mapped;
	if (named && json_object_array_length(list) > 0 && mapped &&
	    json_object_array_length(map) > 0)
		return seccomp_refuse(at, "both architectures and archMap", "");
	if (named)
		named = add_archs(at, rules, list);
	return named < 0 || !mapped ? named : read_arch_map(at, rules, map);
}

static int read_flags(const struct seccomp_place *at, struct seccomp_rules *rules)
{
	struct json_object *list;
	int r = seccomp_member(at, rules->json, "flags", json_type_array, &list);
	uint32_t flag;

	for (size_t i = 0; r > 0 && i < json_object_array_length(list); i++) {
		const char *name = seccomp_item(list, i);

		if (!name)
			return seccomp_refuse(at, "wrong type in", "flags");
		if (seccomp_word(at, filter_flags, "unknown flag", name, &flag) < 0)
			return -EINVAL;
		rules->flags |= flag;
	}
	return r < 0 ? r : 0;
}

static int read_head(const struct seccomp_place *at, struct seccomp_rules *rules)
{
	static const char *const members[] = {"defaultAction", "defaultErrnoRet", "architectures",
					      "archMap", "flags", "listenerPath",
					      "listenerMetadata", "syscalls", "comment",
					      NULL};
	int r = seccomp_keys(at, rules->json, members);

	if (r == 0)
		r = seccomp_action(at, rules->json, "defaultAction", "defaultErrnoRet",
				   &rules->default_action);
	if (r == 0 && rules->default_action == SCMP_ACT_NOTIFY)
		return seccomp_refuse(at, "the default action cannot be", "SCMP_ACT_NOTIFY");
	if (r == 0)
		r = read_archs(at, rules);
	if (r == 0)
		r = read_flags(at, rules);
	if (r == 0)
		r = seccomp_text(at, rules->json, "listenerPath", &rules->listener);
	if (r >= 0)
		r = seccomp_text(at, rules->json, "listenerMetadata", &rules->metadata);
	return r < 0 ? r : 0;
}

/* Needed between the filter and the program; as on 32-bit processors, with 32 behind it. */
static const char *const needed[] = {
	"setresgid",
	"setresuid",
	"prctl",
	"capset",
	"chdir",
	"getcwd",
	/* from here on also when the filter comes last */
	"close_range",
	"sendmsg",
	"execve",
	NULL,
};
#define NEEDED_LATE 6

static bool lets_pass(uint32_t action)
{
	return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG || action == SCMP_ACT_NOTIFY ||
	       (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

/* Whether a rule names the call, or its 32-bit version. */
static bool is_call(const struct seccomp_rule *rule, const char *call)
{
	size_t size = strlen(call);

	return strncmp(rule->name, call, size) == 0 &&
	       (!rule->name[size] || strcmp(rule->name + size, "32") == 0);
}

static bool allows(const struct seccomp_rules *rules, const char *call)
{
	bool allowed = lets_pass(rules->default_action);

	for (size_t i = 0; i < rules->count; i++)
		if (is_call(&rules->rules[i], call)) {
			if (lets_pass(rules->rules[i].action))
				return true;
			allowed &= rules->rules[i].arg_count > 0;
		}
	return allowed;
}

int seccomp_rules_check(const struct seccomp_rules *rules, const char *name, bool late,
			struct exd_error *err)
{
	struct seccomp_place at = {.profile = name, .call = "", .entry = -1, .err = err};

	for (const char *const *call = needed + (late ? NEEDED_LATE : 0); *call; call++)
		if (!allows(rules, *call))
			return seccomp_refuse(
				&at,
				call - needed < NEEDED_LATE
					? "it has to allow (or set no_new_privileges, with which "
					  "the filter comes last)"
					: "no program can begin without",
				*call);
	/* they carry the listener away: nobody could answer yet */
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].action == SCMP_ACT_NOTIFY &&
		    str_in(rules->rules[i].name, (const char *const[]){"sendmsg", "read", NULL}))
			return seccomp_refuse(&at, "SCMP_ACT_NOTIFY cannot be had for",
					      rules->rules[i].name);
	return 0;
}

static int parse(const struct seccomp_place *at, const char *text, struct json_object **out)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	char what[96];
	size_t end;
	int line = 1;

	if (!tokener)
		return seccomp_no_memory(at);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	*out = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	if (*out && json_object_is_type(*out, json_type_object)) {
		json_tokener_free(tokener);
		return 0;
	}
	end = json_tokener_get_parse_end(tokener);
	for (size_t i = 0; i < end && text[i]; i++)
		line += text[i] == '\n';
	(void)snprintf(what, sizeof(what), "line %d: %s", line,
		       *out ? "not an object"
			    : json_tokener_error_desc(json_tokener_get_error(tokener)));
	json_tokener_free(tokener);
	return seccomp_refuse(at, what, "");
}

int seccomp_rules_read(struct seccomp_rules *rules, const char *name, const char *json,
		       const struct seccomp_host *host, struct exd_error *err)
{
	struct seccomp_place at = {.profile = name, .call = "", .entry = -1, .err = err};
	struct json_object *list;
	int r;

	*rules = (struct seccomp_rules){0};
	r = parse(&at, json, &rules->json);
	if (r == 0)
		r = read_head(&at, rules);
	if (r == 0)
		r = seccomp_member(&at, rules->json, "syscalls", json_type_array, &list);
	for (size_t i = 0; r > 0 && i < json_object_array_length(list); i++) {
		at.entry = (int)i;
		at.call = "";
		r = seccomp_entry(&at, rules, json_object_array_get_idx(list, i), host);
		r = r < 0 ? r : 1;
	}
	return r < 0 ? r : 0;
}

int seccomp_profile_shorten(const char *name, const char *json, char **text, struct exd_error *err)
{
	struct seccomp_place at = {.profile = name, .call = "", .entry = -1, .err = err};
	struct json_object *object = NULL;
	int r = parse(&at, json, &object);

	if (r == 0) {
		*text = strdup(json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		r = *text ? 0 : seccomp_no_memory(&at);
	}
	(void)json_object_put(object);
	return r;
}

void seccomp_rules_release(struct seccomp_rules *rules)
{
	(void)json_object_put(rules->json);
	free(rules->archs);
	free(rules->rules);
	*rules = (struct seccomp_rules){0};
}
