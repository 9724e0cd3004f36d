/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many starts at once in one host: how long until all have ended. */
#include "bench/libhost.h"

#include <poll.h>
#include <stdlib.h>

#include "bench/samples.h"

struct burst {
	struct libhost *host;
	struct exd_process **list;
	size_t count;
};

static void start_all(struct burst *b)
{
	const uint32_t flags = EXD_START_TIED | EXD_START_EPHEMERAL;
	struct exd_error err = EXD_ERROR_INIT;

	for (size_t i = 0; i < b->count; i++)
		check(exd_start(b->host->engine, b->host->command, NULL, NULL, flags, &b->list[i],
				&err),
		      &err);
}

/* One loop for all, as a host has it. */
static void dispatch_until_cleaned(struct burst *b)
{
	struct pollfd fd = {.fd = exd_engine_fd(b->host->engine), .events = POLLIN};
	struct exd_error err = EXD_ERROR_INIT;
	size_t done = 0;

	while (done < b->count) {
		if (exd_process_phase(b->list[done]) >= EXD_PHASE_DONE) {
			done++;
			continue;
		}
		if (poll(&fd, 1, 30000) <= 0)
			die("a start of %zu at once did not end in 30 s", b->count);
		check(exd_engine_dispatch(b->host->engine, &err), &err);
	}
}

static void check_and_free(struct exd_process *process)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;

	check(exd_process_wait(process, -1, &status, &err), &err);
	if (status.exit_code)
		die("/true ended with %u", status.exit_code);
	exd_process_free(process);
}

static uint64_t burst_round(void *arg)
{
	struct burst *b = arg;
	uint64_t start = now_ns();

	start_all(b);
	dispatch_until_cleaned(b);
	start = now_ns() - start;
	for (size_t i = 0; i < b->count; i++)
		check_and_free(b->list[i]);
	return start;
}

void serve_burst(struct libhost *h, size_t count)
{
	struct burst b = {.host = h, .list = calloc(count, sizeof(*b.list)), .count = count};

	if (!count || !b.list)
		die("burst=%zu", count);
	serve_rounds(burst_round, &b);
	free(b.list);
}
