/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time stamps and percentiles for the benchmark programs. */
#include "bench/samples.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void samples_add(struct samples *s, uint64_t ns)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->ns = realloc(s->ns, s->room * sizeof(*s->ns));
		if (!s->ns)
			die("samples");
	}
	s->ns[s->count++] = ns;
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t samples_percentile(struct samples *s, unsigned int percent)
{
	if (!s->count)
		return 0;
	qsort(s->ns, s->count, sizeof(*s->ns), compare_ns);
	return s->ns[(s->count - 1) * percent / 100];
}

void samples_free(struct samples *s)
{
	free(s->ns);
	*s = (struct samples){0};
}

void die(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (saved)
		fprintf(stderr, ": %s", strerror(saved));
	fputc('\n', stderr);
	exit(1);
}

void serve_rounds(uint64_t (*round)(void *arg), void *arg)
{
	uint64_t ns;
	char go;

	while (read(STDIN_FILENO, &go, 1) == 1) {
		ns = round(arg);
		if (write(STDOUT_FILENO, &ns, sizeof(ns)) != (ssize_t)sizeof(ns))
			die("cannot answer the harness");
	}
}
