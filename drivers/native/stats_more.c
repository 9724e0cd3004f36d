/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters that are read only when they are asked for: disks, pressure, and lists. */
#include "drivers/native/stats_more.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "drivers/native/cgroup_record.h"

#define TEXT_SIZE 16384
#define NS_PER_US 1000u
#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (MIB * KIB)
#define HUGEPAGES "/sys/kernel/mm/hugepages"
/* v1's "no limit" is the highest number of whole pages, of any size. */
#define V1_NO_LIMIT UINT64_C(0x7fffffff00000000)

static bool next_line(const char **text, const char **line)
{
	*line = *text;
	*text += strcspn(*text, "\n");
	*text += **text == '\n';
	return **line != '\0';
}

/* ---- disks ----------------------------------------------------------------------------------- */

/* "8:0 Read 4096" */
void stats_io_v1(const char *text, uint64_t *reads, uint64_t *writes)
{
	const char *line;

	while (next_line(&text, &line)) {
		const char *word = line + strcspn(line, " \n");

		if (str_has_prefix(word, " Read "))
			*reads += strtoull(word + strlen(" Read "), NULL, 10);
		else if (str_has_prefix(word, " Write "))
			*writes += strtoull(word + strlen(" Write "), NULL, 10);
	}
}

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0" */
void stats_io_v2(const char *text, struct exd_stats *stats)
{
	const struct {
		const char *name;
		uint64_t *sum;
	} fields[] = {{"rbytes=", &stats->io_read_bytes},
		      {"wbytes=", &stats->io_write_bytes},
		      {"rios=", &stats->io_reads},
		      {"wios=", &stats->io_writes}};

	while (*text) {
		size_t n = strcspn(text, " \n");

		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (str_has_prefix(text, fields[i].name))
				*fields[i].sum += strtoull(text + strlen(fields[i].name), NULL, 10);
		text += n + (text[n] != '\0');
	}
}

bool native_stats_io(struct exd_record *record, struct exd_stats *stats)
{
	struct native_dir dir = native_dir(record, "blkio");
	char text[TEXT_SIZE];

	if (dir.fd < 0)
		dir = native_dir(record, "io");
	if (dir.fd < 0)
		return false;
	if (dir.version == 2) {
		if (read_file_at(dir.fd, "io.stat", text, sizeof(text)) < 0)
			return false;
		stats_io_v2(text, stats);
		return true;
	}
	if (read_file_at(dir.fd, "blkio.throttle.io_service_bytes_recursive", text, sizeof(text)) <
	    0)
		return false;
	stats_io_v1(text, &stats->io_read_bytes, &stats->io_write_bytes);
	if (read_file_at(dir.fd, "blkio.throttle.io_serviced_recursive", text, sizeof(text)) < 0)
		return false;
	stats_io_v1(text, &stats->io_reads, &stats->io_writes);
	return true;
}

/* ---- pressure -------------------------------------------------------------------------------- */

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and a line that begins with "full" */
void stats_pressure(const char *text, uint64_t *some_ns, uint64_t *full_ns)
{
	const char *line;

	while (next_line(&text, &line)) {
		const char *total = strstr(line, "total=");
		uint64_t ns = total ? strtoull(total + strlen("total="), NULL, 10) * NS_PER_US : 0;

		if (str_has_prefix(line, "some "))
			*some_ns = ns;
		else if (str_has_prefix(line, "full "))
			*full_ns = ns;
	}
}

static bool read_pressure(int dir, const char *file, uint64_t *some_ns, uint64_t *full_ns)
{
	char text[512];

	/* empty or EOPNOTSUPP where it is switched off */
	if (read_file_at(dir, file, text, sizeof(text)) <= 0)
		return false;
	stats_pressure(text, some_ns, full_ns);
	return true;
}

