/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evented starts that their monitor never tells of: one timer for all of an engine. */
#include "core/process.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/engine.h"

/* One that another thread is just at work with is looked at again so much later. */
#define AGAIN_MS 1000

/* Mostly there is one already that comes first: no system call then. */
static void note_deadline(struct exd_engine *engine, int64_t at_ms)
{
	struct itimerspec at = {
		.it_value = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000 + 1}};

	pthread_mutex_lock(&engine->lock);
	if (!engine->deadline_ms || at_ms < engine->deadline_ms) {
		engine->deadline_ms = at_ms;
		(void)timerfd_settime(engine->deadline_fd, TFD_TIMER_ABSTIME, &at, NULL);
	}
	pthread_mutex_unlock(&engine->lock);
}

void process_expect_start(struct exd_process *p)
{
	note_deadline(p->engine, process_answer_ms(p));
}

static bool is_starting(const struct exd_process *p)
{
	return p->source == SOURCE_MONITOR && exd_process_phase(p) <= EXD_PHASE_PARKED;
}

/* When to look at it again; 0: there is nothing to wait for. */
static int64_t look_at(struct exd_process *p, int64_t now)
{
	int64_t at = 0;

	if (exd_process_phase(p) > EXD_PHASE_PARKED)
		return 0;
	if (process_claim(p, 0) < 0)
		return now + AGAIN_MS;
	/* What the monitor did say may be waiting to be read. */
	while (is_starting(p) && process_step(p, 0) == 0)
		continue;
	if (is_starting(p)) {
		at = process_answer_ms(p);
		if (at <= now) {
			process_monitor_gone(p, -ETIMEDOUT);
			at = 0;
		}
	}
	process_release(p);
	return at;
}

/* The next further down the list, which is in the order of falling numbers; with a reference. */
static struct watch *next_below(struct exd_engine *engine, uint64_t *serial)
{
	struct watch *watch;

	pthread_mutex_lock(&engine->lock);
	watch = engine->watches;
	while (watch && (watch->serial >= *serial || !process_of_watch(watch)))
		watch = watch->next;
	if (watch) {
		watch->refs++;
		*serial = watch->serial;
	}
	pthread_mutex_unlock(&engine->lock);
	return watch;
}

void process_deadlines(struct exd_engine *engine)
{
	int64_t now = clock_ms(), next = 0;
	uint64_t times, serial = UINT64_MAX;
	struct watch *watch;

	pthread_mutex_lock(&engine->lock);
	(void)!read(engine->deadline_fd, &times, sizeof(times));
	engine->deadline_ms = 0;
	pthread_mutex_unlock(&engine->lock);
	while ((watch = next_below(engine, &serial))) {
		int64_t at = look_at(process_of_watch(watch), now);

		if (at && (!next || at < next))
			next = at;
		watch_unref(engine, watch);
	}
	if (next)
		note_deadline(engine, next);
}
