/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine: configuration, state directory, connections to monitors, sources of dispatch. */
#ifndef EXECDRIVER_CORE_ENGINE_H
#define EXECDRIVER_CORE_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <execdriver/execdriver.h>

#include "base/procstat.h"
#include "core/config.h"
#include "core/events.h"
#include "core/watch.h"

#define POOL_MAX 16

struct conn;

/*
 * `lock` guards everything below it and is never held over a hook, the log function or a wait. What
 * is above is set once by exd_engine_open().
 */
struct exd_engine {
	struct config *config;
	char *root;   /* absolute */
	char *driver; /* the host's choice, or NULL */
	int root_fd;
	char boot_id[BOOT_ID_SIZE];
	uint32_t flags; /* enum exd_engine_flag */
	uint32_t log_level;
	exd_log_fn log;
	void *log_arg;
	int epoll_fd;
	int wake_fd;     /* eventfd: dispatch has work that no other descriptor shows */
	int deadline_fd; /* timerfd: see process_deadline.c */

	pthread_mutex_t lock;
	pthread_cond_t settled;         /* `choosing` became false */
	bool choosing;                  /* a thread is finding or starting the monitor */
	char monitor[MONITOR_NAME_MAX]; /* its directory below .monitor; "" = none yet */
	int *monitor_pidfds;            /* of those it started that are children of the host */
	size_t monitor_count;
	struct conn *idle; /* connections that serve no process now: POOL_MAX */
	size_t idle_count;
	struct watch *watches;
	uint64_t watch_serial;
	int64_t deadline_ms; /* when deadline_fd fires (monotonic); 0: never */
	struct events events;
};

/* Makes exd_engine_fd() readable until the next dispatch. */
void engine_wake(struct exd_engine *engine);

#endif
