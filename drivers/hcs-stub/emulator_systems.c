/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Systems: from created to stopped, and a while beyond. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/seqpacket.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/emulator_agent.h"
#include "drivers/hcs-stub/hcs.h"

/* Orders of processes may come faster than an agent starts them. */
#define AGENT_SEND_BUFFER (2 * 1024 * 1024)

struct system *system_find(const struct emulator *e, const char *id)
{
	struct system *s = e->systems;

	while (s && strcmp(s->id, id) != 0)
		s = s->next;
	return s;
}

/* The list has the newest first. */
static void forget_oldest_stopped(struct emulator *e)
{
	struct system *last = NULL;
	unsigned int stopped = 0;

	for (struct system *s = e->systems; s; s = s->next)
		if (s->state == SYSTEM_STOPPED) {
			stopped++;
			last = s;
		}
	if (stopped > EMULATOR_STOPPED_MAX)
		system_remove(e, last);
}

struct system *system_add(struct emulator *e, const char *id, struct document *document_take)
{
	struct system *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->id = strdup(id);
	if (!s->id) {
		free(s);
		return NULL;
	}
	s->agent = (struct source){.fd = FD_NONE, .fn = agent_readable};
	s->document = *document_take;
	if (!*s->document.hostname) {
		char *hostname = strdup(id);

		if (hostname) {
			free(s->document.hostname);
			s->document.hostname = hostname;
		}
	}
	s->next = e->systems;
	e->systems = s;
	return s;
}

void system_remove(struct emulator *e, struct system *s)
{
	struct system **at = &e->systems;
	struct process *p;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	while ((p = s->processes)) {
		s->processes = p->next;
		process_free(p);
	}
	document_clear(&s->document);
	free(s->watchers);
	free(s->id);
	free(s);
	scripts_tidy(e);
}

uint32_t system_start(struct emulator *e, struct system *s)
{
	const int size = AGENT_SEND_BUFFER;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return HCS_E_OUT_OF_MEMORY;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	pid = fork();
	if (pid == 0)
		agent_main(pair[1]);
	(void)close(pair[1]);
	s->agent.fd = pair[0];
	if (pid < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0 || source_add(e, &s->agent) < 0) {
		(void)close(take_fd(&s->agent.fd));
		return HCS_E_OUT_OF_MEMORY;
	}
	s->agent_pid = pid;
	s->state = SYSTEM_RUNNING;
	return HCS_OK;
}

static void close_watchers(struct system *s)
{
	while (s->watcher_count)
		(void)close(s->watchers[--s->watcher_count]);
}

static void stopped(struct emulator *e, struct system *s)
{
	s->state = SYSTEM_STOPPED;
	close_watchers(s);
	clients_stopped(e, s);
	forget_oldest_stopped(e);
}

/* Its agent is gone, as it was told to or not. */
void system_agent_gone(struct emulator *e, struct system *s)
{
	uint32_t result = HCS_E_BROKEN_PIPE;

	s->unexpected = s->state == SYSTEM_RUNNING;
	if (s->unexpected)
		result = HCS_E_UNEXPECTED_EXIT;
	source_close(e, &s->agent);
	processes_lost(s, result);
	spawns_lost(e, s, s->unexpected ? HCS_E_UNEXPECTED_EXIT : HCS_E_ALREADY_STOPPED);
	stopped(e, s);
}

void system_end(struct emulator *e, struct system *s, bool by_force)
{
	struct agent_order order = {.kind = by_force ? AGENT_KILL : AGENT_ASK};
	struct iovec iov = {.iov_base = &order, .iov_len = sizeof(order)};

	if (s->state == SYSTEM_CREATED) {
		stopped(e, s);
		return;
	}
	s->state = SYSTEM_SHUTTING_DOWN;
	s->killed |= by_force;
	/* An agent that is too busy for the order has no choice but to see this. */
	if (seq_send(s->agent.fd, &iov, 1, NULL, 0) < 0)
		(void)shutdown(s->agent.fd, SHUT_WR);
}

uint32_t system_watch(struct system *s, int *fd)
{
	int *watchers, ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return HCS_E_OUT_OF_MEMORY;
	if (s->state == SYSTEM_STOPPED) {
		(void)close(ends[1]);
		*fd = ends[0];
		return HCS_OK;
	}
	watchers = reallocarray(s->watchers, s->watcher_count + 1, sizeof(*watchers));
	if (!watchers) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return HCS_E_OUT_OF_MEMORY;
	}
	s->watchers = watchers;
	watchers[s->watcher_count++] = ends[1];
	*fd = ends[0];
	return HCS_OK;
}

bool systems_live(const struct emulator *e)
{
	for (const struct system *s = e->systems; s; s = s->next)
		if (s->state != SYSTEM_STOPPED)
			return true;
	return false;
}

const char *system_state_name(const struct system *s)
{
	static const char *const names[] = {
		[SYSTEM_CREATED] = "Created",
		[SYSTEM_RUNNING] = "Running",
		[SYSTEM_SHUTTING_DOWN] = "ShuttingDown",
		[SYSTEM_STOPPED] = "Stopped",
	};

	return names[s->state];
}

uint32_t system_refuses(const struct system *s)
{
	if (s->state == SYSTEM_SHUTTING_DOWN)
		return HCS_E_SHUTTING_DOWN;
	if (s->state != SYSTEM_STOPPED)
		return HCS_E_INVALID_STATE;
	return s->unexpected ? HCS_E_UNEXPECTED_EXIT : HCS_E_ALREADY_STOPPED;
}