/* Every cgroup of v2 has it, whatever its controllers. */
bool native_stats_pressure(struct exd_record *record, struct exd_stats *stats)
{
	struct native_dir dir = native_dir(record, "");

	return dir.fd >= 0 &&
	       read_pressure(dir.fd, "cpu.pressure", &stats->pressure_cpu_some_ns,
			     &stats->pressure_cpu_full_ns) &&
	       read_pressure(dir.fd, "memory.pressure", &stats->pressure_memory_some_ns,
			     &stats->pressure_memory_full_ns) &&
	       read_pressure(dir.fd, "io.pressure", &stats->pressure_io_some_ns,
			     &stats->pressure_io_full_ns);
}

/* ---- lists ----------------------------------------------------------------------------------- */

uint32_t stats_numbers(const char *text, uint64_t *list, uint32_t max)
{
	uint32_t count = 0;
	char *end;

	for (;; text = end, count++) {
		uint64_t number = strtoull(text, &end, 10);

		if (end == text)
			return count;
		if (count < max)
			list[count] = number;
	}
}

static void read_cpus(struct exd_record *record, struct exd_stats *stats)
{
	struct native_dir dir = native_dir(record, "cpuacct");
	char text[TEXT_SIZE];

	if (dir.version != 1 || dir.fd < 0 ||
	    read_file_at(dir.fd, "cpuacct.usage_percpu", text, sizeof(text)) < 0)
		return;
	stats->cpus = stats_numbers(text, stats->cpu_ns, stats->cpus_max);
}

static uint64_t read_number(int dir, const char *size, const char *what, uint64_t otherwise)
{
	char file[64], text[64];

	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", size, what);
	if (read_file_at(dir, file, text, sizeof(text)) <= 0)
		return otherwise;
	if (str_has_prefix(text, "max "))
		return strtoull(text + strlen("max "), NULL, 10);
	return str_has_prefix(text, "max") ? UINT64_MAX : strtoull(text, NULL, 10);
}

static struct exd_stats_hugetlb read_hugetlb(struct native_dir dir, uint64_t bytes)
{
	struct exd_stats_hugetlb one = {.page_size = bytes};
	bool v1 = dir.version == 1;
	char size[32];

	if (bytes >= GIB)
		(void)snprintf(size, sizeof(size), "%" PRIu64 "GB", bytes / GIB);
	else if (bytes >= MIB)
		(void)snprintf(size, sizeof(size), "%" PRIu64 "MB", bytes / MIB);
	else
		(void)snprintf(size, sizeof(size), "%" PRIu64 "KB", bytes / KIB);
	one.usage = read_number(dir.fd, size, v1 ? "usage_in_bytes" : "current", 0);
	one.peak = v1 ? read_number(dir.fd, size, "max_usage_in_bytes", 0) : 0;
	one.limit = read_number(dir.fd, size, v1 ? "limit_in_bytes" : "max", UINT64_MAX);
	one.failures = read_number(dir.fd, size, v1 ? "failcnt" : "events", 0);
	if (one.limit >= V1_NO_LIMIT)
		one.limit = UINT64_MAX;
	return one;
}

static void read_hugetlbs(struct exd_record *record, struct exd_stats *stats)
{
	struct native_dir dir = native_dir(record, "hugetlb");
	cleanup_closedir DIR *sizes = dir.fd >= 0 ? opendir(HUGEPAGES) : NULL;
	const struct dirent *entry;

	while (sizes && (entry = readdir(sizes))) {
		uint64_t bytes;

		if (!str_has_prefix(entry->d_name, "hugepages-"))
			continue;
		bytes = strtoull(entry->d_name + strlen("hugepages-"), NULL, 10) * KIB;
		if (stats->hugetlbs < stats->hugetlbs_max)
			stats->hugetlb[stats->hugetlbs] = read_hugetlb(dir, bytes);
		stats->hugetlbs++;
	}
}

void native_stats_lists(struct exd_record *record, struct exd_stats *stats)
{
	if (stats->cpu_ns && stats->cpus_max)
		read_cpus(record, stats);
	if (stats->hugetlb && stats->hugetlbs_max)
		read_hugetlbs(record, stats);
}
