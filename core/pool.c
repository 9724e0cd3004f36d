/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Idle connections of an engine, and which monitor is its own. */
#include "core/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/monitors.h"
#include "core/state.h"

/*
 * Whether the monitor has closed it. Old messages may be waiting: they are skipped by their
 * request.
 */
static bool dead(const struct conn *conn)
{
	char byte;
	ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static struct conn *take_idle(struct exd_engine *engine, const char *monitor)
{
	struct conn **at = &engine->idle;
	struct conn *conn;

	while (*at && strcmp((*at)->monitor, monitor) != 0)
		at = &(*at)->next;
	conn = *at;
	if (conn) {
		*at = conn->next;
		conn->next = NULL;
		engine->idle_count--;
	}
	return conn;
}

int pool_take(struct exd_engine *engine, const char *monitor, int timeout_ms, struct conn **out)
{
	struct conn *conn;
	int r;

	if (timeout_ms < 0 || timeout_ms > CONN_TIMEOUT_MS)
		timeout_ms = CONN_TIMEOUT_MS;
	for (;;) {
		pthread_mutex_lock(&engine->lock);
		conn = take_idle(engine, monitor);
		pthread_mutex_unlock(&engine->lock);
		if (!conn)
			break;
		if (!dead(conn)) {
			conn->request++;
			*out = conn;
			return 0;
		}
		conn_close(conn);
	}
	r = conn_open(engine->root_fd, monitor, 0, timeout_ms ? timeout_ms : 1, &conn);
	if (r < 0)
		return cannot_tell(r) ? r : -ECONNREFUSED;
	conn->request++;
	*out = conn;
	return 0;
}

/* Waits while another thread chooses. True: this thread is to choose, and must call chosen(). */
static bool begin_choosing(struct exd_engine *engine, char *monitor, const char *refused)
{
	bool mine;

	pthread_mutex_lock(&engine->lock);
	while (engine->choosing)
		pthread_cond_wait(&engine->settled, &engine->lock);
	mine = strcmp(engine->monitor, refused) == 0;
	engine->choosing = mine;
	memcpy(monitor, engine->monitor, MONITOR_NAME_MAX);
	pthread_mutex_unlock(&engine->lock);
	return mine;
}

static void chosen(struct exd_engine *engine, const char *monitor)
{
	pthread_mutex_lock(&engine->lock);
	if (monitor)
		memcpy(engine->monitor, monitor, MONITOR_NAME_MAX);
	engine->choosing = false;
	pthread_cond_broadcast(&engine->settled);
	pthread_mutex_unlock(&engine->lock);
}

int pool_take_own(struct exd_engine *engine, struct conn **out, struct exd_error *err)
{
	char refused[MONITOR_NAME_MAX] = "";
	char monitor[MONITOR_NAME_MAX];
	struct conn *conn = NULL;
	int r;

	/* An own monitor that refuses has ended: then a new one is chosen, once for all threads. */
	while (!begin_choosing(engine, monitor, refused)) {
		if (pool_take(engine, monitor, CONN_TIMEOUT_MS, out) == 0)
			return 0;
		memcpy(refused, monitor, sizeof(refused));
	}
	r = monitor_choose(engine, &conn, err);
	chosen(engine, r < 0 ? NULL : conn->monitor);
	if (r < 0)
		return r;
	conn->request++;
	*out = conn;
	return 0;
}

void pool_give(struct exd_engine *engine, struct conn *conn)
{
	if (!conn)
		return;
	pthread_mutex_lock(&engine->lock);
	if (engine->idle_count < POOL_MAX && strcmp(conn->monitor, engine->monitor) == 0) {
		conn->next = engine->idle;
		engine->idle = conn;
		engine->idle_count++;
		conn = NULL;
	}
	pthread_mutex_unlock(&engine->lock);
	conn_close(conn);
}

void pool_forget(struct exd_engine *engine, const char *monitor)
{
	bool own;

	pthread_mutex_lock(&engine->lock);
	own = strcmp(engine->monitor, monitor) == 0;
	if (own)
		engine->monitor[0] = '\0';
	pthread_mutex_unlock(&engine->lock);
	/* All idle ones are to it, and would keep it alive when its containers have ended. */
	if (own)
		pool_drain(engine);
}

void pool_drain(struct exd_engine *engine)
{
	struct conn *idle;

	pthread_mutex_lock(&engine->lock);
	idle = engine->idle;
	engine->idle = NULL;
	engine->idle_count = 0;
	pthread_mutex_unlock(&engine->lock);
	while (idle) {
		struct conn *next = idle->next;

		conn_close(idle);
		idle = next;
	}
}
