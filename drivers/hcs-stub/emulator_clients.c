/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients of the emulator: who may come in, one call at a time, delays. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/seqpacket.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/hcs.h"

#define FULL_PAUSE_MS 20

static void end_call(struct client *c)
{
	while (c->nfds)
		(void)close(c->fds[--c->nfds]);
	hcs_incoming_clear(&c->call);
	c->wait = CLIENT_IDLE;
	c->deadline_ms = -1;
	c->verdict = (struct script_verdict){0};
	c->why[0] = '\0';
}

static void client_remove(struct emulator *e, struct client *c)
{
	const struct answer cancelled = {.result = HCS_E_CANCELLED};
	struct client **at = &e->clients;

	if (c->wait != CLIENT_IDLE) {
		call_forget(e, c);
		journal_write(e, c, &cancelled);
	}
	end_call(c);
	source_close(e, &c->source);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (struct scripted *s = e->scripts; s; s = s->next)
		if (s->owner == c)
			s->owner = NULL;
	free(c);
	scripts_tidy(e);
}

static void send_reply(struct client *c, const struct answer *answer)
{
	const char *text = answer->text ? answer->text : "";
	struct hcs_reply reply = {
		.magic = HCS_MAGIC,
		.call = c->call.head.call,
		.result = answer->result,
		.process_id = answer->process_id,
		.exit_code = answer->exit_code,
		.with = answer->with,
		.text_size = (uint32_t)strlen(text),
	};
	struct iovec iov[2] = {
		{.iov_base = &reply, .iov_len = sizeof(reply)},
		{.iov_base = (char *)text, .iov_len = reply.text_size},
	};

	/* A client that does not take its answer notices when it is cut off. */
	if (seq_send(c->source.fd, iov, 2, answer->fds,
		     (unsigned int)__builtin_popcount(answer->with)) < 0)
		(void)shutdown(c->source.fd, SHUT_RDWR);
}

void client_answer(struct emulator *e, struct client *c, const struct answer *answer)
{
	if (c->call.head.call != HCS_CALL_HELLO)
		journal_write(e, c, answer);
	send_reply(c, answer);
	end_call(c);
}

void client_result(struct emulator *e, struct client *c, uint32_t result)
{
	const struct answer answer = {.result = result};

	client_answer(e, c, &answer);
}

static void carry_out(struct emulator *e, struct client *c)
{
	c->wait = CLIENT_IDLE;
	c->deadline_ms = -1;
	if (c->verdict.error)
		client_result(e, c, c->verdict.error);
	else
		call_begin(e, c);
}

static void take_call(struct emulator *e, struct client *c)
{
	struct scripted *s = NULL;

	c->began_ns = clock_ns(CLOCK_MONOTONIC);
	if (c->call.head.call == HCS_CALL_HELLO) {
		client_result(e, c, HCS_OK);
		return;
	}
	if (c->call.head.call != HCS_CALL_SET_SCRIPT)
		s = scripts_find(e, c->call.id);
	if (s)
		c->verdict = script_next(&s->script, c->call.head.call);
	if (!c->verdict.delay_ms) {
		carry_out(e, c);
		return;
	}
	c->wait = CLIENT_DELAYED;
	c->deadline_ms = clock_ms() + c->verdict.delay_ms;
}

/* Whoever speaks another language, or before it was answered, is sent away. */
static void client_readable(struct emulator *e, struct source *s)
{
	static char buffer[HCS_REQUEST_MAX + 1];
	struct client *c = (struct client *)s;
	unsigned int nfds = HCS_HANDLES_MAX;
	int fds[HCS_HANDLES_MAX];
	ssize_t n = seq_recv(s->fd, buffer, sizeof(buffer), fds, &nfds, MSG_DONTWAIT);

	if (n == -EAGAIN)
		return;
	if (n <= 0 || c->wait != CLIENT_IDLE ||
	    hcs_incoming_parse(&c->call, buffer, (size_t)n, nfds) < 0) {
		while (nfds)
			(void)close(fds[--nfds]);
		client_remove(e, c);
		return;
	}
	memcpy(c->fds, fds, sizeof(fds));
	c->nfds = nfds;
	take_call(e, c);
}

static bool may_come_in(int sock, struct ucred *peer)
{
	socklen_t size = sizeof(*peer);

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, peer, &size) == 0 &&
	       (peer->uid == geteuid() || peer->uid == 0);
}

static void client_add(struct emulator *e, int sock)
{
	struct client *c;
	struct ucred peer;

	c = may_come_in(sock, &peer) ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		(void)close(sock);
		return;
	}
	c->source = (struct source){.fd = sock, .fn = client_readable};
	c->pid = peer.pid;
	c->uid = peer.uid;
	c->deadline_ms = -1;
	if (source_add(e, &c->source) < 0) {
		(void)close(sock);
		free(c);
		return;
	}
	c->next = e->clients;
	e->clients = c;
}

void clients_accept(struct emulator *e, struct source *s)
{
	/* cppcheck-suppress nullPointer ; the address is optional */
	int sock = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock >= 0)
		client_add(e, sock);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		/* Whoever waits goes on waiting: asking at once would take the processor too. */
		(void)poll(NULL, 0, FULL_PAUSE_MS);
}

int64_t clients_deadline(struct emulator *e)
{
	int64_t next = -1, now = clock_ms();

	for (struct client *c = e->clients; c; c = c->next) {
		if (c->deadline_ms < 0)
			continue;
		if (c->deadline_ms > now) {
			next = next < 0 || c->deadline_ms < next ? c->deadline_ms : next;
			continue;
		}
		c->deadline_ms = -1;
		if (c->wait == CLIENT_DELAYED)
			carry_out(e, c);
		else
			call_timed_out(e, c);
		next = now;
	}
	return next;
}

void clients_stopped(struct emulator *e, const struct system *s)
{
	for (struct client *c = e->clients; c; c = c->next)
		if (c->wait == CLIENT_STOP && strcmp(c->call.id, s->id) == 0)
			client_result(e, c, HCS_OK);
}
