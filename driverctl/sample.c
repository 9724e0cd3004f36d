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

/* Takes the lists, also when it fails. */
static int add_consume(struct samples *samples, const char *id, const struct exd_stats *stats,
		       struct sample_lists *lists, const struct samples *before,
		       struct exd_error *err)
{
	struct sample *items = reallocarray(samples->items, samples->count + 1, sizeof(*items));
	char *name = strdup(id);

	if (items)
		samples->items = items;
	if (!items || !name) {
		free(name);
		free(lists);
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot keep samples");
	}
	items[samples->count++] =
		(struct sample){name, *stats, lists, load_since(stats, find(before, id))};
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
	struct sample_lists *lists = NULL;
	int r;

	if (samples->all) {
		lists = calloc(1, sizeof(*lists));
		if (!lists)
			return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot keep samples");
		stats.want = UINT32_MAX;
		stats.cpu_ns = lists->cpu_ns;
		stats.cpus_max = SAMPLE_CPUS;
		stats.interface = lists->interface;
		stats.interfaces_max = SAMPLE_INTERFACES;
		stats.hugetlb = lists->hugetlb;
		stats.hugetlbs_max = SAMPLE_HUGETLBS;
	}
	r = exd_stats(ctl->engine, id, &stats, err);
	if (r >= 0)
		return add_consume(samples, id, &stats, lists, before, err);
	free(lists);
	return r;
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
	*samples = (struct samples){.all = samples->all};
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
	for (size_t i = 0; i < samples->count; i++) {
		free(samples->items[i].id);
		free(samples->items[i].lists);
	}
	free(samples->items);
	*samples = (struct samples){.all = samples->all};
}

void samples_replace(struct samples *samples, struct samples *by)
{
	samples_free(samples);
	*samples = *by;
	*by = (struct samples){.all = by->all};
}
