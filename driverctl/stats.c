/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl stats: what containers use, once or each second. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "driverctl/print.h"
#include "driverctl/sample.h"
#include "driverctl/stats_lists.h"

static const struct column columns[] = {
	{"ID", "id", COLUMN_TEXT},
	{NULL, "time", COLUMN_TIME},
	{"CPU%", "cpu_percent", COLUMN_JSON},
	{"CPU-SECONDS", NULL, COLUMN_TEXT},
	{NULL, "cpu_total_ns", COLUMN_NUMBER},
	{NULL, "cpu_user_ns", COLUMN_NUMBER},
	{NULL, "cpu_system_ns", COLUMN_NUMBER},
	{NULL, "cpu_periods", COLUMN_NUMBER},
	{NULL, "cpu_throttled_periods", COLUMN_NUMBER},
	{NULL, "cpu_throttled_ns", COLUMN_NUMBER},
	{"MEMORY", "memory_usage", COLUMN_BYTES},
	{"LIMIT", "memory_limit", COLUMN_BYTES},
	{"PEAK", "memory_peak", COLUMN_BYTES},
	{NULL, "memory_cache", COLUMN_NUMBER},
	{NULL, "memory_rss", COLUMN_NUMBER},
	{NULL, "memory_swap", COLUMN_NUMBER},
	{NULL, "memory_failcnt", COLUMN_NUMBER},
	{"OOM-KILLS", "oom_kills", COLUMN_NUMBER},
	{"PIDS", "pids_current", COLUMN_NUMBER},
	{NULL, "pids_limit", COLUMN_NUMBER},
	{"RX", "network_rx_bytes", COLUMN_BYTES},
	{NULL, "network_rx_packets", COLUMN_NUMBER},
	{NULL, "network_rx_errors", COLUMN_NUMBER},
	{NULL, "network_rx_dropped", COLUMN_NUMBER},
	{"TX", "network_tx_bytes", COLUMN_BYTES},
	{NULL, "network_tx_packets", COLUMN_NUMBER},
	{NULL, "network_tx_errors", COLUMN_NUMBER},
	{NULL, "network_tx_dropped", COLUMN_NUMBER},
	{NULL, "io_read_bytes", COLUMN_NUMBER},
	{NULL, "io_write_bytes", COLUMN_NUMBER},
	{NULL, "io_reads", COLUMN_NUMBER},
	{NULL, "io_writes", COLUMN_NUMBER},
	{NULL, "pressure_cpu_some_ns", COLUMN_NUMBER},
	{NULL, "pressure_cpu_full_ns", COLUMN_NUMBER},
	{NULL, "pressure_memory_some_ns", COLUMN_NUMBER},
	{NULL, "pressure_memory_full_ns", COLUMN_NUMBER},
	{NULL, "pressure_io_some_ns", COLUMN_NUMBER},
	{NULL, "pressure_io_full_ns", COLUMN_NUMBER},
	{NULL, "cpus_ns", COLUMN_JSON},
	{NULL, "interfaces", COLUMN_JSON},
	{NULL, "hugetlb", COLUMN_JSON},
	{NULL, NULL, COLUMN_TEXT},
};

/* A number that could not be read is nothing, never 0; so is a limit that is not set. */
static void add(struct listing *listing, bool valid, uint64_t number)
{
	if (valid && number != UINT64_MAX)
		listing_number(listing, number);
	else
		listing_none(listing);
}

static void add_cpu(struct listing *listing, const struct sample *sample)
{
	const struct exd_stats *stats = &sample->stats;
	bool valid = stats->valid & EXD_STATS_CPU;
	char text[48];

	if (sample->cpu_percent >= 0) {
		(void)snprintf(text, sizeof(text), "%.1f", sample->cpu_percent);
		listing_text(listing, text);
	} else {
		listing_none(listing);
	}
	(void)snprintf(text, sizeof(text), "%.3f", (double)stats->cpu_total_ns / 1e9);
	if (valid)
		listing_text(listing, text);
	else
		listing_none(listing);
	add(listing, valid, stats->cpu_total_ns);
	add(listing, valid, stats->cpu_user_ns);
	add(listing, valid, stats->cpu_system_ns);
	add(listing, valid, stats->cpu_periods);
	add(listing, valid, stats->cpu_throttled_periods);
	add(listing, valid, stats->cpu_throttled_ns);
}

static void add_memory(struct listing *listing, const struct exd_stats *stats)
{
	bool valid = stats->valid & EXD_STATS_MEMORY;

	add(listing, valid, stats->memory_usage);
	add(listing, valid, stats->memory_limit);
	add(listing, valid, stats->memory_peak);
	add(listing, valid, stats->memory_cache);
	add(listing, valid, stats->memory_rss);
	add(listing, valid, stats->memory_swap);
	add(listing, valid, stats->memory_failcnt);
	add(listing, valid, stats->oom_kills);
}

static void add_network(struct listing *listing, const struct exd_stats *stats)
{
	bool valid = stats->valid & EXD_STATS_NETWORK;

	add(listing, valid, stats->network_rx_bytes);
	add(listing, valid, stats->network_rx_packets);
	add(listing, valid, stats->network_rx_errors);
	add(listing, valid, stats->network_rx_dropped);
	add(listing, valid, stats->network_tx_bytes);
	add(listing, valid, stats->network_tx_packets);
	add(listing, valid, stats->network_tx_errors);
	add(listing, valid, stats->network_tx_dropped);
}

static void add_io(struct listing *listing, const struct exd_stats *stats)
{
	bool valid = stats->valid & EXD_STATS_IO;

	add(listing, valid, stats->io_read_bytes);
	add(listing, valid, stats->io_write_bytes);
	add(listing, valid, stats->io_reads);
	add(listing, valid, stats->io_writes);
}

static void add_pressure(struct listing *listing, const struct exd_stats *stats)
{
	bool valid = stats->valid & EXD_STATS_PRESSURE;

	add(listing, valid, stats->pressure_cpu_some_ns);
	add(listing, valid, stats->pressure_cpu_full_ns);
	add(listing, valid, stats->pressure_memory_some_ns);
	add(listing, valid, stats->pressure_memory_full_ns);
	add(listing, valid, stats->pressure_io_some_ns);
	add(listing, valid, stats->pressure_io_full_ns);
}

static int print_samples(struct listing *listing, const struct samples *samples,
			 struct exd_error *err)
{
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		const struct exd_stats *stats = &sample->stats;

		listing_text(listing, sample->id);
		listing_number(listing, stats->time_ns);
		add_cpu(listing, sample);
		add_memory(listing, stats);
		add(listing, stats->valid & EXD_STATS_PIDS, stats->pids_current);
		add(listing, stats->valid & EXD_STATS_PIDS, stats->pids_limit);
		add_network(listing, stats);
		add_io(listing, stats);
		add_pressure(listing, stats);
		stats_lists_add(listing, sample);
	}
	return listing_print(listing, err);
}

int verb_stats(struct ctl *ctl, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	cleanup_samples struct samples samples = {0}, next = {0};
	int r;

	listing_init(&listing, columns, ctl->args.settings.json);
	samples.all = next.all = ctl->args.settings.json;
	r = samples_take(&samples, ctl, NULL, err);
	if (r >= 0)
		r = print_samples(&listing, &samples, err);
	while (r >= 0 && ctl->args.settings.follow && samples.count) {
		(void)sleep(1);
		r = samples_take(&next, ctl, &samples, err);
		samples_replace(&samples, &next);
		if (r >= 0 && samples.count)
			r = print_samples(&listing, &samples, err);
	}
	return r < 0 ? r : 0;
}
