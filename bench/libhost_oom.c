/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long after an OOM kill a host hears of it; the time of the kill is from the kernel's log. */
#include "bench/libhost.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/samples.h"

static const char mark[] = "exd-bench: what time is it";
/* Without a newline it would wait for the rest of its line, unseen. */
static const char line[] = "exd-bench: what time is it\n";

void oom_open(struct libhost *h)
{
	struct exd_error err = EXD_ERROR_INIT;

	h->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (h->kmsg < 0)
		die("/dev/kmsg");
	check(exd_command_set(h->command, "memory", "16m", &err), &err);
}

/* The time of the next record that contains `what`, by the log's clock; 0 when there is none. */
static uint64_t kmsg_time(int kmsg, const char *what)
{
	char record[8192];
	unsigned long long us;
	ssize_t n;

	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE) /* overwritten before we read it */
			continue;
		if (n <= 0)
			return 0;
		record[n] = '\0';
		if (strstr(record, what) && sscanf(record, "%*u,%*u,%llu", &us) == 1)
			return us * 1000;
	}
}

/* What makes a time of the log one of CLOCK_MONOTONIC; they drift apart, so asked each round. */
static int64_t clock_offset(int kmsg)
{
	/* What a descriptor may write is rationed to ten lines in five seconds: hence a new one. */
	int writer = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	uint64_t before = now_ns(), after, logged;

	if (writer < 0 || write(writer, line, strlen(line)) < 0)
		die("/dev/kmsg");
	after = now_ns();
	close(writer);
	logged = kmsg_time(kmsg, mark);
	if (!logged)
		die("the kernel's log did not take our line");
	return (int64_t)((before + after) / 2 - logged);
}

static void wait_for_oom(struct libhost *h, struct exd_process *process)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct pollfd fds[2] = {
		{.fd = exd_engine_fd(h->engine), .events = POLLIN},
		{.fd = -1, .events = POLLIN},
	};

	while (!(fds[1].revents & POLLIN)) {
		if (poll(fds, 2, 10000) <= 0)
			die("no OOM event in 10 s");
		if (fds[0].revents)
			check(exd_engine_dispatch(h->engine, &err), &err);
		fds[1].fd = exd_process_oom_fd(process);
	}
}

uint64_t oom_round(void *arg)
{
	const uint32_t flags = EXD_START_TIED | EXD_START_EPHEMERAL;
	struct libhost *h = arg;
	struct exd_process *process = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	uint64_t heard, killed;
	int64_t offset;

	lseek(h->kmsg, 0, SEEK_END);
	offset = clock_offset(h->kmsg);
	check(exd_start(h->engine, h->command, NULL, NULL, flags, &process, &err), &err);
	wait_for_oom(h, process);
	heard = now_ns();
	check(exd_process_wait(process, -1, NULL, &err), &err);
	exd_process_free(process);
	killed = kmsg_time(h->kmsg, "Killed process");
	if (!killed)
		die("the kernel's log has no OOM kill");
	killed += (uint64_t)offset;
	return heard > killed ? heard - killed : 0;
}
