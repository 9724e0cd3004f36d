/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters that are read only when they are asked for: disks, pressure, and lists. */
#ifndef EXECDRIVER_NATIVE_STATS_MORE_H
#define EXECDRIVER_NATIVE_STATS_MORE_H

#include <stdbool.h>

#include <execdriver/driver.h>

/* Whether the group could be read. */
bool native_stats_io(struct exd_record *record, struct exd_stats *stats);
bool native_stats_pressure(struct exd_record *record, struct exd_stats *stats);
/* CPU time by cpu and huge pages by size, those that have room. */
void native_stats_lists(struct exd_record *record, struct exd_stats *stats);

/* Their texts. */
void stats_io_v1(const char *text, uint64_t *reads, uint64_t *writes);
void stats_io_v2(const char *text, struct exd_stats *stats);
void stats_pressure(const char *text, uint64_t *some_ns, uint64_t *full_ns);
/* Returns how many numbers there are; as many as there is room for are written. */
uint32_t stats_numbers(const char *text, uint64_t *list, uint32_t max);

#endif
