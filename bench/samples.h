/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time stamps and percentiles for the benchmark programs. */
#ifndef EXECDRIVER_BENCH_SAMPLES_H
#define EXECDRIVER_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
	uint64_t *ns;
	size_t count;
	size_t room;
};

uint64_t now_ns(void);

void samples_add(struct samples *s, uint64_t ns);
/* The value below which `percent` of the samples lie; sorts the samples. 0 when there are none. */
uint64_t samples_percentile(struct samples *s, unsigned int percent);
void samples_free(struct samples *s);

/* Prints "PROGRAM: WHAT: errno text" (without the text when errno is 0) and exits 1. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/*
 * The measuring end of a program that the harness keeps open: for each byte on stdin runs
 * round(arg) and writes what it returned, nanoseconds as 8 bytes, to stdout. Returns at EOF.
 */
void serve_rounds(uint64_t (*round)(void *arg), void *arg);

#endif
