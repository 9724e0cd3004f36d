/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls, and in which state of a system each of them is possible. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/emulator_json.h"
#include "drivers/hcs-stub/guid.h"
#include "drivers/hcs-stub/hcs.h"

static uint32_t create(struct emulator *e, struct client *c)
{
	struct system *s = system_find(e, c->call.id);
	struct document document;
	uint32_t result;

	if (s && s->state != SYSTEM_STOPPED)
		return HCS_E_SYSTEM_EXISTS;
	result = document_parse(&document, c->call.id, c->call.text, c->why);
	if (result != HCS_OK)
		return result;
	/* Only root may change roots, and only for root. */
	if (geteuid() != 0 || c->uid != 0)
		free(take_ptr(&document.root));
	if (s)
		system_remove(e, s);
	if (system_add(e, c->call.id, &document))
		return HCS_OK;
	document_clear(&document);
	return HCS_E_OUT_OF_MEMORY;
}

static uint32_t start(struct emulator *e, struct system *s)
{
	return s->state == SYSTEM_CREATED ? system_start(e, s) : system_refuses(s);
}

static void wait_for_stop(struct client *c, int timeout_ms)
{
	c->wait = CLIENT_STOP;
	c->deadline_ms = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
}

static void shut_down(struct emulator *e, struct client *c, struct system *s)
{
	if (s->state != SYSTEM_RUNNING) {
		client_result(e, c, system_refuses(s));
		return;
	}
	system_end(e, s, false);
	if (c->call.head.timeout_ms == 0)
		client_result(e, c, HCS_E_PENDING);
	else
		wait_for_stop(c, c->call.head.timeout_ms);
}

static void terminate(struct emulator *e, struct client *c, struct system *s)
{
	if (s->state == SYSTEM_STOPPED) {
		client_result(e, c, system_refuses(s));
		return;
	}
	wait_for_stop(c, -1);
	system_end(e, s, true);
}

static void wait_process(struct emulator *e, struct client *c, const struct system *s)
{
	const struct process *p = process_find(s, c->call.head.process_id);
	struct answer answer = {.result = HCS_E_NOT_FOUND};

	if (p)
		answer.result = p->ended ? p->result : HCS_E_PENDING;
	if (answer.result == HCS_OK)
		answer.exit_code = p->exit_code;
	client_answer(e, c, &answer);
}

static uint32_t terminate_process(struct client *c, struct system *s)
{
	struct process *p = process_find(s, c->call.head.process_id);

	if (s->state == SYSTEM_STOPPED)
		return system_refuses(s);
	if (!p || p->ended)
		return HCS_E_NOT_FOUND;
	p->terminated = true;
	(void)syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	return HCS_OK;
}

static uint32_t resize(struct client *c, struct system *s)
{
	const struct winsize size = {.ws_row = c->call.head.height, .ws_col = c->call.head.width};
	struct process *p = process_find(s, c->call.head.process_id);

	if (s->state == SYSTEM_STOPPED)
		return system_refuses(s);
	if (!p || p->ended)
		return HCS_E_NOT_FOUND;
	if (p->console < 0 || ioctl(p->console, TIOCSWINSZ, &size) < 0)
		return HCS_E_INVALID_ARGUMENT;
	return HCS_OK;
}

static void watch(struct emulator *e, struct client *c, struct system *s)
{
	cleanup_close int fd = FD_NONE;
	struct answer answer = {.result = system_watch(s, &fd), .fds = &fd};

	answer.with = answer.result == HCS_OK ? HCS_WITH_WAIT : 0;
	client_answer(e, c, &answer);
}

static void with_system(struct emulator *e, struct client *c, struct system *s)
{
	switch (c->call.head.call) {
	case HCS_CALL_START_SYSTEM:
		client_result(e, c, start(e, s));
		break;
	case HCS_CALL_SHUTDOWN_SYSTEM:
		shut_down(e, c, s);
		break;
	case HCS_CALL_TERMINATE_SYSTEM:
		terminate(e, c, s);
		break;
	case HCS_CALL_CREATE_PROCESS:
		call_create_process(e, c, s);
		break;
	case HCS_CALL_WAIT_PROCESS:
		wait_process(e, c, s);
		break;
	case HCS_CALL_TERMINATE_PROCESS:
		client_result(e, c, terminate_process(c, s));
		break;
	case HCS_CALL_RESIZE_CONSOLE:
		client_result(e, c, resize(c, s));
		break;
	case HCS_CALL_PROPERTIES:
		call_properties(e, c, s);
		break;
	default:
		watch(e, c, s);
	}
}

void call_begin(struct emulator *e, struct client *c)
{
	struct system *s;

	if (c->call.head.call == HCS_CALL_SET_SCRIPT) {
		client_result(e, c, scripts_set(e, c));
		return;
	}
	if (c->call.head.call == HCS_CALL_CREATE_SYSTEM) {
		client_result(e, c, create(e, c));
		return;
	}
	s = system_find(e, c->call.id);
	if (s)
		with_system(e, c, s);
	else
		client_result(e, c, HCS_E_NO_SUCH_SYSTEM);
}

void call_timed_out(struct emulator *e, struct client *c)
{
	client_result(e, c, HCS_E_PENDING);
}

void call_forget(struct emulator *e, struct client *c)
{
	for (struct system *s = e->systems; s; s = s->next)
		for (struct spawn *spawn = s->spawns; spawn; spawn = spawn->next)
			if (spawn->client == c)
				spawn->client = NULL;
}
