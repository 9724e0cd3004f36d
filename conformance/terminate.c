/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: terminate, by hosts that know a container from its record alone. */
#include "conformance/kit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Daemons in every shape, all with stdout in hand: its EOF says that none is left. */
#define DAEMONS                                                \
	"sleep 1000 & (sleep 1000 & sleep 1000 & wait) & "     \
	"command -v setsid >/dev/null && setsid sleep 1000 & " \
	"(trap '' HUP INT TERM; sleep 1000 & read x) & "

static void terminate(struct kit *kit, const char *id)
{
	kit_must(kit, exd_terminate(kit->engine, id, &kit->err), "terminate");
}

/* A monitor that lives ends much by itself: without it, all that happens is the driver's doing. */
static void case_returns(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "returns", "echo ready; read x", 0);

	kit_expect(kit, box.out, "ready");
	kit_kill_monitor(kit, box.id);
	(void)exd_terminate(kit->engine, box.id, &kit->err);
	(void)exd_delete(kit->engine, box.id, true, NULL);
}

static void case_all(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "all", DAEMONS "sleep 0.2; echo ready; read x", 0);

	kit_expect(kit, box.out, "ready");
	kit_kill_monitor(kit, box.id);
	terminate(kit, box.id);
	kit_eof(kit, box.out, "a process of the container lives on");
	(void)exd_delete(kit->engine, box.id, true, NULL);
}

struct orphan {
	int out;
	int theirs;
	char id[KIT_ID];
};

static void start_orphan(struct kit *kit, void *arg)
{
	const struct orphan *orphan = arg;
	struct exd_command *command =
		kit_command(kit, "orphan", "sleep 1000 & echo ready; sleep 1000");
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .err = EXD_FD_NULL};
	struct exd_process *process = NULL;

	stdio.out = orphan->theirs;
	kit_must(kit, exd_start(kit->engine, command, &stdio, NULL, 0, &process, &kit->err),
		 "start");
	kit_until(kit, process, EXD_PHASE_RUNNING);
}

/* Its host is gone; stdout is ours. */
static struct orphan make_orphan(struct kit *kit)
{
	struct orphan orphan;
	int out[2];

	kit_pipe(kit, out);
	orphan.out = out[0];
	orphan.theirs = out[1];
	kit_id(kit, "orphan", orphan.id);
	kit_host_dies(kit, start_orphan, &orphan);
	(void)close(out[1]);
	kit_expect(kit, orphan.out, "ready");
	return orphan;
}

static void case_record(struct kit *kit)
{
	struct orphan orphan = make_orphan(kit);

	kit_kill_monitor(kit, orphan.id);
	terminate(kit, orphan.id);
	kit_eof(kit, orphan.out, "a process of the container lives on");
	(void)exd_delete(kit->engine, orphan.id, true, NULL);
}

static void case_none(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "none", id);
	terminate(kit, id);
	terminate(kit, id);
	(void)exd_delete(kit->engine, id, true, NULL);
}

static void case_only(struct kit *kit)
{
	struct kit_box other = kit_start_box(kit, "other", "echo ready; read x; exit 9", KIT_ONCE);
	struct kit_box box = kit_start_box(kit, "only", "echo ready; read x", KIT_ONCE);

	kit_expect(kit, other.out, "ready");
	kit_expect(kit, box.out, "ready");
	terminate(kit, box.id);
	(void)kit_wait(kit, &box);
	kit_let_end(kit, &other, 9);
}

static void case_stubborn(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "stubborn",
					   "trap '' HUP INT QUIT TERM; "
					   "(trap '' HUP INT QUIT TERM; sleep 1000) & p=$!; "
					   "kill -STOP $p; echo ready; read x",
					   KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	terminate(kit, box.id);
	(void)kit_wait(kit, &box);
	kit_eof(kit, box.out, "a process of the container lives on");
}

static void case_paused(struct kit *kit)
{
	struct kit_box box =
		kit_start_box(kit, "paused", "sleep 1000 & echo ready; read x", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_must(kit, exd_pause(kit->engine, box.id, &kit->err), "pause");
	terminate(kit, box.id);
	(void)kit_wait(kit, &box);
	kit_eof(kit, box.out, "a process of the container lives on");
}

#define GATE "terminate.all"

static const struct kit_case cases[] = {
	{"terminate.returns", "term-8", .needs = "run.once", .run = case_returns},
	{GATE, "term-1 term-3", .needs = "terminate.returns", .run = case_all},
	{"terminate.record", "term-2", .needs = GATE, .run = case_record},
	{"terminate.none", "term-4", .needs = GATE, .run = case_none},
	{"terminate.only", "term-5", .needs = GATE " run.code", .run = case_only},
	{"terminate.stubborn", "term-6", .needs = GATE, .run = case_stubborn},
	{"terminate.paused", "term-7", EXD_CAP_PAUSE, GATE, .run = case_paused},
};

KIT_GROUP(kit_terminate);
