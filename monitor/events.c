/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened last, numbered: kept for clients that come later or read slowly. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <execdriver/execdriver.h>

#include "base/seqpacket.h"
#include "monitor/task.h"

/* An exit's figures are wanted for exits only; the others are half the size without them. */
struct event {
	uint64_t sequence;
	uint64_t time_ns;
	uint64_t oom_kills;
	struct wire_exit *exit;
	uint32_t type;
	int32_t pid;
	char id[];
};

static struct event *event_new(struct monitor *m, uint32_t type, const struct task *t)
{
	size_t id_size = strlen(t->id) + 1;
	struct event *e = calloc(1, sizeof(*e) + id_size);
	uint64_t boot = clock_ns(CLOCK_BOOTTIME);

	if (!e)
		return NULL;
	if (type == EXD_EVENT_EXITED) {
		e->exit = malloc(sizeof(*e->exit));
		if (!e->exit) {
			free(e);
			return NULL;
		}
		*e->exit = t->exit;
	}
	/* The clock keeps numbers growing from one monitor of a root to the next. */
	e->sequence = boot > m->sequence ? boot : m->sequence + 1;
	e->time_ns = clock_ns(CLOCK_REALTIME);
	e->oom_kills = t->exit.oom_kills;
	e->type = type;
	e->pid = t->pid;
	memcpy(e->id, t->id, id_size);
	return e;
}

static void event_free(struct event *e)
{
	if (e)
		free(e->exit);
	free(e);
}

void event_add(struct monitor *m, uint32_t type, const struct task *t)
{
	struct event *e = event_new(m, type, t);
	struct event **slot = &m->event[m->event_count % EVENTS_KEPT];

	if (!e)
		return;
	event_free(*slot);
	*slot = e;
	m->event_count++;
	m->sequence = e->sequence;
	for (struct client *c = m->clients; c; c = c->next)
		if (!c->dead && c->subscribed && !events_pump(m, c) && !c->dead)
			watch_set(m, &c->sock, EPOLLIN | EPOLLOUT);
}

static int event_send(struct client *c, const struct event *e)
{
	struct wire_event body = {
		.sequence = e->sequence,
		.time_ns = e->time_ns,
		.type = e->type,
		.pid = e->pid,
		.id_size = (uint32_t)strlen(e->id) + 1,
	};
	struct iovec iov[2] = {
		{.iov_base = &body, .iov_len = sizeof(body)},
		{.iov_base = (void *)e->id, .iov_len = body.id_size},
	};

	if (e->exit)
		body.exit = *e->exit;
	body.exit.oom_kills = e->oom_kills;
	return wire_send(c->sock.fd, WIRE_EVENT, 0, iov, 2, NULL, 0);
}

/* The index of the oldest event that is kept and has a number above the cursor. */
static unsigned int first_after(const struct monitor *m, uint64_t cursor)
{
	unsigned int i = m->event_count;
	unsigned int oldest = i > EVENTS_KEPT ? i - EVENTS_KEPT : 0;

	while (i > oldest && m->event[(i - 1) % EVENTS_KEPT]->sequence > cursor)
		i--;
	return i;
}

bool events_pump(struct monitor *m, struct client *c)
{
	if (!c->subscribed || c->cursor >= m->sequence)
		return true;
	for (unsigned int i = first_after(m, c->cursor); i < m->event_count; i++) {
		const struct event *e = m->event[i % EVENTS_KEPT];
		int r = event_send(c, e);

		if (r == -EAGAIN)
			return false;
		if (r < 0) {
			client_drop(m, c);
			return true;
		}
		c->cursor = e->sequence;
	}
	return true;
}

bool event_find_exit(const struct monitor *m, const char *id, struct wire_exit *out)
{
	unsigned int oldest = m->event_count > EVENTS_KEPT ? m->event_count - EVENTS_KEPT : 0;

	for (unsigned int i = m->event_count; i > oldest; i--) {
		const struct event *e = m->event[(i - 1) % EVENTS_KEPT];

		if (e->exit && strcmp(e->id, id) == 0) {
			*out = *e->exit;
			return true;
		}
	}
	return false;
}
