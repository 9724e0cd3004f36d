/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: hosts and monitors that die. */
#include "conformance/kit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

struct start {
	const char *script;
	uint32_t flags;
	int in;
	int out;
	int theirs[2];
	char id[KIT_ID];
};

static void start_lent(struct kit *kit, void *arg)
{
	const struct start *start = arg;
	struct exd_command *command = kit_command(kit, "found", start->script);
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = start->theirs[0],
				  .out = start->theirs[1],
				  .err = EXD_FD_NULL};
	struct exd_process *process = NULL;

	kit_must(kit,
		 exd_start(kit->engine, command, &stdio, NULL, start->flags, &process, &kit->err),
		 "start");
	kit_until(kit, process, EXD_PHASE_RUNNING);
}

/* Started by a host that has died since. */
static void start_by_dead(struct kit *kit, struct start *start)
{
	int in[2], out[2];

	kit_pipe(kit, in);
	kit_pipe(kit, out);
	start->in = in[1];
	start->out = out[0];
	start->theirs[0] = in[0];
	start->theirs[1] = out[1];
	kit_id(kit, "found", start->id);
	kit_host_dies(kit, start_lent, start);
	(void)close(in[0]);
	(void)close(out[1]);
}

static void case_goes_on(struct kit *kit)
{
	struct start start = {.script = "echo ready; read x; exit 33"};
	struct exd_exit_status status = {.struct_size = sizeof(status)};

	start_by_dead(kit, &start);
	kit_expect(kit, start.out, "ready");
	kit_check(kit, kit_status(kit, start.id) == EXD_STATUS_RUNNING, "its status is another");
	kit_check(kit, write(start.in, "end\n", 4) == 4, "its stdin is gone");
	kit_must(kit, exd_wait(kit->engine, start.id, KIT_SOON_MS, &status, &kit->err), "wait");
	kit_check(kit, status.exit_code == 33, "exit 33 is told as %u", status.exit_code);
	kit_must(kit, exd_delete(kit->engine, start.id, false, &kit->err), "delete");
}

static void case_tied(struct kit *kit)
{
	struct start start = {.script = "sleep 1000 & echo ready; sleep 1000", .flags = KIT_ONCE};

	/* It was running; whether it still wrote its line is of no matter. */
	start_by_dead(kit, &start);
	kit_eof(kit, start.out, "a process of it lives on");
}

static void case_monitor(struct kit *kit)
{
	struct start start = {.script = "echo ready; read x; echo on; read x; exit 0"};

	start_by_dead(kit, &start);
	kit_expect(kit, start.out, "ready");
	kit_kill_monitor(kit, start.id);
	kit_check(kit, write(start.in, "go\n", 3) == 3, "its stdin is gone");
	kit_expect(kit, start.out, "on");
	kit_check(kit, kit_status(kit, start.id) == EXD_STATUS_RUNNING, "its status is another");
	kit_must(kit, exd_kill(kit->engine, start.id, SIGKILL, &kit->err), "kill");
	kit_eof(kit, start.out, "it lives on");
	(void)exd_delete(kit->engine, start.id, true, NULL);
}

/* Ended by one host, looked at by the next, which was not there when it ended. */
static void end_unseen(struct kit *kit, void *arg)
{
	const struct start *start = arg;

	kit_must(kit, exd_terminate(kit->engine, start->id, &kit->err), "terminate");
}

static void refused_all(struct kit *kit, const char *id)
{
	struct exd_command *command = kit_exec_command(kit, "exit 0");
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	kit_refused(kit, exd_kill(kit->engine, id, SIGTERM, &kit->err), EXD_ERR_NOT_RUNNING,
		    "a signal");
	if (kit->caps & EXD_CAP_EXEC)
		kit_refused(kit, exd_exec(kit->engine, id, command, NULL, NULL, NULL, &kit->err),
			    EXD_ERR_NOT_RUNNING, "an exec");
	if (kit->caps & EXD_CAP_PAUSE)
		kit_refused(kit, exd_pause(kit->engine, id, &kit->err), EXD_ERR_NOT_RUNNING,
			    "a pause");
	if (kit->caps & EXD_CAP_PIDS)
		kit_refused(kit, exd_pids(kit->engine, id, NULL, 0, &kit->err),
			    EXD_ERR_NOT_RUNNING, "pids");
	if (kit->caps & EXD_CAP_STATS)
		kit_refused(kit, exd_stats(kit->engine, id, &stats, &kit->err),
			    EXD_ERR_NOT_RUNNING, "stats");
	exd_command_free(command);
}

static void case_lost(struct kit *kit)
{
	struct start start = {.script = "echo ready; read x; exit 0"};
	struct exd_info info = {.struct_size = sizeof(info)};
	int64_t deadline = clock_ms() + KIT_SOON_MS;
	enum exd_status status;

	start_by_dead(kit, &start);
	kit_expect(kit, start.out, "ready");
	kit_kill_monitor(kit, start.id);
	kit_join(kit, kit_fork(kit, end_unseen, &start));
	kit_eof(kit, start.out, "it lives on");
	kit_new_engine(kit);
	while ((status = kit_status(kit, start.id)) == EXD_STATUS_RUNNING &&
	       clock_left_ms(deadline) > 0)
		kit_nap(20);
	kit_check(kit, status == EXD_STATUS_LOST || status == EXD_STATUS_STOPPED,
		  "its status is %s", exd_status_name(status));
	refused_all(kit, start.id);
	kit_must(kit, exd_info(kit->engine, start.id, &info, &kit->err), "info");
	kit_check(kit, !info.running, "info says that it runs");
	kit_must(kit, exd_delete(kit->engine, start.id, false, &kit->err), "delete");
}

static const struct kit_case cases[] = {
	{"recover.goes_on", "recover-1", .needs = "run.code", .run = case_goes_on},
	{"recover.tied", "recover-2", .needs = "run.once", .run = case_tied},
	{"recover.monitor", "recover-3", .needs = "kill.killed", .run = case_monitor},
	{"recover.lost", "recover-4", .needs = "terminate.record", .run = case_lost},
};

KIT_GROUP(kit_recover);
