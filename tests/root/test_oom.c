/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the kernel's OOM killer took, told by the library: 200 of each kind, none of them misjudged. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/root/kernel_log.h"
#include "tests/root/tiny.h"

#define ROUNDS 200
#define THREADS 10
#define LIMIT (8 << 20)

/* A container's life as its hooks see it. */
struct seen {
	struct exd_engine *engine;
	const char *killer; /* who kills it in the start hook: "engine", "process", or nobody */
	bool after_oom;     /* not before an OOM event was there */
	int oom_fd;         /* a copy of the channel */
	uint64_t early;     /* OOM kills that the channel told of before the exit was told */
	char why[160];
};

static uint64_t read_kills(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct exd_oom_event event = {0};

	if (poll(&p, 1, timeout_ms) <= 0 || read(fd, &event, sizeof(event)) != sizeof(event))
		return 0;
	return event.oom_kills;
}

/* Where the kernel's log cannot tell, a SIGKILL by others that soon after an OOM kill passes for one, as promised. */
static void wait_out_blame(void)
{
	if (!log_tells_victims())
		(void)nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;
	struct exd_error err;

	seen->oom_fd = fcntl(oom_fd, F_DUPFD_CLOEXEC, 0);
	if (seen->after_oom) {
		seen->early = read_kills(oom_fd, 20000);
		wait_out_blame();
	}
	if (!seen->killer)
		return 0;
	if (strcmp(seen->killer, "engine") == 0) {
		if (exd_kill(seen->engine, exd_process_id(process), SIGKILL, &err) < 0)
			(void)snprintf(seen->why, sizeof(seen->why), "%.150s", err.text);
	} else if (kill(pid, SIGKILL) < 0) {
		(void)snprintf(seen->why, sizeof(seen->why), "kill: %s", strerror(errno));
	}
	return 0;
}

static void on_exit_told(void *ctx, struct exd_process *process, const struct exd_exit_status *status)
{
	struct seen *seen = ctx;
	uint64_t kills;

	while ((kills = read_kills(seen->oom_fd, 0)) > 0)
		seen->early = kills;
}

/* Runs `/inside WHAT` under a limit of memory, with these hooks. */
static void run_limited(struct seen *seen, struct exd_engine *engine, const char *what, const char *argument,
			struct exd_exit_status *status)
{
	struct exd_command *command = tiny_command(NULL, what, argument);
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = seen, .start = on_start, .exit = on_exit_told};
	struct exd_error err;

	seen->engine = engine;
	seen->oom_fd = -1;
	if (exd_command_set_number(command, EXD_KEY_MEMORY, LIMIT, &err) < 0 ||
	    exd_run(engine, command, NULL, &hooks, status, &err) < 0)
		(void)snprintf(seen->why, sizeof(seen->why), "%.150s", err.text);
	exd_command_free(command);
}

/* The channel is at its end; how many kills it told of, all of them before the exit was. */
static void end_channel(struct seen *seen)
{
	struct exd_oom_event event;

	if (seen->oom_fd < 0)
		return;
	if (!seen->why[0] && read(seen->oom_fd, &event, sizeof(event)) != 0)
		(void)strcpy(seen->why, "the OOM channel goes on after the exit");
	close(seen->oom_fd);
}

#define describe(s)                                                                                              \
	"code %u signal %u oom_kills %llu oom_killed %d evidence %u told early %llu", (s).exit_code, (s).signal, \
		(unsigned long long)(s).oom_kills, (s).oom_killed, (s).oom_evidence,                             \
		(unsigned long long)seen.early

static void hog_as_init(struct exd_engine *engine, int round, char *why, size_t size)
{
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {0};

	run_limited(&seen, engine, "hog", NULL, &s);
	end_channel(&seen);
	wrong_if(seen.why[0], "%s", seen.why);
	wrong_if(!s.oom_killed || s.exit_code != 137 || s.signal != SIGKILL || s.oom_kills != 1 || seen.early != 1 ||
			 s.oom_evidence == EXD_OOM_EVIDENCE_NONE,
		 describe(s));
}

static void hog_below_init(struct exd_engine *engine, int round, char *why, size_t size)
{
	uint32_t code = round % 2 ? 7 : 0;
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {0};

	run_limited(&seen, engine, "hog-below", code ? "7" : "0", &s);
	end_channel(&seen);
	wrong_if(seen.why[0], "%s", seen.why);
	wrong_if(s.oom_killed || s.exit_code != code || s.signal || s.oom_kills != 1 || seen.early != 1 ||
			 s.oom_evidence != EXD_OOM_EVIDENCE_NONE,
		 describe(s));
}

