/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cases: the OOM channel. The hog is bounded: where the memory limit does not hold it ends by
 * itself, and where the key is refused, or warned of, there is no OOM kill to be had.
 */
#include "conformance/kit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* Doubles to 128 MiB in the shell itself. */
#define HOG "x=0123456789abcdef; while [ ${#x} -lt 134217728 ]; do x=$x$x; done"
#define LIMIT "24m"

struct channel {
	int fd; /* a duplicate, since the hook's is lent */
};

static int keep_channel(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct channel *channel = ctx;

	channel->fd = fcntl(oom_fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static struct exd_hooks hooks_of(struct channel *channel)
{
	channel->fd = -1;
	return (struct exd_hooks){
		.struct_size = sizeof(struct exd_hooks), .ctx = channel, .start = keep_channel};
}

/* Events until EOF, which has to come soon. */
static uint64_t drain(struct kit *kit, int fd)
{
	int64_t deadline = clock_ms() + KIT_SOON_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct exd_oom_event event;
	uint64_t count = 0;
	ssize_t n;

	kit_check(kit, fd >= 0, "there is no channel");
	for (;;) {
		kit_check(kit, poll(&p, 1, clock_left_ms(deadline)) > 0,
			  "the channel is not at EOF when the container is gone");
		n = read(fd, &event, sizeof(event));
		if (n <= 0)
			return count;
		kit_check(kit, n == (ssize_t)sizeof(event), "%zd bytes are no event", n);
		count++;
		kit_check(kit, event.oom_kills == count, "event %llu counts %llu kills",
			  (unsigned long long)count, (unsigned long long)event.oom_kills);
	}
}

static void case_none(struct kit *kit)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct channel channel;
	struct exd_hooks hooks = hooks_of(&channel);
	uint64_t count;

	kit_must(kit,
		 exd_run(kit->engine, kit_command(kit, "none", "exit 0"), NULL, &hooks, &status,
			 &kit->err),
		 "run");
	count = drain(kit, channel.fd);
	kit_check(kit, count == 0 && status.oom_kills == 0 && !status.oom_killed,
		  "%llu events, %llu kills", (unsigned long long)count,
		  (unsigned long long)status.oom_kills);
}

static void case_eof(struct kit *kit)
{
	struct channel channel;
	struct exd_hooks hooks = hooks_of(&channel);
	struct exd_command *command = kit_command(kit, "eof", "echo ready; read x; exit 0");
	struct kit_box box = kit_start_command(kit, "eof", command, &hooks, KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_let_end(kit, &box, 0);
	(void)drain(kit, channel.fd);
}

/* Runs the hog under a limit; false: the driver says that it does not know of such. */
static bool run_hog(struct kit *kit, const char *script, struct exd_exit_status *status,
		    uint64_t *events)
{
	struct channel channel;
	struct exd_hooks hooks = hooks_of(&channel);
	struct exd_command *command = kit_command(kit, "hog", script);
	int r;

	*status = (struct exd_exit_status){.struct_size = sizeof(*status)};
	*events = 0;
	kit_set(kit, command, "memory", LIMIT);
	r = exd_run(kit->engine, command, NULL, &hooks, status, &kit->err);
	if (kit_unsupported(kit, r, "memory"))
		return false;
	kit_must(kit, r, "run under a memory limit");
	*events = drain(kit, channel.fd);
	if (*events == 0 && kit_warned(kit, "memory"))
		return false;
	return true;
}

static void case_kills(struct kit *kit)
{
	struct exd_exit_status status;
	uint64_t events;

	if (!run_hog(kit, "(" HOG "; exit 0); exit 20", &status, &events))
		return;
	kit_check(kit, events > 0, "memory = " LIMIT " did not stop a program with 128 MiB");
	kit_check(kit, events == status.oom_kills, "%llu events, but %llu kills in the exit status",
		  (unsigned long long)events, (unsigned long long)status.oom_kills);
	kit_check(kit, status.exit_code == 20 || status.oom_killed, "it exited with code %u",
		  status.exit_code);
}

static void case_init(struct kit *kit)
{
	struct exd_exit_status status;
	uint64_t events;

	if (!run_hog(kit, HOG "; exit 0", &status, &events))
		return;
	kit_check(kit, status.oom_killed && status.signal == SIGKILL,
		  "init died of OOM, but its status is signal %u, oom_killed %d", status.signal,
		  status.oom_killed);
	kit_check(kit, status.oom_kills >= 1 && events == status.oom_kills, "%llu kills, %llu events",
		  (unsigned long long)status.oom_kills, (unsigned long long)events);
}

static void case_later(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "later", "echo ready; read x; exit 0", KIT_ONCE);
	int fd;

	kit_expect(kit, box.out, "ready");
	fd = kit_must(kit, exd_oom_open(kit->engine, box.id, &kit->err), "a new channel");
	kit_let_end(kit, &box, 0);
	kit_check(kit, drain(kit, fd) == 0, "it has an event");
}

static void case_exec(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "exec", "echo ready; read x; exit 0", KIT_ONCE);
	struct channel channel;
	struct exd_hooks hooks = hooks_of(&channel);
	struct kit_box exec;

	kit_expect(kit, box.out, "ready");
	exec = kit_start_exec(kit, &box, kit_exec_command(kit, "read x; exit 0"), &hooks);
	kit_check(kit, drain(kit, channel.fd) == 0, "it has an event");
	kit_let_end(kit, &exec, 0);
	kit_let_end(kit, &box, 0);
}

static const struct kit_case cases[] = {
	{"oom.none", "oom-1", .needs = "run.once", .run = case_none},
	{"oom.eof", "oom-2", .needs = "run.once", .run = case_eof},
	{"oom.kills", "oom-3", .needs = "oom.none", .run = case_kills},
	{"oom.init", "oom-4", .needs = "oom.kills", .run = case_init},
	{"oom.later", "oom-5", .needs = "oom.eof", .run = case_later},
	{"oom.exec", "oom-6", EXD_CAP_EXEC, "oom.none cap.exec", .run = case_exec},
};

KIT_GROUP(kit_oom);
