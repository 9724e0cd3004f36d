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
#include "drivers/native/cgroup_reading.h"

/* The kernel takes no quota below this. */
#define QUOTA_MIN 1000
#define WEIGHT_DEFAULT 100
#define WEIGHT_MAX 10000
#define SHARES_DEFAULT 1024
#define MICRO INT64_C(1000000)

struct native_limit *limit_add(struct reading *reading, const char *file)
{
	struct native_limit *limit = &reading->out->list[reading->out->count++];

	*limit = (struct native_limit){
		.key = reading->rule->name, .controller = reading->controller, .file = file};
	return limit;
}

struct native_limit *limit_addf(struct reading *reading, const char *file, const char *format, ...)
{
	struct native_limit *limit = limit_add(reading, file);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(limit->number, sizeof(limit->number), format, args);
	va_end(args);
	return limit;
}

void limit_refuse(struct native_limits *out, const char *key, const char *controller,
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
		limit_refuse(reading->out, reading->rule->name, reading->controller,
			     "cgroup v2 has no such setting: leave it out");
	return 0;
}

/*
 * A limit of memory alone would let the rest go to swap. Who has limits already keeps that of swap.
 */
static int add_memory(struct reading *reading)
{
	const struct native_limits_now *now = reading->now;
	int64_t memory = number(reading), swap = 0;

	(void)limit_addf(reading, reading->version == 1 ? "memory.limit_in_bytes" : "memory.max",
			 "%" PRId64, memory);
	if (exd_command_is_set(reading->command, EXD_KEY_MEMORY_SWAP))
		return 0;
	if (now && now->memory >= 0)
		swap = now->swap;
	if (swap < 0 || swap > INT64_MAX - memory)
		return 0;
	if (reading->version == 1)
		limit_addf(reading, "memory.memsw.limit_in_bytes", "%" PRId64, memory + swap)
			->skip_missing = true;
	else
		limit_addf(reading, "memory.swap.max", "%" PRId64, swap)->skip_missing = true;
	return 0;
}

/* v1 counts memory and swap together, v2 swap alone. */
static int add_swap(struct reading *reading)
{
	int64_t both = number(reading);
	int64_t memory = exd_command_number(reading->command, EXD_KEY_MEMORY,
					    reading->now ? reading->now->memory : 0);

	if (reading->now && both != -1 && (memory < 0 || both < memory))
		return exd_error_set(reading->err, EXD_ERR_KEY, 0,
				     "memory_swap counts memory and swap together: set 'memory' "
				     "too, to no more than that");
	if (reading->version == 1)
		limit_addf(reading, "memory.memsw.limit_in_bytes", "%" PRId64, both)->skip_missing =
			both == -1;
	else if (both == -1)
		limit_addf(reading, "memory.swap.max", "max")->skip_missing = true;
	else
		(void)limit_addf(reading, "memory.swap.max", "%" PRId64, both - memory);
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
		bandwidth(reading, reading->now ? reading->now->cpu_quota : -1, number(reading));
	return 0;
}

static int add_quota(struct reading *reading)
{
	int64_t period = reading->now ? reading->now->cpu_period : NATIVE_CPU_PERIOD;

	bandwidth(reading, number(reading),
		  exd_command_number(reading->command, EXD_KEY_CPU_PERIOD, period));
	return 0;
}

