/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and closing an engine, and its one descriptor. */
#include "core/engine.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "core/conn.h"
#include "core/monitors.h"
#include "core/process.h"
#include "core/sized.h"
#include "core/state.h"

/* In the epoll set, and of no watch: wake_fd, deadline_fd. */
#define WAKE_SERIAL 0
#define DEADLINE_SERIAL UINT64_MAX
#define BATCH 32
#define REAP_MS 200

static int open_poll(struct exd_engine *engine, struct exd_error *err)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.u64 = WAKE_SERIAL};
	struct epoll_event late = {.events = EPOLLIN, .data.u64 = DEADLINE_SERIAL};

	engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	engine->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (engine->epoll_fd < 0 || engine->wake_fd < 0 || engine->deadline_fd < 0 ||
	    epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, engine->wake_fd, &wake) < 0 ||
	    epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, engine->deadline_fd, &late) < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno,
				     "cannot make the engine's event descriptor");
	return 0;
}

static int fill(struct exd_engine *engine, const struct exd_engine_config *config,
		struct exd_error *err)
{
	int r;

	engine->flags = config->flags;
	engine->log = config->log;
	engine->log_arg = config->log_arg;
	engine->log_level = config->log_level;
	r = config_load(&engine->config, config->config, err);
	if (r == 0 && engine->flags & EXD_ENGINE_SHORT_LIVED && !engine->config->monitor_linger)
		engine->flags |= EXD_ENGINE_PRIVATE_MONITOR;
	if (r == 0)
		r = state_root_open(config->root, &engine->root, &engine->root_fd, err);
	if (r == 0) {
		r = boot_id(engine->boot_id);
		if (r < 0)
			(void)exd_error_set(err, EXD_ERR_HOST, -r,
					    "cannot read the boot id below '/proc/sys': mount "
					    "/proc");
	}
	if (r == 0 && config->driver) {
		engine->driver = strdup(config->driver);
		if (!engine->driver)
			r = exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot make an engine");
	}
	return r < 0 ? r : open_poll(engine, err);
}

int exd_engine_open(struct exd_engine **out, const struct exd_engine_config *config,
		    struct exd_error *err)
{
	struct exd_engine_config all = {.struct_size = sizeof(all)};
	struct exd_engine *engine;
	int r = sized_check(config, "exd_engine_config", err);

	if (r < 0)
		return r;
	if (config)
		sized_take(&all, config, sizeof(all));
	if (all.flags & ~(uint32_t)(EXD_ENGINE_PRIVATE_MONITOR | EXD_ENGINE_SHORT_LIVED))
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL, "unknown engine flags 0x%x",
				     all.flags);
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot make an engine");
	engine->root_fd = engine->epoll_fd = engine->wake_fd = engine->deadline_fd = FD_NONE;
	pthread_mutex_init(&engine->lock, NULL);
	pthread_cond_init(&engine->settled, NULL);
	r = fill(engine, &all, err);
	if (r < 0)
		exd_engine_close(engine);
	else
		*out = engine;
	return r;
}

/* Handles that the host still has end too, as the header says. */
static void end_watches(struct exd_engine *engine)
{
	while (engine->watches) {
		struct watch *watch = engine->watches;

		watch->refs = 1;
		watch_remove(engine, watch);
	}
}

struct exd_engine *exd_engine_close(struct exd_engine *engine)
{
	if (!engine)
		return NULL;
	end_watches(engine);
	pool_drain(engine);
	while (monitor_reap(engine, monitor_linger(engine) ? 0 : REAP_MS))
		continue;
	events_clear(&engine->events);
	config_free(engine->config);
	free(engine->driver);
	free(engine->root);
	for (size_t i = 0; i < engine->monitor_count; i++)
		(void)close(engine->monitor_pidfds[i]);
	free(engine->monitor_pidfds);
	if (engine->deadline_fd >= 0)
		(void)close(engine->deadline_fd);
	if (engine->wake_fd >= 0)
		(void)close(engine->wake_fd);
	if (engine->epoll_fd >= 0)
		(void)close(engine->epoll_fd);
	if (engine->root_fd >= 0)
		(void)close(engine->root_fd);
	pthread_cond_destroy(&engine->settled);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
	return NULL;
}

int exd_engine_fd(const struct exd_engine *engine)
{
	return engine->epoll_fd;
}

const char *exd_engine_root(const struct exd_engine *engine)
{
	return engine->root;
}

void engine_wake(struct exd_engine *engine)
{
	uint64_t one = 1;

	/* EAGAIN: it is awake already. */
	(void)!write(engine->wake_fd, &one, sizeof(one));
}

static int dispatch_one(struct exd_engine *engine, uint64_t serial)
{
	struct watch *watch;
	uint64_t times;
	int handled;

	if (serial == WAKE_SERIAL) {
		(void)!read(engine->wake_fd, &times, sizeof(times));
		return 0;
	}
	if (serial == DEADLINE_SERIAL) {
		process_deadlines(engine);
		return 0;
	}
	watch = watch_find(engine, serial);
	if (!watch)
		return 0;
	handled = watch->ready(engine, watch);
	watch_unref(engine, watch);
	return handled;
}

int exd_engine_dispatch(struct exd_engine *engine, struct exd_error *err)
{
	struct epoll_event events[BATCH];
	int handled = 0;
	int n;

	do
		n = epoll_wait(engine->epoll_fd, events, BATCH, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno,
				     "cannot ask for the engine's events");
	for (int i = 0; i < n; i++)
		handled += dispatch_one(engine, events[i].data.u64);
	return handled;
}
