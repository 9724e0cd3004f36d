/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a program that runs to the end of its system. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <execdriver/worker.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "drivers/hcs-stub/hcs_protocol.h"
#include "drivers/hcs-stub/worker.h"

/* How much later than it should the service may answer. */
#define GRACE_MS 1000

static bool is_stopped(uint32_t result)
{
	return result == HCS_E_ALREADY_STOPPED || result == HCS_E_UNEXPECTED_EXIT ||
	       result == HCS_E_NO_SUCH_SYSTEM || result == HCS_E_SERVICE_GONE;
}

/*
 * Until `fd` is readable (true), the deadline has passed, or it is to be ended by force. A monitor
 * that goes is no reason to.
 */
static bool wait_for(struct hcs_worker *w, int fd, int64_t deadline_ms, bool *stop)
{
	for (;;) {
		struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
					{.fd = w->alone ? -1 : EXD_WORKER_FD, .events = POLLIN}};
		int n = poll(fds, 2, clock_left_ms(deadline_ms));

		if (n < 0 && errno != EINTR)
			return true;
		if (n == 0)
			return false;
		if (n > 0 && fds[1].revents && worker_told_to_stop(w)) {
			*stop = true;
			return false;
		}
		if (n > 0 && fds[0].revents)
			return true;
	}
}

/* On a new line, which is bounded: that which we wait on for a program's end is not. */
static struct hcs_client *connect_again(struct hcs_worker *w, int timeout_ms)
{
	w->client = hcs_disconnect(w->client);
	if (hcs_connect(w->root_fd, timeout_ms, &w->client) < 0)
		w->client = NULL;
	return w->client;
}

static void terminate(struct hcs_worker *w)
{
	uint32_t result = HCS_E_SERVICE_GONE;

	if (connect_again(w, w->launch.terminate_timeout_ms))
		result = hcs_terminate_system(w->client, w->launch.id);
	if (result != HCS_OK && !is_stopped(result))
		worker_warn(w, hcs_call_name(HCS_CALL_TERMINATE_SYSTEM), result);
}

static void end_by_force(struct hcs_worker *w)
{
	if (!w->launch.exec)
		terminate(w);
	else if (connect_again(w, w->launch.terminate_timeout_ms))
		(void)hcs_terminate_process(w->client, w->launch.id, w->process.process_id);
}

bool worker_wait(struct hcs_worker *w)
{
	const struct launch *l = &w->launch;
	uint32_t result = HCS_E_PENDING;

	while (result == HCS_E_PENDING) {
		bool stop = false;

		if (!wait_for(w, w->process.wait_fd, -1, &stop))
			end_by_force(w);
		else if (w->client)
			result = hcs_wait_process(w->client, l->id, w->process.process_id,
						  &w->exit_code);
		else
			result = HCS_E_SERVICE_GONE;
	}
	if (result == HCS_OK)
		return true;
	/* A host that waits for a container is to hear of its end, whatever went wrong. */
	w->exit_code = EXIT_WAIT_FAILED;
	if (result != HCS_E_BROKEN_PIPE)
		worker_warn(w, hcs_call_name(HCS_CALL_WAIT_PROCESS), result);
	return !l->exec || result == HCS_E_BROKEN_PIPE;
}

/* Another client shuts it down: as long as that may take, unless it is to be ended by force. */
static bool stopped_by_others(struct hcs_worker *w, int64_t deadline_ms)
{
	cleanup_close int fd = FD_NONE;
	bool stop = false;

	if (hcs_watch_system(w->client, w->launch.id, &fd) != HCS_OK)
		return false;
	return wait_for(w, fd, deadline_ms, &stop);
}

static bool shut_down(struct hcs_worker *w)
{
	const struct launch *l = &w->launch;
	int64_t deadline_ms = clock_ms() + l->shutdown_timeout_ms;
	uint32_t result;

	if (!connect_again(w, GRACE_MS))
		return false;
	/* An order, or the end of the line, cuts this short: nobody is left to be kind to. */
	hcs_interrupt_by(w->client, w->alone ? -1 : EXD_WORKER_FD);
	result = hcs_shutdown_system(w->client, l->id, l->shutdown_timeout_ms);
	switch (result) {
	case HCS_OK:
		return true;
	case HCS_E_SHUTTING_DOWN:
		hcs_interrupt_by(w->client, -1);
		return stopped_by_others(w, deadline_ms);
	case HCS_E_PENDING:
	case HCS_E_TIMEOUT:
	case HCS_E_CANCELLED:
	case HCS_E_BAD_PATH:
	case HCS_E_PATH_NOT_FOUND:
		return false;
	default:
		if (is_stopped(result))
			return true;
		worker_warn(w, hcs_call_name(HCS_CALL_SHUTDOWN_SYSTEM), result);
		return false;
	}
}

void worker_stop_system(struct hcs_worker *w)
{
	if (w->launch.forcekill || !shut_down(w))
		terminate(w);
}