/* On v1 the period that holds is the one that the quota is reckoned by. */
static int add_cpus(struct reading *reading)
{
	const char *cpus = exd_command_string(reading->command, EXD_KEY_CPUS, "");
	int64_t period = reading->now ? reading->now->cpu_period : NATIVE_CPU_PERIOD;
	int64_t quota = native_cpus_quota(cpus, period);

	if (quota < QUOTA_MIN)
		return exd_error_set(reading->err, EXD_ERR_CGROUP, 0,
				     "cpus '%s' is too little: the least is %.2f", cpus,
				     QUOTA_MIN / (double)period);
	bandwidth(reading, quota, period);
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
	{EXD_KEY_MEMORY, "memory", "memory", NULL, add_memory},
	{EXD_KEY_MEMORY_SWAP, "memory_swap", "memory", NULL, add_swap},
	{EXD_KEY_MEMORY_RESERVATION, "memory_reservation", "memory", NULL, add_reservation},
	{EXD_KEY_MEMORY_SWAPPINESS, "memory_swappiness", "memory", NULL, add_swappiness},
	{EXD_KEY_OOM_KILL_DISABLE, "oom_kill_disable", "memory", NULL, add_oom_kill_disable},
	{EXD_KEY_CPU_SHARES, "cpu_shares", "cpu", NULL, add_shares},
	{EXD_KEY_CPU_PERIOD, "cpu_period", "cpu", NULL, add_period},
	{EXD_KEY_CPU_QUOTA, "cpu_quota", "cpu", NULL, add_quota},
	{EXD_KEY_CPUS, "cpus", "cpu", NULL, add_cpus},
	{EXD_KEY_CPUSET_CPUS, "cpuset_cpus", "cpuset", NULL, add_cpuset},
	{EXD_KEY_CPUSET_MEMS, "cpuset_mems", "cpuset", NULL, add_cpuset},
	{EXD_KEY_PIDS_LIMIT, "pids_limit", "pids", NULL, add_pids},
	{EXD_KEY_BLKIO_WEIGHT, "blkio_weight", "blkio", "io", limit_io_weight},
	{EXD_KEY_BLKIO_WEIGHT_DEVICES, "blkio_weight_devices", "blkio", "io",
	 limit_io_weight_devices},
	{EXD_KEY_DEVICE_READ_BPS, "device_read_bps", "blkio", "io", limit_io_rates},
	{EXD_KEY_DEVICE_WRITE_BPS, "device_write_bps", "blkio", "io", limit_io_rates},
	{EXD_KEY_DEVICE_READ_IOPS, "device_read_iops", "blkio", "io", limit_io_rates},
	{EXD_KEY_DEVICE_WRITE_IOPS, "device_write_iops", "blkio", "io", limit_io_rates},
	{EXD_KEY_HUGETLB_LIMITS, "hugetlb_limits", "hugetlb", NULL, limit_hugetlb},
	{EXD_KEY_RDMA_LIMITS, "rdma_limits", "rdma", NULL, limit_rdma},
	{EXD_KEY_MISC_LIMITS, "misc_limits", "misc", NULL, limit_misc},
	/* last, so that it may go beyond what the others say */
	{EXD_KEY_CGROUP_CONF, "cgroup_conf", NULL, NULL, limit_conf},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

bool native_limits_key(enum exd_key key)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].key == key)
			return true;
	return false;
}

/* A rule adds at most two limits for each item, and refuses each key once. */
static bool has_room(const struct native_limits *out, size_t items)
{
	return out->count + 2 * (items ? items : 1) <= NATIVE_LIMITS_MAX &&
	       out->refused_count + (items ? items : 1) <= NATIVE_LIMITS_MAX;
}

static int read_rule(struct reading *reading, const struct cgroup_layout *layout)
{
	const struct rule *rule = reading->rule;
	const struct cgroup_hierarchy *h = NULL;

	reading->controller = rule->controller;
	if (!rule->controller)
		return rule->add(reading);
	if (rule->v2_controller)
		h = cgroup_layout_find(layout, rule->v2_controller);
	if (h)
		reading->controller = rule->v2_controller;
	else
		h = cgroup_layout_find(layout, rule->controller);
	if (!h) {
		limit_refuse(reading->out, rule->name, rule->controller, NULL);
		return 0;
	}
	if (h->readonly) {
		limit_refuse(reading->out, rule->name, reading->controller,
			     "its cgroup hierarchy is mounted read-only: remount it read-write");
		return 0;
	}
	reading->version = h->version;
	return rule->add(reading);
}

int native_limits_read(const struct exd_command *command, const struct cgroup_layout *layout,
		       const struct native_limits_now *now, struct native_limits *out,
		       struct exd_error *err)
{
	struct reading reading = {
		.command = command, .layout = layout, .now = now, .out = out, .err = err};
	int r = 0;

	out->count = 0;
	out->refused_count = 0;
	for (size_t i = 0; i < RULES && r == 0; i++) {
		if (!exd_command_is_set(command, rules[i].key))
			continue;
		if (!has_room(out, exd_command_count(command, rules[i].key)))
			return exd_error_set(err, EXD_ERR_CGROUP, E2BIG,
					     "%s: more limits than %d files of a cgroup can be set",
					     rules[i].name, NATIVE_LIMITS_MAX);
		reading.rule = &rules[i];
		r = read_rule(&reading, layout);
	}
	return r;
}

const char *native_limit_file(const struct native_limit *limit)
{
	return limit->file ? limit->file : limit->name;
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
			limit_refuse(limits, limit->key, limit->controller, reason);
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
 * In proportion, which is what the kernel itself makes of a weight (it multiplies by 1024 and divides
 * by 100), so that both defaults mean the same and containers keep their ratios. Other runtimes took
 * a line from 2..262144 to 1..10000 first, by which 1024 became 39, and a curve through (1024, 100)
 * since 2025: either makes other ratios of the same shares. What is above the hundredfold of the
 * default is cut.
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
