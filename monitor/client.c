/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients: who may connect, how they come and go. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/seqpacket.h"
#include "base/sockpath.h"
#include "monitor/monitor.h"
#include "monitor/sys.h"
#include "monitor/task.h"

#define ACCEPT_PAUSE_NS (100u * MS_NS)

/*
 * Whoever is in the middle of telling it something goes on undisturbed: the rest is for the sweep.
 */
void client_drop(struct monitor *m, struct client *c)
{
	c->dead = true;
	watch_close(m, &c->sock);
	watch_close(m, &c->host);
}

static void forget_watchers(struct monitor *m, const struct client *c)
{
	for (struct task *t = m->tasks; t; t = t->next) {
		for (struct watcher **p = &t->watchers; *p;) {
			struct watcher *w = *p;

			if (w->client == c) {
				*p = w->next;
				free(w);
			} else {
				p = &w->next;
			}
		}
	}
}

/* A task may end, and leave the list, when it is told: begin again after each. */
static void orphan_tasks(struct monitor *m, const struct client *c)
{
	struct task *t;

	do {
		for (t = m->tasks; t && t->client != c; t = t->next)
			;
		if (t) {
			t->client = NULL;
			task_orphan(m, t);
		}
	} while (t);
}

void client_forget_fds(struct client *c)
{
	for (unsigned int i = 0; i < c->nfds; i++)
		(void)close(c->fds[i]);
	c->nfds = 0;
	c->cut = false;
}

static void client_free(struct client *c)
{
	client_forget_fds(c);
	free(c->fds);
	client_forget_queue(c);
	free(c);
}

void clients_sweep(struct monitor *m)
{
	for (struct client **p = &m->clients; *p;) {
		struct client *c = *p;

		if (!c->dead) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		forget_watchers(m, c);
		orphan_tasks(m, c);
		client_free(c);
		linger_begin(m);
		/* What the end of its tasks was told to may have been the end of others. */
		p = &m->clients;
	}
}

static bool message_fits(const struct wire_msg *msg, size_t size, unsigned int nfds)
{
	return size >= sizeof(*msg) && msg->size == size && msg->fds == nfds;
}

static void client_read(struct monitor *m, struct client *c)
{
	const struct wire_msg *msg = (const void *)m->buffer;
	int fds[WIRE_FDS_MAX];
	unsigned int nfds = WIRE_FDS_MAX;
	ssize_t n;

	memset(m->buffer, 0, sizeof(*msg));
	n = seq_recv(c->sock.fd, m->buffer, sizeof(m->buffer), fds, &nfds, MSG_DONTWAIT);
	/* ENOMEM: the message is still there, and the line is what a program may be tied to. */
	if (n == -EAGAIN || n == -ENOMEM || (n == -EMSGSIZE && request_refuse(m, c, msg) == 0))
		return;
	if (n <= 0) {
		client_drop(m, c);
		return;
	}
	if (!message_fits(msg, (size_t)n, nfds)) {
		for (unsigned int i = 0; i < nfds; i++)
			(void)close(fds[i]);
		client_drop(m, c);
		return;
	}
	/* The handler takes all descriptors, whatever it says. */
	if (request_handle(m, c, msg, fds) < 0)
		client_drop(m, c);
}

static void client_ready(struct monitor *m, struct watch *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, sock);

	if (events & EPOLLOUT)
		client_flush(m, c);
	if (!c->dead && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		client_read(m, c);
}

/* The host can be dead while a child that it forked keeps its socket open. */
static void host_died(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)events;
	client_drop(m, container_of(w, struct client, host));
}

static void watch_host(struct monitor *m, struct client *c, pid_t pid)
{
	/* 0: it is in a pid namespace that is not below ours. */
	c->host.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	c->host.fn = host_died;
	if (c->host.fd >= 0 && watch_add(m, &c->host, EPOLLIN) < 0)
		close_fd(&c->host.fd);
}

int client_add(struct monitor *m, int sock)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	struct client *c;
	int r;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	if (cred.uid != 0 && cred.uid != geteuid())
		return -EPERM;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->sock.fd = sock;
	c->sock.fn = client_ready;
	r = neg_errno(fcntl(sock, F_SETFL, O_NONBLOCK));
	if (r >= 0)
		r = watch_add(m, &c->sock, EPOLLIN);
	if (r < 0) {
		free(c);
		return r;
	}
	watch_host(m, c, cred.pid);
	c->next = m->clients;
	m->clients = c;
	return 0;
}

static void listen_again(struct monitor *m, struct timer *t)
{
	(void)t;
	watch_set(m, &m->listener, EPOLLIN);
}

void client_accept(struct monitor *m)
{
	/* cppcheck-suppress nullPointer ; the address is optional */
	int sock = accept4(m->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock >= 0 && client_add(m, sock) < 0)
		(void)close(sock);
	/* Out of descriptors: asking again and again would take the processor too. */
	if (sock < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
		watch_set(m, &m->listener, 0);
		m->reopen.fn = listen_again;
		timer_arm(m, &m->reopen, ACCEPT_PAUSE_NS);
	}
}

static void listener_ready(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	client_accept(m);
}

int client_listen(struct monitor *m)
{
	m->listener.fn = listener_ready;
	m->listener.fd = sock_bind_at(m->dir, "sock");
	if (m->listener.fd < 0)
		return m->listener.fd;
	return watch_add(m, &m->listener, EPOLLIN);
}
