/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of all containers on a root, queued for the host. */
#ifndef EXECDRIVER_CORE_EVENTS_H
#define EXECDRIVER_CORE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <execdriver/execdriver.h>

#define MONITOR_NAME_MAX 16

struct event_entry;

/* Guarded by the engine's lock. */
struct events {
	struct event_entry *first; /* by sequence number */
	struct event_entry *last;
	uint64_t count;
	uint64_t since; /* what exd_subscribe() asked for */
	bool subscribed;
	char lost[MONITOR_NAME_MAX]; /* the monitor whose end was told last */
	bool scanning;               /* a thread looks for monitors; `again`: it is to do so once more */
	bool again;
};

/* Queues a copy, if the host has subscribed. Sequence number 0: one is made for now. */
void events_add(struct exd_engine *engine, const struct exd_event *event);
/* Frees all that is queued; no other thread uses the engine. */
void events_clear(struct events *events);

/* subscribe.c: connects to monitors that are not subscribed to yet. Never blocks. */
void events_rescan(struct exd_engine *engine);

#endif