static void plain_kill(struct exd_engine *engine, const char *killer, char *why, size_t size)
{
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {.killer = killer};

	run_limited(&seen, engine, "rest", NULL, &s);
	end_channel(&seen);
	wrong_if(seen.why[0], "%s", seen.why);
	wrong_if(s.oom_killed || s.signal != SIGKILL || s.oom_kills != 0 || seen.early != 0, describe(s));
}

static void plain_kill_by_engine(struct exd_engine *engine, int round, char *why, size_t size)
{
	plain_kill(engine, "engine", why, size);
}

static void plain_kill_by_process(struct exd_engine *engine, int round, char *why, size_t size)
{
	plain_kill(engine, "process", why, size);
}

static void hog_below_then_kill(struct exd_engine *engine, int round, char *why, size_t size)
{
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {.killer = round % 2 ? "engine" : "process", .after_oom = true};

	run_limited(&seen, engine, "hog-below", NULL, &s);
	end_channel(&seen);
	wrong_if(seen.why[0], "%s", seen.why);
	wrong_if(s.oom_killed || s.signal != SIGKILL || s.oom_kills != 1 || seen.early != 1, describe(s));
}

static void do_200(tiny_round round)
{
	struct exd_engine *engine = lib_engine(0);

	tiny_rounds(engine, round, ROUNDS, THREADS);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_hog_as_init)
{
	do_200(hog_as_init);
}
END_TEST

START_TEST(test_child_hog_that_init_survives)
{
	do_200(hog_below_init);
}
END_TEST

START_TEST(test_sigkill_by_engine)
{
	do_200(plain_kill_by_engine);
}
END_TEST

START_TEST(test_sigkill_by_process)
{
	do_200(plain_kill_by_process);
}
END_TEST

START_TEST(test_child_hog_and_then_a_sigkill)
{
	do_200(hog_below_then_kill);
}
END_TEST

/* All kinds at once: what is true of one container must not be said of another. */
static void any_kind(struct exd_engine *engine, int round, char *why, size_t size)
{
	static const tiny_round kinds[] = {hog_as_init, hog_below_init, plain_kill_by_process, hog_below_then_kill};

	kinds[round % 4](engine, round / 4, why, size);
}

START_TEST(test_all_kinds_at_once)
{
	do_200(any_kind);
}
END_TEST

/* ---- order of events ------------------------------------------------------------------------------------ */

#define ORDERED 20

struct order {
	char id[32];
	uint64_t sequence;
	uint32_t last;
	int events;
};

static void ordered_hog(struct exd_engine *engine, int round, char *why, size_t size)
{
	char id[32];
	struct exd_command *command;
	struct exd_error err;
	int r;

	(void)snprintf(id, sizeof(id), "hog%d", round);
	command = tiny_command(id, "hog", NULL);
	r = exd_command_set_number(command, EXD_KEY_MEMORY, LIMIT, &err);
	if (r == 0)
		r = exd_run(engine, command, NULL, NULL, NULL, &err);
	exd_command_free(command);
	wrong_if(r < 0, "%s", err.text);
}

static void take_event(struct order *orders, const struct exd_event *event)
{
	struct order *o = &orders[atoi(event->id + 3)];

	ck_assert_uint_gt(event->sequence, o->sequence);
	ck_assert_msg(event->type == o->last + 1, "%s: event %u came after %u", event->id, event->type, o->last);
	o->sequence = event->sequence;
	o->last = event->type;
	o->events++;
	if (event->type == EXD_EVENT_EXITED)
		ck_assert(event->exit.oom_killed && event->exit.oom_kills == 1);
}

START_TEST(test_event_before_exit)
{
	struct exd_engine *engine = lib_engine(0);
	struct pollfd p = {.fd = exd_engine_fd(engine), .events = POLLIN};
	struct order orders[ORDERED] = {0};
	struct exd_event event = {.struct_size = sizeof(event)};
	int left = ORDERED;

	/* STARTED, OOM, EXITED are numbered so. */
	must(exd_subscribe(engine, 0, &lib_err));
	tiny_rounds(engine, ordered_hog, ORDERED, THREADS);
	while (left > 0) {
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		must(exd_engine_dispatch(engine, &lib_err));
		while (exd_event_next(engine, &event, &lib_err) == 1) {
			take_event(orders, &event);
			left -= event.type == EXD_EVENT_EXITED;
		}
	}
	for (int i = 0; i < ORDERED; i++)
		ck_assert_int_eq(orders[i].events, 3);
	lib_end(engine);
	tiny_remove();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oom");

	lib_add(s, "verdicts", test_hog_as_init, test_child_hog_that_init_survives, test_sigkill_by_engine,
		test_sigkill_by_process, test_child_hog_and_then_a_sigkill, test_all_kinds_at_once);
	lib_add(s, "order", test_event_before_exit);
	return tap_main(s);
}
