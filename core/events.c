/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of events, in order of their sequence numbers. */
#include "core/events.h"

#include <stdlib.h>

#include "base/clock.h"
#include "core/engine.h"
#include "core/log.h"
#include "core/sized.h"

#define EVENTS_MAX 65536 /* a host that never takes them loses the oldest */

struct event_entry {
	struct event_entry *next;
	struct exd_event event;
};

static struct event_entry *take_first(struct events *events)
{
	struct event_entry *entry = events->first;

	if (entry) {
		events->first = entry->next;
		if (!events->first)
			events->last = NULL;
		events->count--;
	}
	return entry;
}

/*
 * Several monitors tell of their past one after another: what comes late goes before what is newer.
 * Nearly all are the newest.
 */
static void insert(struct events *events, struct event_entry *entry)
{
	struct event_entry **at = &events->first;

	if (events->last && events->last->event.sequence <= entry->event.sequence)
		at = &events->last->next;
	while (*at && (*at)->event.sequence <= entry->event.sequence)
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	if (!entry->next)
		events->last = entry;
	events->count++;
}

void events_add(struct exd_engine *engine, const struct exd_event *event)
{
	struct event_entry *entry = calloc(1, sizeof(*entry));
	struct event_entry *dropped = NULL;
	struct events *events = &engine->events;

	if (!entry)
		return;
	entry->event = *event;
	entry->event.struct_size = sizeof(entry->event);
	/* As monitors number theirs: by the time since boot. */
	if (!entry->event.sequence)
		entry->event.sequence = clock_ns(CLOCK_BOOTTIME);
	if (!entry->event.time_ns)
		entry->event.time_ns = clock_ns(CLOCK_REALTIME);
	pthread_mutex_lock(&engine->lock);
	if (events->subscribed) {
		insert(events, entry);
		entry = NULL;
	}
	if (events->count > EVENTS_MAX)
		dropped = take_first(events);
	pthread_mutex_unlock(&engine->lock);
	free(entry);
	if (dropped)
		engine_log(engine, EXD_LOG_WARNING, NULL, dropped->event.id,
			   "an event nobody took was dropped");
	free(dropped);
}

void events_clear(struct events *events)
{
	while (events->first)
		free(take_first(events));
}

int exd_event_next(struct exd_engine *engine, struct exd_event *event, struct exd_error *err)
{
	struct event_entry *entry;
	int r = sized_check(event, "exd_event", err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&engine->lock);
	entry = take_first(&engine->events);
	pthread_mutex_unlock(&engine->lock);
	if (!entry)
		return 0;
	sized_give(event, &entry->event, sizeof(entry->event));
	free(entry);
	return 1;
}
