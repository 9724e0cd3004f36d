/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subscriptions to the events of every monitor of the root, and what follows when one dies. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

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

/* Its containers go on without it: their ends are watched for here. Whether there are any. */
static bool adopt_containers(struct exd_engine *engine, const char *monitor)
{
	cleanup_names struct name_list ids = {0};
	bool any = false;

	if (state_list(engine->root_fd, &ids) < 0)
		return true;
	for (size_t i = 0; i < ids.count; i++) {
		cleanup_record struct exd_record *record = NULL;

		if (record_load(engine->root_fd, ids.names[i], &record, NULL) < 0 ||
		    strcmp(record->monitor_dir, monitor) != 0 ||
		    record_status(record) != EXD_STATUS_RUNNING)
			continue;
		any = true;
		process_adopt(engine, &record);
	}
	return any;
}

/* One that ends because it has nothing left to do takes its directory along. */
static bool ended_by_itself(const struct exd_engine *engine, const char *monitor)
{
	char path[64];

	(void)snprintf(path, sizeof(path), ".monitor/%s", monitor);
	return faccessat(engine->root_fd, path, F_OK, 0) < 0 && errno == ENOENT;
}

/*
 * One that is being killed closes its socket before its lock goes: looking for monitors in between
 * finds it alive, and would lose it once more.
 */
static bool told_before(struct exd_engine *engine, const char *monitor)
{
	bool before;

	pthread_mutex_lock(&engine->lock);
	before = strcmp(engine->events.lost, monitor) == 0;
	memcpy(engine->events.lost, monitor, sizeof(engine->events.lost));
	pthread_mutex_unlock(&engine->lock);
	return before;
}

static void monitor_gone(struct exd_engine *engine, struct subscription *s)
{
	struct exd_event event = {.type = EXD_EVENT_LOST_MONITOR, .pid = s->conn->monitor_pid};

	watch_remove(engine, &s->watch);
	if (!adopt_containers(engine, s->conn->monitor) &&
	    ended_by_itself(engine, s->conn->monitor))
		return;
	if (told_before(engine, s->conn->monitor))
		return;
	engine_log(engine, EXD_LOG_WARNING, NULL, NULL, "monitor %s (pid %d) is gone",
		   s->conn->monitor, (int)s->conn->monitor_pid);
	events_add(engine, &event);
	events_rescan(engine);
}

static int ready(struct exd_engine *engine, struct watch *watch)
{
	struct subscription *s = (struct subscription *)watch;
	struct message message = MESSAGE_INIT;
	int handled = 0;
	int r;

	while ((r = conn_receive(s->conn, &message, 0)) == 0) {
		if (message.head.type == WIRE_WELCOME)
			(void)conn_welcome(s->conn, &message);
		else
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
	r = conn_open(engine->root_fd, monitor, 0, 0, &s->conn);
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

static void scan(struct exd_engine *engine, uint64_t since)
{
	cleanup_names struct name_list names = {0};

	if (monitors_list(engine->root_fd, &names) < 0)
		return;
	/* One that does not answer is dead or dying: gc's business. */
	for (size_t i = 0; i < names.count; i++)
		if (!subscribed_to(engine, names.names[i]) &&
		    monitor_alive(engine->root_fd, names.names[i]))
			(void)subscribe(engine, names.names[i], since);
}

/* One thread at a time, or two of them would subscribe to the same monitor. */
void events_rescan(struct exd_engine *engine)
{
	struct events *events = &engine->events;
	bool mine;

	pthread_mutex_lock(&engine->lock);
	mine = events->subscribed && !events->scanning;
	events->again = true;
	while (mine && events->again) {
		uint64_t since = events->since;

		events->scanning = true;
		events->again = false;
		pthread_mutex_unlock(&engine->lock);
		scan(engine, since);
		pthread_mutex_lock(&engine->lock);
		events->scanning = false;
	}
	pthread_mutex_unlock(&engine->lock);
}

/* ---- monitors that others start -------------------------------------------------------------- */

/* Whoever has started a monitor touches the directory of monitors: see monitors.c. */
struct lookout {
	struct watch watch;
	int fd; /* inotify */
};

static void lookout_release(struct exd_engine *engine, struct watch *watch)
{
	struct lookout *lookout = (struct lookout *)watch;

	if (lookout->fd >= 0)
		(void)close(lookout->fd);
	free(lookout);
}

static int lookout_ready(struct exd_engine *engine, struct watch *watch)
{
	struct lookout *lookout = (struct lookout *)watch;
	char news[4096];

	while (read(lookout->fd, news, sizeof(news)) > 0)
		continue;
	(void)watch_arm(engine, watch, lookout->fd);
	events_rescan(engine);
	return 0;
}

static bool has_lookout(struct exd_engine *engine)
{
	bool found = false;

	pthread_mutex_lock(&engine->lock);
	for (struct watch *w = engine->watches; w && !found; w = w->next)
		found = w->ready == lookout_ready;
	pthread_mutex_unlock(&engine->lock);
	return found;
}

static int watch_directory(const struct exd_engine *engine, int inotify)
{
	char path[64];

	if (mkdirat(engine->root_fd, ".monitor", 0700) < 0 && errno != EEXIST)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/.monitor", engine->root_fd);
	return inotify_add_watch(inotify, path, IN_ATTRIB | IN_ONLYDIR) < 0 ? -errno : 0;
}

static int look_out(struct exd_engine *engine)
{
	struct lookout *lookout = calloc(1, sizeof(*lookout));
	int r = 0;

	if (!lookout)
		return -ENOMEM;
	lookout->watch = (struct watch){
		.refs = 1, .fd = FD_NONE, .ready = lookout_ready, .release = lookout_release};
	lookout->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (lookout->fd < 0)
		r = -errno;
	if (r == 0)
		r = watch_directory(engine, lookout->fd);
	if (r == 0)
		r = watch_add(engine, &lookout->watch, lookout->fd);
	watch_unref(engine, &lookout->watch);
	return r;
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
	int r = has_lookout(engine) ? 0 : look_out(engine);

	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -r,
				     "cannot watch '%s/.monitor' for new monitors "
				     "(fs.inotify.max_user_instances limits this)",
				     engine->root);
	unsubscribe(engine);
	pthread_mutex_lock(&engine->lock);
	engine->events.subscribed = true;
	engine->events.since = since;
	events_clear(&engine->events);
	pthread_mutex_unlock(&engine->lock);
	events_rescan(engine);
	return 0;
}
