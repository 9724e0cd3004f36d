/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dispatch looks after: the list of sources and their places in the epoll set. */
#include "core/watch.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "core/engine.h"

static int change(struct exd_engine *engine, struct watch *watch, int op)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = watch->serial};

	return epoll_ctl(engine->epoll_fd, op, watch->fd, &event) < 0 ? -errno : 0;
}

static void leave(struct exd_engine *engine, struct watch *watch)
{
	if (watch->fd >= 0)
		(void)change(engine, watch, EPOLL_CTL_DEL);
	watch->fd = FD_NONE;
}

int watch_add(struct exd_engine *engine, struct watch *watch, int fd)
{
	int r;

	pthread_mutex_lock(&engine->lock);
	watch->serial = ++engine->watch_serial;
	watch->fd = fd;
	r = fd >= 0 ? change(engine, watch, EPOLL_CTL_ADD) : 0;
	if (r < 0) {
		watch->serial = 0;
		watch->fd = FD_NONE;
	} else {
		watch->refs++;
		watch->next = engine->watches;
		engine->watches = watch;
	}
	pthread_mutex_unlock(&engine->lock);
	return r;
}

int watch_arm(struct exd_engine *engine, struct watch *watch, int fd)
{
	int r = 0;

	pthread_mutex_lock(&engine->lock);
	if (watch->serial && watch->fd == fd && fd >= 0) {
		r = change(engine, watch, EPOLL_CTL_MOD);
	} else if (watch->serial) {
		leave(engine, watch);
		watch->fd = fd;
		if (fd >= 0)
			r = change(engine, watch, EPOLL_CTL_ADD);
	}
	pthread_mutex_unlock(&engine->lock);
	return r;
}

void watch_remove(struct exd_engine *engine, struct watch *watch)
{
	struct watch **at = &engine->watches;

	pthread_mutex_lock(&engine->lock);
	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at) {
		*at = watch->next;
		leave(engine, watch);
		watch->serial = 0;
	} else {
		at = NULL;
	}
	pthread_mutex_unlock(&engine->lock);
	if (at)
		watch_unref(engine, watch);
}

void watch_ref(struct exd_engine *engine, struct watch *watch)
{
	pthread_mutex_lock(&engine->lock);
	watch->refs++;
	pthread_mutex_unlock(&engine->lock);
}

void watch_unref(struct exd_engine *engine, struct watch *watch)
{
	int left;

	pthread_mutex_lock(&engine->lock);
	left = --watch->refs;
	pthread_mutex_unlock(&engine->lock);
	if (left == 0)
		watch->release(engine, watch);
}

struct watch *watch_find(struct exd_engine *engine, uint64_t serial)
{
	struct watch *watch;

	pthread_mutex_lock(&engine->lock);
	watch = engine->watches;
	while (watch && watch->serial != serial)
		watch = watch->next;
	if (watch)
		watch->refs++;
	pthread_mutex_unlock(&engine->lock);
	return watch;
}
