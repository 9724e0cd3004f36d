/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subscriptions to the events of every monitor of the root, and what follows when one dies. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/conn.h"
#include "core/engine.h"
#include "core/events.h"
#include "core/exit_status.h"
#include "core/log.h"
#include "core/monitors.h"
#include "core/process.h"
#include "core/record.h"
#include "core/state_list.h"

struct subscription {
	struct watch watch;
	struct conn *conn;
};

static void release(struct exd_engine *engine, struct watch *watch)
{
	struct subscription *s = (struct subscription *)watch;

	conn_close(s->conn);
	free(s);
}

static void queue_event(struct exd_engine *engine, const struct message *message)
{
	const struct wire_event *wire = message_body(message, sizeof(*wire));
	struct exd_event event = {0};
	const char *id;

	if (!wire || message->head.type != WIRE_EVENT || wire->id_size > sizeof(event.id) ||
	    message->size != sizeof(*wire) + wire->id_size || wire->id_size == 0)
		return;
	id = (const char *)(wire + 1);
	if (id[wire->id_size - 1] != '\0')
		return;
	event.type = wire->type;
	event.sequence = wire->sequence;
	event.time_ns = wire->time_ns;
	event.pid = wire->pid;
	exit_status_from_wire(&event.exit, &wire->exit);
	memcpy(event.id, id, wire->id_size);
	events_add(engine, &event);
}

/* Its containers go on without it: their ends are watched for here. */
static void adopt_containers(struct exd_engine *engine, const char *monitor)
{
	struct name_list ids = {0};

	if (state_list(engine->root_fd, &ids) < 0)
		return;
	for (size_t i = 0; i < ids.count; i++) {
		CLEANUP(record_freep) struct exd_record *record = NULL;

		if (record_load(engine->root_fd, ids.names[i], &record, NULL) == 0 &&
		    strcmp(record->monitor_dir, monitor) == 0 && !record->ended && record->pid > 0)
			process_adopt(engine, &record);
	}
	name_list_free(&ids);
}

static void monitor_gone(struct exd_engine *engine, struct subscription *s)
{
	struct exd_event event = {.type = EXD_EVENT_LOST_MONITOR, .pid = s->conn->monitor_pid};

	engine_log(engine, EXD_LOG_WARNING, NULL, NULL, "monitor %s (pid %d) is gone",
		   s->conn->monitor, (int)s->conn->monitor_pid);
	events_add(engine, &event);
	watch_remove(engine, &s->watch);
	adopt_containers(engine, s->conn->monitor);
	(void)events_rescan(engine);
}

static int ready(struct exd_engine *engine, struct watch *watch)
{
	struct subscription *s = (struct subscription *)watch;
	struct message message = MESSAGE_INIT;
	int handled = 0;
	int r;

	while ((r = conn_receive(s->conn, &message, 0)) == 0) {
		queue_event(engine, &message);
		message_clear(&message);
		handled++;
	}
	if (r == -ETIMEDOUT)
		(void)watch_arm(engine, watch, s->conn->fd);
	else
		monitor_gone(engine, s);
	return handled;
}

static int subscribe(struct exd_engine *engine, const char *monitor, uint64_t since)
{
	struct subscription *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->watch = (struct watch){.refs = 1, .fd = FD_NONE, .ready = ready, .release = release};
	r = conn_open(engine->root_fd, monitor, &s->conn);
	if (r == 0)
		r = conn_send(s->conn, WIRE_SUBSCRIBE, &since, sizeof(since));
	if (r == 0)
		r = watch_add(engine, &s->watch, s->conn->fd);
	watch_unref(engine, &s->watch);
	return r;
}

static bool subscribed_to(struct exd_engine *engine, const char *monitor)
{
	bool found = false;

	pthread_mutex_lock(&engine->lock);
	for (struct watch *w = engine->watches; w && !found; w = w->next)
		found = w->ready == ready &&
			strcmp(((struct subscription *)w)->conn->monitor, monitor) == 0;
	pthread_mutex_unlock(&engine->lock);
	return found;
}

int events_rescan(struct exd_engine *engine)
{
	struct name_list names = {0};
	uint64_t since;
	bool wanted;

	pthread_mutex_lock(&engine->lock);
	wanted = engine->events.subscribed;
	since = engine->events.since;
	pthread_mutex_unlock(&engine->lock);
	if (!wanted || monitors_list(engine->root_fd, &names) < 0)
		return 0;
	/* One that does not answer is dead or dying: gc's business. */
	for (size_t i = 0; i < names.count; i++)
		if (!subscribed_to(engine, names.names[i]) &&
		    monitor_alive(engine->root_fd, names.names[i]))
			(void)subscribe(engine, names.names[i], since);
	name_list_free(&names);
	return 0;
}

/* Those of an earlier call: the new one may want older events. */
static void unsubscribe(struct exd_engine *engine)
{
	struct watch *w;

	do {
		pthread_mutex_lock(&engine->lock);
		for (w = engine->watches; w && w->ready != ready; w = w->next)
			;
		if (w)
			w->refs++;
		pthread_mutex_unlock(&engine->lock);
		if (w) {
			watch_remove(engine, w);
			watch_unref(engine, w);
		}
	} while (w);
}

int exd_subscribe(struct exd_engine *engine, uint64_t since, struct exd_error *err)
{
	unsubscribe(engine);
	pthread_mutex_lock(&engine->lock);
	engine->events.subscribed = true;
	engine->events.since = since;
	events_clear(&engine->events);
	pthread_mutex_unlock(&engine->lock);
	return events_rescan(engine);
}
