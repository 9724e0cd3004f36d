/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl top: running containers, the busiest first, until interrupted. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "driverctl/print.h"
#include "driverctl/sample.h"

static const struct column columns[] = {
	{"ID", "id", COLUMN_TEXT},
	{"CPU%", "cpu_percent", COLUMN_JSON},
	{"MEMORY", "memory_usage", COLUMN_BYTES},
	{"LIMIT", "memory_limit", COLUMN_BYTES},
	{"PIDS", "pids_current", COLUMN_NUMBER},
	{NULL, NULL, COLUMN_TEXT},
};

#define CLEAR_SCREEN "\033[H\033[2J"

static int busier(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->cpu_percent != y->cpu_percent)
		return x->cpu_percent < y->cpu_percent ? 1 : -1;
	return x->stats.memory_usage < y->stats.memory_usage ? 1 : -1;
}

static void add(struct listing *listing, bool valid, uint64_t number)
{
	if (valid && number != UINT64_MAX)
		listing_number(listing, number);
	else
		listing_none(listing);
}

static int print_samples(struct listing *listing, struct samples *samples, struct exd_error *err)
{
	if (samples->count)
		qsort(samples->items, samples->count, sizeof(*samples->items), busier);
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		const struct exd_stats *stats = &sample->stats;
		char percent[48];

		(void)snprintf(percent, sizeof(percent), "%.1f", sample->cpu_percent);
		listing_text(listing, sample->id);
		if (sample->cpu_percent >= 0)
			listing_text(listing, percent);
		else
			listing_none(listing);
		add(listing, stats->valid & EXD_STATS_MEMORY, stats->memory_usage);
		add(listing, stats->valid & EXD_STATS_MEMORY, stats->memory_limit);
		add(listing, stats->valid & EXD_STATS_PIDS, stats->pids_current);
	}
	return listing_print(listing, err);
}

int verb_top(struct ctl *ctl, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	cleanup_samples struct samples samples = {0}, next = {0};
	bool screen = !ctl->args.settings.json && isatty(STDOUT_FILENO);
	int r;

	listing_init(&listing, columns, ctl->args.settings.json);
	r = samples_take(&samples, ctl, NULL, err);
	if (r < 0)
		return r;
	do {
		(void)sleep(1);
		r = samples_take(&next, ctl, &samples, err);
		samples_replace(&samples, &next);
		if (r < 0)
			return r;
		if (screen)
			(void)fputs(CLEAR_SCREEN, stdout);
		r = print_samples(&listing, &samples, err);
	} while (r >= 0 && screen);
	return r;
}
