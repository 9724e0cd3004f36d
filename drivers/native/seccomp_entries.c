/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of a seccomp profile: those that count here become rules. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/seccomp_values.h"

#define RULES_MAX 4096
#define ERRNO_MAX 4095
#define ARGS_MAX 64

#if defined(__x86_64__)
#define HOST_ARCH "SCMP_ARCH_X86_64"
#define HOST_NAMES            \
	{                     \
		"amd64", NULL \
	}
#elif defined(__i386__)
#define HOST_ARCH "SCMP_ARCH_X86"
#define HOST_NAMES                 \
	{                          \
		"x86", "386", NULL \
	}
#elif defined(__aarch64__)
#define HOST_ARCH "SCMP_ARCH_AARCH64"
#define HOST_NAMES            \
	{                     \
		"arm64", NULL \
	}
#elif defined(__arm__)
#define HOST_ARCH "SCMP_ARCH_ARM"
#define HOST_NAMES          \
	{                   \
		"arm", NULL \
	}
#elif defined(__riscv)
#define HOST_ARCH "SCMP_ARCH_RISCV64"
#define HOST_NAMES              \
	{                       \
		"riscv64", NULL \
	}
#else
/* Entries for other architectures are not for this one. */
#define HOST_ARCH ""
#define HOST_NAMES    \
	{             \
		NULL, \
	}
#endif

static const struct seccomp_word_value actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
	{NULL, 0},
};

static const struct seccomp_word_value operators[] = {
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{NULL, 0},
};

const char *seccomp_host_arch(void)
{
	return HOST_ARCH;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool names_host(const char *arch)
{
	static const char *const names[] = HOST_NAMES;

	return str_in(arch, names);
}

static int has_cap(const struct seccomp_host *host, const char *cap)
{
	int number = native_cap_number(cap);

	return number >= 0 && host->caps >> number & 1;
}

/* How many of a list of texts hold here; *size is how many there are. */
static int count_holding(const struct seccomp_place *at, struct json_object *filter, const char *key,
			 const struct seccomp_host *host, size_t *size)
{
	struct json_object *list;
	int holding = 0, r = seccomp_member(at, filter, key, json_type_array, &list);

	*size = 0;
	if (r <= 0)
		return r;
	*size = json_object_array_length(list);
	for (size_t i = 0; i < *size; i++) {
		const char *text = seccomp_item(list, i);

		if (!text)
			return seccomp_refuse(at, "wrong type in", key);
		holding += strcmp(key, "caps") == 0 ? has_cap(host, text) : names_host(text);
	}
	return holding;
}

/* 1: this kernel is that or newer, or none is named; *named says which. */
static int kernel_holds(const struct seccomp_place *at, struct json_object *filter,
			const struct seccomp_host *host, bool *named)
{
	const char *text = NULL;
	unsigned int major, minor;
	int end = 0, r = seccomp_text(at, filter, "minKernel", &text);

	*named = r > 0 && *text;
	if (r < 0 || !*named)
		return r < 0 ? r : 1;
	if (sscanf(text, "%4u.%4u%n", &major, &minor, &end) != 2 || text[end])
		return seccomp_refuse(at, "minKernel is not MAJOR.MINOR:", text);
	return host->major > major || (host->major == major && host->minor >= minor);
}

/* 1: the entry counts; 0: it is for other containers or hosts. */
static int entry_counts(const struct seccomp_place *at, struct json_object *entry,
			const struct seccomp_host *host)
{
	static const char *const members[] = {"caps", "arches", "minKernel", NULL};
	static const char *const sides[] = {"includes", "excludes"};
	bool counts = true;

	for (int excludes = 0; excludes < 2; excludes++) {
		struct json_object *filter;
		size_t caps, archs;
		int r = seccomp_member(at, entry, sides[excludes], json_type_object, &filter);
		int with_caps, with_archs, kernel;
		bool named;

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		r = seccomp_keys(at, filter, members);
		with_caps = r < 0 ? r : count_holding(at, filter, "caps", host, &caps);
		with_archs = with_caps < 0 ? with_caps
					   : count_holding(at, filter, "arches", host, &archs);
		kernel = with_archs < 0 ? with_archs : kernel_holds(at, filter, host, &named);
		if (kernel < 0)
			return kernel;
		if (excludes && (with_caps || with_archs || (named && kernel)))
			counts = false;
		if (!excludes && ((size_t)with_caps < caps || (archs && !with_archs) || !kernel))
			counts = false;
	}
	return counts;
}

/* ---- rules ----------------------------------------------------------------------------------- */

int seccomp_action(const struct seccomp_place *at, struct json_object *object, const char *action_key,
		   const char *errno_key, uint32_t *out)
{
	uint64_t number = EPERM;
	const char *name = NULL;
	int r = seccomp_text(at, object, action_key, &name), given;

	if (r < 0)
		return r;
	if (r == 0)
		return seccomp_refuse(at, "there is no", action_key);
	r = seccomp_word(at, actions, "unknown action", name, out);
	given = r < 0 ? r : seccomp_number(at, object, errno_key, ERRNO_MAX, &number);
	if (given < 0)
		return given;
	if (*out == SCMP_ACT_ERRNO(0))
		*out = SCMP_ACT_ERRNO((uint32_t)number);
	else if (*out == SCMP_ACT_TRACE(0))
		*out = SCMP_ACT_TRACE((uint32_t)number);
	else if (given)
		return seccomp_refuse(at, "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have", errno_key);
	return 0;
}

static int read_arg(const struct seccomp_place *at, struct json_object *json, struct seccomp_arg *arg)
{
	static const char *const members[] = {"index", "value", "valueTwo", "op", NULL};
	uint64_t index = SECCOMP_ARGS;
	const char *op = "";
	uint32_t word;
	int r;

	if (!json_object_is_type(json, json_type_object))
		return seccomp_refuse(at, "wrong type in", "args");
	r = seccomp_keys(at, json, members);
	if (r == 0)
		r = seccomp_number(at, json, "index", SECCOMP_ARGS - 1, &index);
	if (r > 0)
		r = seccomp_number(at, json, "value", UINT64_MAX, &arg->value);
	else if (r == 0)
		return seccomp_refuse(at, "an argument without", "index");
	if (r >= 0)
		r = seccomp_number(at, json, "valueTwo", UINT64_MAX, &arg->value_two);
	if (r >= 0)
		r = seccomp_text(at, json, "op", &op);
	if (r >= 0)
		r = seccomp_word(at, operators, "unknown operator", op, &word);
	if (r < 0)
		return r;
	arg->index = (unsigned int)index;
	arg->op = (int)word;
	return 0;
}

/* The library would keep the first of them, whatever the other one forbids. */
static bool contradicts(const struct seccomp_rules *rules, const struct seccomp_rule *rule)
{
	for (size_t i = 0; rule->arg_count == 0 && i < rules->count; i++)
		if (rules->rules[i].arg_count == 0 && rules->rules[i].action != rule->action &&
		    strcmp(rules->rules[i].name, rule->name) == 0)
			return true;
	return false;
}

static int add_rule(const struct seccomp_place *at, struct seccomp_rules *rules,
		    const struct seccomp_rule *rule)
{
	struct seccomp_rule *grown = rules->rules;

	if (rules->count == RULES_MAX)
		return seccomp_refuse(at, "too many rules", "");
	if (contradicts(rules, rule))
		return seccomp_refuse(at, "an earlier entry says something else of", rule->name);
	if ((rules->count & (rules->count - 1)) == 0)
		grown = realloc(grown, (rules->count ? 2 * rules->count : 1) * sizeof(*grown));
	if (!grown)
		return seccomp_no_memory(at);
	rules->rules = grown;
	rules->rules[rules->count++] = *rule;
	rules->notifies |= rule->action == SCMP_ACT_NOTIFY;
	return 0;
}

/* An argument that is looked at twice means either: libseccomp wants a rule for each. */
static int add_args(const struct seccomp_place *at, struct seccomp_rules *rules, struct seccomp_rule *rule,
		    const struct seccomp_arg *args, size_t count)
{
	unsigned int seen = 0, twice = 0;
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		twice |= seen & 1u << args[i].index;
		seen |= 1u << args[i].index;
	}
	rule->arg_count = twice ? 1 : (unsigned int)count;
	if (!twice) {
		memcpy(rule->args, args, count * sizeof(*args));
		return add_rule(at, rules, rule);
	}
	for (size_t i = 0; r == 0 && i < count; i++) {
		rule->args[0] = args[i];
		r = add_rule(at, rules, rule);
	}
	return r;
}

