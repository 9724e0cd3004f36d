/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of a running container: one read for each file, which stays open with the record. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_record.h"
#include "drivers/native/netdev.h"
#include "drivers/native/stats_more.h"

#define TEXT_SIZE 8192
#define NET_DEV_SIZE 16384
#define STATS_USUAL (EXD_STATS_CPU | EXD_STATS_MEMORY | EXD_STATS_PIDS | EXD_STATS_NETWORK)
#define NS_PER_US 1000u
#define NS_PER_S 1000000000u

/* v1's "no limit" is the highest number of whole pages. */
#define V1_NO_LIMIT UINT64_C(0x7ffffffffff00000)

/* A cgroup of the record's container. */
struct source {
	struct exd_record *record;
	int dir;
};

/* The kernel makes such a file's text at once, so that one read has all of it. */
static ssize_t read_once(const struct source *from, const char *file, char *text, size_t size)
{
	int fd = exd_record_file(from->record, from->dir, file);
	ssize_t n = fd < 0 ? -1 : pread(fd, text, size - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return n;
}

/* One number; "max" is UINT64_MAX. False when the file cannot be read. */
static bool read_number(const struct source *from, const char *file, uint64_t *out)
{
	char text[64];

	if (read_once(from, file, text, sizeof(text)) <= 0)
		return false;
	*out = strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
	return true;
}

struct field {
	const char *name;
	uint64_t *value;
};

/*
 * "NAME NUMBER" lines into the fields of these names, in one pass; the fields end with a NULL
 * name.
 */
static bool read_fields(const struct source *from, const char *file, const struct field *fields)
{
	char text[TEXT_SIZE];

	if (read_once(from, file, text, sizeof(text)) < 0)
		return false;
	for (char *line = text; *line;) {
		size_t n = strcspn(line, " \n");

		for (const struct field *f = fields; f->name; f++)
			if (strlen(f->name) == n && strncmp(f->name, line, n) == 0)
				*f->value = strtoull(line + n, NULL, 10);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return true;
}

static bool cpu_v1(struct exd_record *record, int cpu, struct exd_stats *s)
{
	const struct source acct = {record, native_dir(record, "cpuacct").fd};
	const struct source quota = {record, cpu};
	uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	const struct field times[] = {
		{"user", &s->cpu_user_ns}, {"system", &s->cpu_system_ns}, {NULL, NULL}};
	const struct field throttle[] = {{"nr_periods", &s->cpu_periods},
					 {"nr_throttled", &s->cpu_throttled_periods},
					 {"throttled_time", &s->cpu_throttled_ns},
					 {NULL, NULL}};
	bool ok = acct.dir >= 0 && read_number(&acct, "cpuacct.usage", &s->cpu_total_ns);

	if (ok && read_fields(&acct, "cpuacct.stat", times)) {
		s->cpu_user_ns *= tick_ns;
		s->cpu_system_ns *= tick_ns;
	}
	if (cpu >= 0)
		(void)read_fields(&quota, "cpu.stat", throttle);
	return ok;
}

/* cpu.stat is there without the controller too. */
static bool cpu_v2(const struct source *from, struct exd_stats *s)
{
	const struct field fields[] = {{"usage_usec", &s->cpu_total_ns},
				       {"user_usec", &s->cpu_user_ns},
				       {"system_usec", &s->cpu_system_ns},
				       {"nr_periods", &s->cpu_periods},
				       {"nr_throttled", &s->cpu_throttled_periods},
				       {"throttled_usec", &s->cpu_throttled_ns},
				       {NULL, NULL}};

	if (!read_fields(from, "cpu.stat", fields))
		return false;
	s->cpu_total_ns *= NS_PER_US;
	s->cpu_user_ns *= NS_PER_US;
	s->cpu_system_ns *= NS_PER_US;
	s->cpu_throttled_ns *= NS_PER_US;
	return true;
}

static bool read_cpu(struct exd_record *record, struct exd_stats *s)
{
	struct native_dir cpu = native_dir(record, "cpu");

	if (cpu.version == 1 || native_dir(record, "cpuacct").fd >= 0)
		return cpu_v1(record, cpu.fd, s);
	if (cpu.fd < 0)
		cpu = native_dir(record, "");
	return cpu.fd >= 0 && cpu_v2(&(struct source){record, cpu.fd}, s);
}

static bool memory_v1(const struct source *from, struct exd_stats *s)
{
	const struct field stat[] = {{"total_cache", &s->memory_cache},
				     {"total_rss", &s->memory_rss},
				     {"total_swap", &s->memory_swap},
				     {NULL, NULL}};
	const struct field oom[] = {{"oom_kill", &s->oom_kills}, {NULL, NULL}};

	if (!read_number(from, "memory.usage_in_bytes", &s->memory_usage))
		return false;
	(void)read_number(from, "memory.max_usage_in_bytes", &s->memory_peak);
	(void)read_number(from, "memory.limit_in_bytes", &s->memory_limit);
	(void)read_number(from, "memory.failcnt", &s->memory_failcnt);
	(void)read_fields(from, "memory.stat", stat);
	(void)read_fields(from, "memory.oom_control", oom);
	if (s->memory_limit >= V1_NO_LIMIT)
		s->memory_limit = UINT64_MAX;
	return true;
}

static bool memory_v2(const struct source *from, struct exd_stats *s)
{
	const struct field stat[] = {
		{"file", &s->memory_cache}, {"anon", &s->memory_rss}, {NULL, NULL}};
	const struct field events[] = {
		{"max", &s->memory_failcnt}, {"oom_kill", &s->oom_kills}, {NULL, NULL}};

	if (!read_number(from, "memory.current", &s->memory_usage))
		return false;
	(void)read_number(from, "memory.peak", &s->memory_peak);
	(void)read_number(from, "memory.max", &s->memory_limit);
	(void)read_number(from, "memory.swap.current", &s->memory_swap);
	(void)read_fields(from, "memory.stat", stat);
	(void)read_fields(from, "memory.events", events);
	return true;
}

static bool read_memory(struct exd_record *record, struct exd_stats *s)
{
	struct native_dir dir = native_dir(record, "memory");
	const struct source from = {record, dir.fd};

	s->memory_limit = UINT64_MAX;
	if (dir.fd < 0)
		return false;
	return dir.version == 1 ? memory_v1(&from, s) : memory_v2(&from, s);
}

static bool read_pids(struct exd_record *record, struct exd_stats *s)
{
	const struct source from = {record, native_dir(record, "pids").fd};

	s->pids_limit = UINT64_MAX;
	if (from.dir < 0 || !read_number(&from, "pids.current", &s->pids_current))
		return false;
	(void)read_number(&from, "pids.max", &s->pids_limit);
	return true;
}

/* The host's own network is not the container's to count. */
static bool shares_network(const char *net)
{
	struct stat own, its;

	return stat("/proc/self/ns/net", &own) == 0 && stat(net, &its) == 0 &&
	       own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

/* By pid, so the pidfd is asked afterwards whether it was still init's. */
static bool read_network(struct exd_record *record, struct exd_stats *s)
{
	char path[64], text[NET_DEV_SIZE];
	int pid = (int)exd_record_pid(record);

	if (exd_record_pidfd(record) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (shares_network(path))
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	if (read_file_at(AT_FDCWD, path, text, sizeof(text)) < 0 || exd_record_pidfd(record) < 0)
		return false;
	netdev_sum(text, s);
	s->interfaces = netdev_list(text, s->interface, s->interface ? s->interfaces_max : 0);
	return true;
}

int native_stats(void *self, struct exd_record *record, struct exd_stats *stats,
		 struct exd_error *err)
{
	static const struct {
		uint32_t group;
		bool (*read)(struct exd_record *record, struct exd_stats *stats);
	} groups[] = {
		{EXD_STATS_CPU, read_cpu},
		{EXD_STATS_MEMORY, read_memory},
		{EXD_STATS_PIDS, read_pids},
		{EXD_STATS_NETWORK, read_network},
		{EXD_STATS_IO, native_stats_io},
		{EXD_STATS_PRESSURE, native_stats_pressure},
	};
	uint32_t want = stats->want ? stats->want : STATS_USUAL;

	(void)self;
	stats->time_ns = clock_ns(CLOCK_REALTIME);
	stats->valid = 0;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if ((want & groups[i].group) && groups[i].read(record, stats))
			stats->valid |= groups[i].group;
	native_stats_lists(record, stats);
	if (!stats->valid && exd_record_pidfd(record) < 0)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, 0, "container '%s' is not running",
				     exd_record_id(record));
	return 0;
}
