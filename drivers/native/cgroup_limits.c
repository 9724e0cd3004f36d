/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command's limits are as files and values of a cgroup. Reads no file. */
#include "drivers/native/cgroup_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"

/* The kernel takes no quota below this. */
#define QUOTA_MIN 1000
#define WEIGHT_DEFAULT 100
#define WEIGHT_MAX 10000
#define SHARES_DEFAULT 1024
#define MICRO INT64_C(1000000)

struct reading {
	const struct exd_command *command;
	struct native_limits *out;
	struct exd_error *err;
	const struct rule *rule;
	int version;
};

struct rule {
	enum exd_key key;
	const char *name;
	const char *controller;
	int (*add)(struct reading *reading);
};

static struct native_limit *limit_add(struct reading *reading, const char *file)
{
	struct native_limit *limit = &reading->out->list[reading->out->count++];

	*limit = (struct native_limit){
		.key = reading->rule->name, .controller = reading->rule->controller, .file = file};
	return limit;
}

static __attribute__((format(printf, 3, 4))) struct native_limit *
limit_addf(struct reading *reading, const char *file, const char *format, ...)
{
	struct native_limit *limit = limit_add(reading, file);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(limit->number, sizeof(limit->number), format, args);
	va_end(args);
	return limit;
}

static void refusal_add(struct native_limits *out, const char *key, const char *controller,
			const char *reason)
{
	out->refused[out->refused_count++] = (struct native_refusal){key, controller, reason};
}

static int64_t number(const struct reading *reading)
{
	return exd_command_number(reading->command, reading->rule->key, 0);
}

static int only_v1(struct reading *reading, const char *file, const char *value)
{
	if (reading->version == 1)
		(void)limit_addf(reading, file, "%s", value);
	else
		refusal_add(reading->out, reading->rule->name, reading->rule->controller,
			    "cgroup v2 has no such setting: leave it out");
	return 0;
}

/* A limit of memory alone would let the rest go to swap. */
static int add_memory(struct reading *reading)
{
	int64_t memory = number(reading);
	struct native_limit *swap;

	(void)limit_addf(reading, reading->version == 1 ? "memory.limit_in_bytes" : "memory.max",
			 "%" PRId64, memory);
	if (exd_command_is_set(reading->command, EXD_KEY_MEMORY_SWAP))
		return 0;
	if (reading->version == 1)
		swap = limit_addf(reading, "memory.memsw.limit_in_bytes", "%" PRId64, memory);
	else
		swap = limit_addf(reading, "memory.swap.max", "0");
	swap->skip_missing = true;
	return 0;
}

/* v1 counts memory and swap together, v2 swap alone. */
static int add_swap(struct reading *reading)
{
	int64_t both = number(reading);

	if (reading->version == 1)
		limit_addf(reading, "memory.memsw.limit_in_bytes", "%" PRId64, both)->skip_missing =
			both == -1;
	else if (both == -1)
		limit_addf(reading, "memory.swap.max", "max")->skip_missing = true;
	else
		(void)limit_addf(reading, "memory.swap.max", "%" PRId64,
				 both - exd_command_number(reading->command, EXD_KEY_MEMORY, 0));
	return 0;
}

static int add_reservation(struct reading *reading)
{
	(void)limit_addf(reading,
			 reading->version == 1 ? "memory.soft_limit_in_bytes" : "memory.low",
			 "%" PRId64, number(reading));
	return 0;
}

static int add_swappiness(struct reading *reading)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, number(reading));
	return only_v1(reading, "memory.swappiness", text);
}

static int add_oom_kill_disable(struct reading *reading)
{
	if (!exd_command_bool(reading->command, EXD_KEY_OOM_KILL_DISABLE))
		return 0;
	return only_v1(reading, "memory.oom_control", "1");
}

static int add_shares(struct reading *reading)
{
	uint64_t shares = (uint64_t)number(reading);

	if (reading->version == 1)
		(void)limit_addf(reading, "cpu.shares", "%" PRIu64, shares);
	else
		(void)limit_addf(reading, "cpu.weight", "%" PRIu64, native_cpu_weight(shares));
	return 0;
}

static void bandwidth(struct reading *reading, int64_t quota, int64_t period)
{
	if (reading->version == 1)
		(void)limit_addf(reading, "cpu.cfs_quota_us", "%" PRId64, quota);
	else if (quota < 0)
		(void)limit_addf(reading, "cpu.max", "max %" PRId64, period);
	else
		(void)limit_addf(reading, "cpu.max", "%" PRId64 " %" PRId64, quota, period);
}

static int add_period(struct reading *reading)
{
	if (reading->version == 1)
		(void)limit_addf(reading, "cpu.cfs_period_us", "%" PRId64, number(reading));
	else if (!exd_command_is_set(reading->command, EXD_KEY_CPU_QUOTA))
		bandwidth(reading, -1, number(reading));
	return 0;
}

static int add_quota(struct reading *reading)
{
	bandwidth(reading, number(reading),
		  exd_command_number(reading->command, EXD_KEY_CPU_PERIOD, NATIVE_CPU_PERIOD));
	return 0;
}

static int add_cpus(struct reading *reading)
{
	const char *cpus = exd_command_string(reading->command, EXD_KEY_CPUS, "");
	int64_t quota = native_cpus_quota(cpus, NATIVE_CPU_PERIOD);

	if (quota < QUOTA_MIN)
		return exd_error_set(reading->err, EXD_ERR_CGROUP, 0,
				     "cpus '%s' is too little: the least is 0.01", cpus);
	bandwidth(reading, quota, NATIVE_CPU_PERIOD);
	return 0;
}