static int read_args(const struct seccomp_place *at, struct json_object *entry, struct seccomp_arg *args,
		     size_t *count)
{
	struct json_object *list;
	int r = seccomp_member(at, entry, "args", json_type_array, &list);

	*count = r > 0 ? json_object_array_length(list) : 0;
	if (*count > ARGS_MAX)
		return seccomp_refuse(at, "too many", "args");
	for (size_t i = 0; r >= 0 && i < *count; i++)
		r = read_arg(at, json_object_array_get_idx(list, i), &args[i]);
	return r < 0 ? r : 0;
}

/* "names": [...], or the older "name": one of them. */
static int get_names(const struct seccomp_place *at, struct json_object *entry, struct json_object **names,
		     const char **name)
{
	int many = seccomp_member(at, entry, "names", json_type_array, names);
	int one = many < 0 ? many : seccomp_text(at, entry, "name", name);

	if (one < 0)
		return one;
	if (many == 0)
		*names = NULL;
	if ((*names && json_object_array_length(*names) > 0) == (*name && **name))
		return seccomp_refuse(at, *name ? "both name and names" : "neither name nor names", "");
	return 0;
}

int seccomp_entry(struct seccomp_place *at, struct seccomp_rules *rules, struct json_object *entry,
		  const struct seccomp_host *host)
{
	static const char *const members[] = {"names", "name", "action", "errnoRet", "args",
					      "comment", "includes", "excludes", NULL};
	struct seccomp_rule rule = {.entry = (size_t)at->entry};
	struct seccomp_arg args[ARGS_MAX] = {{0}};
	struct json_object *names = NULL;
	const char *name = NULL;
	size_t count = 0, i = 0;
	int r;

	if (!json_object_is_type(entry, json_type_object))
		return seccomp_refuse(at, "wrong type in", "syscalls");
	r = get_names(at, entry, &names, &name);
	if (r == 0 && names)
		name = seccomp_item(names, 0);
	at->call = name ? name : "";
	if (r == 0)
		r = seccomp_keys(at, entry, members);
	if (r == 0)
		r = seccomp_action(at, entry, "action", "errnoRet", &rule.action);
	if (r == 0)
		r = read_args(at, entry, args, &count);
	if (r == 0)
		r = entry_counts(at, entry, host);
	if (r <= 0)
		return r;
	do {
		rule.name = names ? seccomp_item(names, i) : name;
		if (!rule.name)
			return seccomp_refuse(at, "wrong type in", "names");
		r = add_args(at, rules, &rule, args, count);
	} while (r == 0 && names && ++i < json_object_array_length(names));
	return r;
}
