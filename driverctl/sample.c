/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of what containers use, and the load between two of them. */
#include "driverctl/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct sample *find(const struct samples *samples, const char *id)
{
	for (size_t i = 0; samples && i < samples->count; i++)
		if (strcmp(samples->items[i].id, id) == 0)
			return &samples->items[i];
	return NULL;
}

static double load_since(const struct exd_stats *now, const struct sample *before)
{
	if (!before || !(now->valid & before->stats.valid & EXD_STATS_CPU) ||
	    now->time_ns <= before->stats.time_ns || now->cpu_total_ns < before->stats.cpu_total_ns)
		return -1;
	return 100.0 * (double)(now->cpu_total_ns - before->stats.cpu_total_ns) /
	       (double)(now->time_ns - before->stats.time_ns);
}

static int add(struct samples *samples, const char *id, const struct exd_stats *stats,
	       const struct samples *before, struct exd_error *err)
{
	struct sample *items = reallocarray(samples->items, samples->count + 1, sizeof(*items));
	char *name = strdup(id);

	if (items)
		samples->items = items;
	if (!items || !name) {
		free(name);
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot keep samples");
	}
	items[samples->count++] =
		(struct sample){name, *stats, load_since(stats, find(before, id))};
	return 0;
}

static bool has_ended(const struct exd_error *err)
{
	return err->code == EXD_ERR_NOT_RUNNING || err->code == EXD_ERR_NOT_FOUND;
}

static int take(struct samples *samples, struct ctl *ctl, const char *id,
		const struct samples *before, struct exd_error *err)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	int r = exd_stats(ctl->engine, id, &stats, err);

	return r < 0 ? r : add(samples, id, &stats, before, err);
}

static int take_all(struct samples *samples, struct ctl *ctl, const struct samples *before,
		    struct exd_error *err)
{
	struct exd_box *box = NULL;
	int r;

	while ((r = exd_box_next(ctl->engine, &box, err)) > 0) {
		enum exd_status status = exd_box_status(box);

		if (status != EXD_STATUS_RUNNING && status != EXD_STATUS_PAUSED)
			continue;
		r = take(samples, ctl, exd_box_id(box), before, err);
		if (r < 0 && !has_ended(err)) {
			(void)exd_box_free(box);
			return r;
		}
	}
	return r;
}

int samples_take(struct samples *samples, struct ctl *ctl, const struct samples *before,
		 struct exd_error *err)
{
	*samples = (struct samples){0};
	if (!ctl->args.operand_count)
		return take_all(samples, ctl, before, err);
	for (size_t i = 0; i < ctl->args.operand_count; i++) {
		const char *id = ctl->args.operands[i];
		int r = take(samples, ctl, id, before, err);

		if (r < 0 && !(before && has_ended(err)))
			return r;
	}
	return 0;
}

void samples_free(struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		free(samples->items[i].id);
	free(samples->items);
	*samples = (struct samples){0};
}

void samples_replace(struct samples *samples, struct samples *by)
{
	samples_free(samples);
	*samples = *by;
	*by = (struct samples){0};
}
