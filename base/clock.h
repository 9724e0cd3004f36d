/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times and deadlines. */
#ifndef EXECDRIVER_BASE_CLOCK_H
#define EXECDRIVER_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Monotonic. */
static inline int64_t clock_ms(void)
{
	return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000u);
}

/* What poll() is to wait until the deadline of clock_ms() (negative: for ever). */
static inline int clock_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_ms();

	if (deadline_ms < 0)
		return -1;
	if (left > INT32_MAX)
		return INT32_MAX;
	return left < 0 ? 0 : (int)left;
}

#endif
