/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the driver's documents to a program that runs; or to nothing, with the reason. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/worker.h>

#include "base/cleanup.h"
#include "drivers/hcs-stub/hcs_protocol.h"
#include "drivers/hcs-stub/service.h"
#include "drivers/hcs-stub/worker.h"

/* Codes of a service that has just not got there yet. */
static bool may_pass(uint32_t result)
{
	switch (result) {
	case HCS_E_INVALID_CLASS:
	case HCS_E_NOT_FOUND:
	case HCS_E_FILE_NOT_FOUND:
	case HCS_E_NO_NETWORK:
	case HCS_E_BAD_PATH:
	case HCS_E_INVALID_OBJECT:
		return true;
	default:
		return false;
	}
}

/* Nobody waits for us any more, or says anything else before READY. */
static bool given_up(int timeout_ms)
{
	struct pollfd line = {.fd = EXD_WORKER_FD, .events = POLLIN};

	return poll(&line, 1, timeout_ms) > 0;
}

static uint32_t create_system(struct hcs_worker *w)
{
	const struct launch *l = &w->launch;
	uint32_t result = HCS_E_TIMEOUT;

	for (int attempt = 1;; attempt++) {
		result = hcs_create_system(w->client, l->id, l->system);
		if (!may_pass(result) || attempt >= l->attempts)
			return result;
		if (given_up(l->retry_delay_ms))
			return HCS_E_CANCELLED;
	}
}

/* The system with all that is in it; on a line of its own, since ours may be cut in the middle. */
static void tear_down(struct hcs_worker *w)
{
	struct hcs_client *client = NULL;
	uint32_t result;

	w->client = hcs_disconnect(w->client);
	if (hcs_connect(w->root_fd, UNDO_MS, &client) < 0)
		return;
	result = hcs_terminate_system(client, w->launch.id);
	if (result != HCS_OK && result != HCS_E_ALREADY_STOPPED && result != HCS_E_NO_SUCH_SYSTEM)
		worker_warn(w, hcs_call_name(HCS_CALL_TERMINATE_SYSTEM), result);
	(void)hcs_disconnect(client);
}

/* What a call that failed leaves is removed before anybody hears of it. */
static int give_up(struct hcs_worker *w, enum hcs_call call, uint32_t result, bool made)
{
	if (!w->launch.exec && (made || result == HCS_E_CANCELLED || result == HCS_E_TIMEOUT))
		tear_down(w);
	if (result == HCS_E_CANCELLED)
		return 125;
	return worker_call_failed(w, hcs_call_name(call), result);
}

static int connect_service(struct hcs_worker *w)
{
	const struct launch *l = &w->launch;
	const struct service service = {
		.root_fd = w->root_fd,
		.path = l->emulator,
		.idle_ms = l->idle_ms,
		.journal = l->journal,
	};
	char text[256];
	int r;

	if (l->exec)
		r = hcs_connect(w->root_fd, HCS_FOR_EVER, &w->client);
	else
		r = service_connect(&service, HCS_FOR_EVER, &w->client);
	if (r >= 0) {
		hcs_interrupt_by(w->client, EXD_WORKER_FD);
		return 0;
	}
	if (l->exec && (r == -ENOENT || r == -ECONNREFUSED))
		return worker_call_failed(w, hcs_call_name(HCS_CALL_CREATE_PROCESS),
					  HCS_E_NO_SUCH_SYSTEM);
	(void)snprintf(text, sizeof(text), "cannot start the emulated compute service '%.160s'",
		       l->emulator);
	return worker_failed(EXD_ERR_SYSTEM, -r, text);
}

static int begin_system(struct hcs_worker *w)
{
	const struct launch *l = &w->launch;
	uint32_t result = HCS_OK;

	if (l->script)
		result = hcs_set_script(w->client, l->id, l->script);
	if (result != HCS_OK)
		return give_up(w, HCS_CALL_SET_SCRIPT, result, false);
	result = create_system(w);
	if (result != HCS_OK)
		return give_up(w, HCS_CALL_CREATE_SYSTEM, result, false);
	result = hcs_start_system(w->client, l->id);
	return result == HCS_OK ? 0 : give_up(w, HCS_CALL_START_SYSTEM, result, true);
}

static int begin_process(struct hcs_worker *w)
{
	const struct launch *l = &w->launch;
	const int handles[3] = {l->tty ? -1 : STDIN_FILENO, l->tty ? -1 : STDOUT_FILENO,
				l->tty ? -1 : STDERR_FILENO};
	uint32_t result = hcs_create_process(w->client, l->id, l->process, handles, &w->process);

	return result == HCS_OK ? 0 : give_up(w, HCS_CALL_CREATE_PROCESS, result, true);
}

/* The streams are the program's from now on: who reads them is to see the end with its end. */
static int let_streams_go(void)
{
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return -errno;
	return 0;
}

int worker_begin(struct hcs_worker *w)
{
	int r = connect_service(w);

	if (!r && !w->launch.exec)
		r = begin_system(w);
	if (!r)
		r = begin_process(w);
	if (r)
		return r;
	if (let_streams_go() < 0 || worker_ready(w) < 0) {
		if (w->launch.exec)
			(void)hcs_terminate_process(w->client, w->launch.id,
						    w->process.process_id);
		else
			tear_down(w);
		return 125;
	}
	hcs_interrupt_by(w->client, -1);
	cleanup_close_fn(&w->process.console_fd);
	w->process.console_fd = FD_NONE;
	return 0;
}
