/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl top: running containers, sorted, as a live view on a terminal and once elsewhere. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "driverctl/print.h"
#include "driverctl/sample.h"
#include "driverctl/screen.h"

#define INTERVAL_MS 1000
#define TITLES_ROW 1 /* of the page */

static const struct column columns[] = {
	{"ID", "id", COLUMN_TEXT},
	{"CPU%", "cpu_percent", COLUMN_JSON},
	{"CPU-SECONDS", "cpu_seconds", COLUMN_JSON},
	{"MEMORY", "memory_usage", COLUMN_BYTES},
	{"LIMIT", "memory_limit", COLUMN_BYTES},
	{"PIDS", "pids_current", COLUMN_NUMBER},
	{NULL, NULL, COLUMN_TEXT},
};

/* What a sample is sorted by; what could not be read comes last. */
static double by_cpu(const struct sample *sample)
{
	return sample->cpu_percent;
}

static double by_time(const struct sample *sample)
{
	return sample->stats.valid & EXD_STATS_CPU ? (double)sample->stats.cpu_total_ns : -1;
}

static double by_memory(const struct sample *sample)
{
	return sample->stats.valid & EXD_STATS_MEMORY ? (double)sample->stats.memory_usage : -1;
}

static double by_pids(const struct sample *sample)
{
	return sample->stats.valid & EXD_STATS_PIDS ? (double)sample->stats.pids_current : -1;
}

static const struct order {
	const char *name;
	char key;
	double (*value)(const struct sample *sample); /* NULL: by id */
} orders[] = {
	{"cpu", 'c', by_cpu},
	{"time", 't', by_time},
	{"memory", 'm', by_memory},
	{"pids", 'p', by_pids},
	{"id", 'i', NULL},
};

#define ORDERS (sizeof(orders) / sizeof(orders[0]))

struct top {
	struct ctl *ctl;
	struct samples samples;
	const struct order *order;
	bool reverse;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct sample *x = a, *y = b;
	const struct top *top = arg;
	double left = top->order->value ? top->order->value(x) : 0;
	double right = top->order->value ? top->order->value(y) : 0;
	int result = left == right ? strcmp(x->id, y->id) : left < right ? 1
									 : -1;

	return top->reverse ? -result : result;
}

static void add(struct listing *listing, bool valid, uint64_t number)
{
	if (valid && number != UINT64_MAX)
		listing_number(listing, number);
	else
		listing_none(listing);
}

static void add_decimal(struct listing *listing, bool valid, int digits, double number)
{
	char text[48];

	(void)snprintf(text, sizeof(text), "%.*f", digits, number);
	if (valid)
		listing_text(listing, text);
	else
		listing_none(listing);
}

static void fill(struct listing *listing, struct top *top)
{
	struct samples *samples = &top->samples;

	if (samples->count)
		qsort_r(samples->items, samples->count, sizeof(*samples->items), compare, top);
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		const struct exd_stats *stats = &sample->stats;

		listing_text(listing, sample->id);
		add_decimal(listing, sample->cpu_percent >= 0, 1, sample->cpu_percent);
		add_decimal(listing, stats->valid & EXD_STATS_CPU, 3,
			    (double)stats->cpu_total_ns / 1e9);
		add(listing, stats->valid & EXD_STATS_MEMORY, stats->memory_usage);
		add(listing, stats->valid & EXD_STATS_MEMORY, stats->memory_limit);
		add(listing, stats->valid & EXD_STATS_PIDS, stats->pids_current);
	}
}

static int sample_again(struct top *top, struct exd_error *err)
{
	struct samples next = {0};
	int r = samples_take(&next, top->ctl, &top->samples, err);

	samples_replace(&top->samples, &next);
	return r;
}

static int draw(struct top *top, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	cleanup_strbuf struct strbuf page = {0};
	int r;

	listing_init(&listing, columns, false);
	(void)sb_addf(&page,
		      "%zu running, by %s%s   sort: c cpu, t time, m memory, p pids, i id, "
		      "r reverse   q quit\n",
		      top->samples.count, top->order->name, top->reverse ? ", reversed" : "");
	fill(&listing, top);
	r = listing_render(&listing, &page);
	if (r == 0)
		r = screen_draw(&page, TITLES_ROW);
	return r < 0 ? exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot write to standard output")
		     : 0;
}

/* False: it asks to end. */
static bool handle_key(struct top *top, int key)
{
	for (size_t i = 0; i < ORDERS; i++)
		if (orders[i].key == key)
			top->order = &orders[i];
	top->reverse ^= key == 'r';
	return key != 'q';
}

/* Until the user ends it: the exit code. */
static int show(struct top *top, struct screen *screen, struct exd_error *err)
{
	int64_t deadline = clock_ms() + INTERVAL_MS;
	int what = 0, r = 0;

	while (r >= 0) {
		r = draw(top, err);
		if (r < 0)
			break;
		switch (screen_wait(screen, deadline, &what)) {
		case SCREEN_TIMEOUT:
			r = sample_again(top, err);
			deadline = clock_ms() + INTERVAL_MS;
			break;
		case SCREEN_KEY:
			if (!handle_key(top, what))
				return 0;
			break;
		case SCREEN_SIGNAL:
			return what == SIGINT ? 0 : 128 + what;
		case SCREEN_RESIZED:
			break;
		}
	}
	return r;
}

static int live(struct top *top, struct exd_error *err)
{
	struct screen screen;
	int r = screen_open(&screen, err);

	if (r < 0)
		return r;
	r = show(top, &screen, err);
	screen_close(&screen);
	return r;
}

static int once(struct top *top, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	int r;

	listing_init(&listing, columns, top->ctl->args.settings.json);
	(void)poll(NULL, 0, INTERVAL_MS);
	r = sample_again(top, err);
	if (r < 0)
		return r;
	fill(&listing, top);
	return listing_print(&listing, err);
}

static int choose_order(struct top *top, struct exd_error *err)
{
	const char *name = top->ctl->args.settings.sort;

	for (size_t i = 0; i < ORDERS; i++) {
		if (name && strcmp(orders[i].name, name) != 0)
			continue;
		top->order = &orders[i];
		return 0;
	}
	return exd_error_set(err, EXD_ERR_INVALID, 0,
			     "--sort '%.64s' is none of cpu, time, memory, pids and id", name);
}

int verb_top(struct ctl *ctl, struct exd_error *err)
{
	struct top top = {.ctl = ctl};
	int r = choose_order(&top, err);

	if (r == 0)
		r = samples_take(&top.samples, ctl, NULL, err);
	if (r >= 0 && !ctl->args.settings.json && screen_possible())
		r = live(&top, err);
	else if (r >= 0)
		r = once(&top, err);
	samples_free(&top.samples);
	return r;
}
