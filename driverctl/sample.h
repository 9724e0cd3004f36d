/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of what containers use, and the load between two of them. */
#ifndef EXECDRIVER_DRIVERCTL_SAMPLE_H
#define EXECDRIVER_DRIVERCTL_SAMPLE_H

#include "base/cleanup.h"
#include "driverctl/ctl.h"

#define SAMPLE_CPUS 4096
#define SAMPLE_INTERFACES 256
#define SAMPLE_HUGETLBS 16

/* Room for the lists of stats. */
struct sample_lists {
	uint64_t cpu_ns[SAMPLE_CPUS];
	struct exd_stats_interface interface[SAMPLE_INTERFACES];
	struct exd_stats_hugetlb hugetlb[SAMPLE_HUGETLBS];
};

struct sample {
	char *id;
	struct exd_stats stats;     /* points into lists */
	struct sample_lists *lists; /* NULL: not asked for */
	double cpu_percent;         /* of one cpu, since the sample before; negative: there is none */
};

struct samples {
	bool all; /* set before: every group, and lists */
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
