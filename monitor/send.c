/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to clients: nobody who reads slowly can make the monitor wait. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/seqpacket.h"
#include "monitor/monitor.h"

/* A host of a thousand containers that looks away for a moment while all of them end. */
#define QUEUE_MAX 4096u
#define QUEUED_FDS_MAX 2u

struct queued {
	struct queued *next;
	uint64_t request;
	size_t size;
	unsigned int nfds;
	uint16_t type;
	int fds[QUEUED_FDS_MAX];
	char body[];
};

static void queued_free(struct queued *q)
{
	for (unsigned int i = 0; i < q->nfds; i++)
		(void)close(q->fds[i]);
	free(q);
}

void client_forget_queue(struct client *c)
{
	while (c->queue) {
		struct queued *q = c->queue;

		c->queue = q->next;
		queued_free(q);
	}
}

static struct queued *queued_new(const struct message *msg)
{
	struct queued *q;
	size_t size = 0;

	for (int i = 0; i < msg->parts; i++)
		size += msg->body[i].iov_len;
	q = calloc(1, sizeof(*q) + size);
	if (!q)
		return NULL;
	q->type = msg->type;
	q->request = msg->request;
	for (int i = 0; i < msg->parts; i++) {
		memcpy(q->body + q->size, msg->body[i].iov_base, msg->body[i].iov_len);
		q->size += msg->body[i].iov_len;
	}
	for (unsigned int i = 0; i < msg->nfds && i < QUEUED_FDS_MAX; i++) {
		q->fds[i] = fcntl(msg->fds[i], F_DUPFD_CLOEXEC, 3);
		if (q->fds[i] < 0) {
			queued_free(q);
			return NULL;
		}
		q->nfds++;
	}
	return q;
}

static void enqueue(struct monitor *m, struct client *c, const struct message *msg)
{
	struct queued *q = c->queued < QUEUE_MAX ? queued_new(msg) : NULL;

	if (!q) {
		client_drop(m, c);
		return;
	}
	*(c->queue ? &c->last->next : &c->queue) = q;
	c->last = q;
	c->queued++;
	watch_set(m, &c->sock, EPOLLIN | EPOLLOUT);
}

void client_send(struct monitor *m, struct client *c, const struct message *msg)
{
	int r = -EAGAIN;

	if (!c || c->dead)
		return;
	if (!c->queue)
		r = wire_send(c->sock.fd, msg->type, msg->request, msg->body, msg->parts, msg->fds,
			      msg->nfds);
	if (r == -EAGAIN || r == -ETOOMANYREFS)
		enqueue(m, c, msg);
	else if (r < 0)
		client_drop(m, c);
}

void client_send_body(struct monitor *m, struct client *c, uint16_t type, uint64_t request,
		      const void *body, size_t size)
{
	struct iovec iov = {.iov_base = (void *)body, .iov_len = size};
	struct message msg = {.type = type, .request = request, .body = &iov, .parts = 1};

	client_send(m, c, &msg);
}

/* Answers go before events: they are few, and somebody waits for them. */
void client_flush(struct monitor *m, struct client *c)
{
	bool all;

	while (c->queue) {
		struct queued *q = c->queue;
		struct iovec iov = {.iov_base = q->body, .iov_len = q->size};
		int r = wire_send(c->sock.fd, q->type, q->request, &iov, 1, q->fds, q->nfds);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			client_drop(m, c);
			return;
		}
		c->queue = q->next;
		c->queued--;
		queued_free(q);
	}
	all = events_pump(m, c);
	if (!c->dead)
		watch_set(m, &c->sock, all ? EPOLLIN : EPOLLIN | EPOLLOUT);
}