static int add_cpuset(struct reading *reading)
{
	const char *file =
		reading->rule->key == EXD_KEY_CPUSET_CPUS ? "cpuset.cpus" : "cpuset.mems";

	limit_add(reading, file)->text =
		exd_command_string(reading->command, reading->rule->key, "");
	return 0;
}

static int add_pids(struct reading *reading)
{
	if (number(reading) < 0)
		(void)limit_addf(reading, "pids.max", "max");
	else
		(void)limit_addf(reading, "pids.max", "%" PRId64, number(reading));
	return 0;
}

/*
 * memory comes before memory_swap and the period before the quota: the kernel checks each write
 * against the other.
 */
static const struct rule rules[] = {
	{EXD_KEY_MEMORY, "memory", "memory", add_memory},
	{EXD_KEY_MEMORY_SWAP, "memory_swap", "memory", add_swap},
	{EXD_KEY_MEMORY_RESERVATION, "memory_reservation", "memory", add_reservation},
	{EXD_KEY_MEMORY_SWAPPINESS, "memory_swappiness", "memory", add_swappiness},
	{EXD_KEY_OOM_KILL_DISABLE, "oom_kill_disable", "memory", add_oom_kill_disable},
	{EXD_KEY_CPU_SHARES, "cpu_shares", "cpu", add_shares},
	{EXD_KEY_CPU_PERIOD, "cpu_period", "cpu", add_period},
	{EXD_KEY_CPU_QUOTA, "cpu_quota", "cpu", add_quota},
	{EXD_KEY_CPUS, "cpus", "cpu", add_cpus},
	{EXD_KEY_CPUSET_CPUS, "cpuset_cpus", "cpuset", add_cpuset},
	{EXD_KEY_CPUSET_MEMS, "cpuset_mems", "cpuset", add_cpuset},
	{EXD_KEY_PIDS_LIMIT, "pids_limit", "pids", add_pids},
};

/* Each rule adds at most two limits, and only the one for memory does. */
_Static_assert(sizeof(rules) / sizeof(rules[0]) + 1 <= NATIVE_LIMITS_MAX, "room for all");

int native_limits_read(const struct exd_command *command, const struct cgroup_layout *layout,
		       struct native_limits *out, struct exd_error *err)
{
	struct reading reading = {.command = command, .out = out, .err = err};
	int r = 0;

	*out = (struct native_limits){0};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && r == 0; i++) {
		const struct cgroup_hierarchy *h = cgroup_layout_find(layout, rules[i].controller);

		if (!exd_command_is_set(command, rules[i].key))
			continue;
		reading.rule = &rules[i];
		if (!h) {
			refusal_add(out, rules[i].name, rules[i].controller, NULL);
		} else if (h->readonly) {
			refusal_add(
				out, rules[i].name, rules[i].controller,
				"its cgroup hierarchy is mounted read-only: remount it read-write");
		} else {
			reading.version = h->version;
			r = rules[i].add(&reading);
		}
	}
	return r;
}

const char *native_limit_text(const struct native_limit *limit)
{
	return limit->text ? limit->text : limit->number;
}

bool native_limits_use(const struct native_limits *limits, const char *controller)
{
	for (size_t i = 0; i < limits->count; i++)
		if (strcmp(limits->list[i].controller, controller) == 0)
			return true;
	return false;
}

void native_limits_refuse(struct native_limits *limits, const struct cgroup_hierarchy *hierarchy,
			  const char *reason)
{
	size_t kept = 0;

	for (size_t i = 0; i < limits->count; i++) {
		const struct native_limit *limit = &limits->list[i];

		if (!cgroup_list_has(hierarchy->controllers, limit->controller))
			limits->list[kept++] = *limit;
		else if (!limit->skip_missing)
			refusal_add(limits, limit->key, limit->controller, reason);
	}
	limits->count = kept;
}

int64_t native_cpus_quota(const char *cpus, int64_t period)
{
	int64_t micro = 0, unit = MICRO;
	bool fraction = false;

	for (; *cpus; cpus++) {
		if (*cpus == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*cpus < '0' || *cpus > '9' || (!fraction && micro > INT64_MAX / MICRO / 10))
			return 0;
		if (!fraction) {
			micro = micro * 10 + (*cpus - '0') * MICRO;
		} else {
			unit /= 10;
			micro += (*cpus - '0') * unit;
		}
	}
	return micro * period / MICRO;
}

/*
 * In proportion, so that both defaults (1024 and 100) mean the same and containers keep their
 * ratios; what is above the hundredfold of the default is cut.
 */
uint64_t native_cpu_weight(uint64_t shares)
{
	uint64_t weight = (shares * WEIGHT_DEFAULT + SHARES_DEFAULT / 2) / SHARES_DEFAULT;

	if (weight < 1)
		return 1;
	return weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
}

/* Takes "N" or "N-M" off a list; false at its end. */
static bool next_range(const char **list, unsigned long *first, unsigned long *last)
{
	char *end;

	*first = strtoul(*list, &end, 10);
	if (end == *list)
		return false;
	*last = *end == '-' ? strtoul(end + 1, &end, 10) : *first;
	*list = end + (*end == ',');
	return true;
}

bool native_cpuset_within(const char *list, const char *whole)
{
	unsigned long first, last, from, to;

	while (next_range(&list, &first, &last)) {
		const char *at = whole;
		bool found = false;

		/* The kernel writes whole ranges, so what is inside is inside of one. */
		while (!found && next_range(&at, &from, &to))
			found = first >= from && last <= to;
		if (!found)
			return false;
	}
	return true;
}
