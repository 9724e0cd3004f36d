/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller asks of counters, for the driver that fills them in. */
#ifndef EXECDRIVER_CORE_STATS_ASK_H
#define EXECDRIVER_CORE_STATS_ASK_H

#include <execdriver/execdriver.h>

#include "core/sized.h"

/* A whole struct of zeroes but for what is the caller's, as far as that one reaches. */
static inline void stats_ask(struct exd_stats *all, const struct exd_stats *theirs)
{
	struct exd_stats asked;

	sized_take(&asked, theirs, sizeof(asked));
	*all = (struct exd_stats){
		.struct_size = sizeof(*all),
		.want = asked.want,
		.cpus_max = asked.cpus_max,
		.interfaces_max = asked.interfaces_max,
		.hugetlbs_max = asked.hugetlbs_max,
		.cpu_ns = asked.cpu_ns,
		.interface = asked.interface,
		.hugetlb = asked.hugetlb,
	};
}

#endif
