/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event loop: descriptors by epoll, timers by its timeout. */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "monitor/monitor.h"

void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int watch_add(struct monitor *m, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0 ? -errno : 0;
}

void watch_set(struct monitor *m, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	(void)epoll_ctl(m->epoll, EPOLL_CTL_MOD, w->fd, &e);
}

void watch_remove(struct monitor *m, struct watch *w)
{
	(void)epoll_ctl(m->epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

/* A child between clone and execve holds copies: closing alone would leave it in the epoll set. */
void watch_close(struct monitor *m, struct watch *w)
{
	if (w->fd < 0)
		return;
	watch_remove(m, w);
	close_fd(&w->fd);
}

void timer_disarm(struct monitor *m, struct timer *t)
{
	if (!t->at_ns)
		return;
	for (struct timer **p = &m->timers; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	t->at_ns = 0;
}

void timer_arm(struct monitor *m, struct timer *t, uint64_t in_ns)
{
	struct timer **p = &m->timers;

	timer_disarm(m, t);
	t->at_ns = clock_ns(CLOCK_MONOTONIC) + in_ns;
	while (*p && (*p)->at_ns <= t->at_ns)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

static int timeout_ms(const struct monitor *m)
{
	uint64_t now, left;

	if (!m->timers)
		return -1;
	now = clock_ns(CLOCK_MONOTONIC);
	if (m->timers->at_ns <= now)
		return 0;
	left = (m->timers->at_ns - now + MS_NS - 1) / MS_NS;
	return left > 60000 ? 60000 : (int)left;
}

static void fire_timers(struct monitor *m)
{
	uint64_t now;

	if (!m->timers)
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	while (m->timers && m->timers->at_ns <= now) {
		struct timer *t = m->timers;

		m->timers = t->next;
		t->at_ns = 0;
		t->fn(m, t);
	}
}

/* Who only listens, and has heard everything, is no reason to stay. */
static bool is_needed(const struct monitor *m)
{
	const struct client *c = m->clients;

	while (c && c->subscribed && !c->launched && !c->queue && c->cursor >= m->sequence)
		c = c->next;
	return c || m->tasks || m->linger.at_ns;
}

int loop_run(struct monitor *m)
{
	while (is_needed(m)) {
		/*
		 * One at a time: what an event's handler frees cannot have another event pending.
		 */
		struct epoll_event e;
		int n = epoll_wait(m->epoll, &e, 1, timeout_ms(m));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			struct watch *w = e.data.ptr;

			w->fn(m, w, e.events);
		}
		fire_timers(m);
		clients_sweep(m);
		warm_sweep(m);
		if (!is_needed(m))
			client_accept(m);
	}
	return 0;
}
