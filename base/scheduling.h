/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the kernel schedules a process, read from the texts that people write. */
#ifndef EXECDRIVER_BASE_SCHEDULING_H
#define EXECDRIVER_BASE_SCHEDULING_H

#include <stddef.h>
#include <stdint.h>

/* As sched_setattr(2) takes it: its first version, which every kernel knows. */
struct scheduling {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

#define SCHEDULING_CPUS 4096

/*
 * "POLICY[,WORD...]": other and batch with nice=N, idle, fifo and rr with priority=N, deadline with
 * runtime=NS, deadline=NS and period=NS; reset-on-fork, reclaim, dl-overrun. -EINVAL.
 */
int scheduling_parse(const char *text, struct scheduling *out);

/* "rt:N", "be:N" (0 to 7) or "idle", as ioprio_set(2) takes it; -EINVAL. */
int scheduling_ioprio(const char *text);

/*
 * A list such as "0-3,5" as the mask of sched_setaffinity(2), of SCHEDULING_CPUS bits; *used is how
 * many bytes of it hold bits, in multiples of 8. -EINVAL, -ERANGE.
 */
int scheduling_cpus(const char *text, size_t length, uint64_t mask[SCHEDULING_CPUS / 64],
		    size_t *used);

#endif
