/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of what containers use, and the load between two of them. */
#ifndef EXECDRIVER_DRIVERCTL_SAMPLE_H
#define EXECDRIVER_DRIVERCTL_SAMPLE_H

#include "base/cleanup.h"
#include "driverctl/ctl.h"

struct sample {
	char *id;
	struct exd_stats stats;
	double cpu_percent; /* of one cpu, since the sample before; negative: there is none */
};

struct samples {
	struct sample *items;
	size_t count;
};

/*
 * A sample of each container that runs: of the ids given (an error when one of them does not), or
 * of all when there are none. With `before`, the load since then.
 */
int samples_take(struct samples *samples, struct ctl *ctl, const struct samples *before,
		 struct exd_error *err);
void samples_free(struct samples *samples);
#define cleanup_samples CLEANUP(samples_free)
/* The other samples take the place of these. */
void samples_replace(struct samples *samples, struct samples *by);

#endif
