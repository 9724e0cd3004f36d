/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: pids, stats, update, explain. */
#include "conformance/kit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define PIDS_MAX 64

static struct kit_box waiting(struct kit *kit, const char *script)
{
	struct kit_box box = kit_start_box(kit, "box", script, KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	return box;
}

static void end_killed(struct kit *kit, struct kit_box *box)
{
	kit_tell(kit, box, "end\n");
	(void)kit_wait(kit, box);
}

/* ---- pids ------------------------------------------------------------------------------------ */

#define FAMILY "sleep 1000 & sleep 1000 & echo ready; read x; kill %1 %2; exit 0"

static int pids_of(struct kit *kit, const struct kit_box *box, pid_t pids[PIDS_MAX])
{
	int count = kit_must(kit, exd_pids(kit->engine, box->id, pids, PIDS_MAX, &kit->err), "pids");

	return count < PIDS_MAX ? count : PIDS_MAX;
}

static void case_pids_claimed(struct kit *kit)
{
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");
	pid_t pids[PIDS_MAX];

	kit_check(kit, pids_of(kit, &box, pids) > 0, "a running container has none");
	kit_let_end(kit, &box, 0);
}

static void case_pids_init(struct kit *kit)
{
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");
	pid_t pids[PIDS_MAX], init = exd_process_pid(box.process);
	int count = pids_of(kit, &box, pids), found = 0;

	for (int i = 0; i < count; i++)
		found += pids[i] == init;
	kit_check(kit, found == 1 || init == 0, "init, %d, is among them %d times", (int)init,
		  found);
	kit_let_end(kit, &box, 0);
}

static void case_pids_all(struct kit *kit)
{
	struct kit_box box = waiting(kit, FAMILY);
	int64_t deadline = clock_ms() + 5000;
	pid_t pids[PIDS_MAX];
	int count;

	while ((count = pids_of(kit, &box, pids)) < 3 && clock_left_ms(deadline) > 0)
		kit_nap(20);
	kit_check(kit, count == 3, "a shell with two children is %d processes", count);
	for (int i = 0; i < count; i++) {
		kit_check(kit, kit_alive((int)pids[i]), "%d is no process of this host",
			  (int)pids[i]);
		for (int j = 0; j < i; j++)
			kit_check(kit, pids[i] != pids[j], "%d is there twice", (int)pids[i]);
	}
	end_killed(kit, &box);
}

static void case_pids_max(struct kit *kit)
{
	struct kit_box box = waiting(kit, FAMILY);
	pid_t pids[2] = {-7, -7};
	int count;

	count = kit_must(kit, exd_pids(kit->engine, box.id, pids, 1, &kit->err), "pids, one");
	kit_check(kit, count >= 1 && pids[0] > 0, "%d are counted", count);
	kit_check(kit, pids[1] == -7, "it writes more than it may");
	kit_must(kit, exd_pids(kit->engine, box.id, NULL, 0, &kit->err), "pids, none");
	end_killed(kit, &box);
}

static void case_pids_stopped(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "stopped", id);
	kit_refused(kit, exd_pids(kit->engine, id, NULL, 0, &kit->err), EXD_ERR_NOT_RUNNING,
		    "pids of one that has ended");
	(void)exd_delete(kit->engine, id, true, NULL);
}

/* ---- stats ----------------------------------------------------------------------------------- */

static struct exd_stats stats_of(struct kit *kit, const struct kit_box *box)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};

	kit_must(kit, exd_stats(kit->engine, box->id, &stats, &kit->err), "stats");
	return stats;
}

static void case_stats_claimed(struct kit *kit)
{
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");

	kit_check(kit, stats_of(kit, &box).valid != 0, "no group is valid");
	kit_let_end(kit, &box, 0);
}

static void case_stats_time(struct kit *kit)
{
	const uint32_t known = EXD_STATS_CPU | EXD_STATS_MEMORY | EXD_STATS_PIDS | EXD_STATS_NETWORK;
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");
	uint64_t before = clock_ns(CLOCK_REALTIME), after;
	struct exd_stats stats = stats_of(kit, &box);

	after = clock_ns(CLOCK_REALTIME);
	kit_check(kit, (stats.valid & ~known) == 0, "valid is 0x%x", stats.valid);
	kit_check(kit, stats.time_ns >= before && stats.time_ns <= after,
		  "time_ns is not the time of the call");
	kit_let_end(kit, &box, 0);
}

static void case_stats_cpu(struct kit *kit)
{
	struct kit_box box = waiting(kit, "echo ready; read x; i=0; "
					  "while [ $i -lt 100000 ]; do i=$((i+1)); done; "
					  "echo worked; read x; exit 0");
	struct exd_stats before = stats_of(kit, &box), after;

	kit_tell(kit, &box, "on\n");
	kit_expect(kit, box.out, "worked");
	after = stats_of(kit, &box);
	kit_check(kit,
		  !(before.valid & EXD_STATS_CPU) || after.cpu_total_ns > before.cpu_total_ns,
		  "cpu_total_ns stays at %llu", (unsigned long long)before.cpu_total_ns);
	kit_let_end(kit, &box, 0);
}

static void case_stats_memory(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "box", "echo ready; read x; exit 0");
	const uint64_t limit = 64 * 1024 * 1024;
	struct exd_stats stats;
	struct kit_box box;

	kit_set(kit, command, "memory", "64m");
	box = kit_start_command(kit, "box", command, NULL, KIT_ONCE);
	kit_expect(kit, box.out, "ready");
	stats = stats_of(kit, &box);
	if ((stats.valid & EXD_STATS_MEMORY) && !kit_warned(kit, "memory")) {
		kit_check(kit, stats.memory_usage > 0 && stats.memory_usage <= limit,
			  "memory_usage is %llu", (unsigned long long)stats.memory_usage);
		kit_check(kit, stats.memory_limit == limit, "memory_limit is %llu",
			  (unsigned long long)stats.memory_limit);
	}
	kit_let_end(kit, &box, 0);
}

static void case_stats_pids(struct kit *kit)
{
	struct kit_box box = waiting(kit, FAMILY);
	int64_t deadline = clock_ms() + 5000;
	struct exd_stats stats;

	do
		stats = stats_of(kit, &box);
	while ((stats.valid & EXD_STATS_PIDS) && stats.pids_current < 3 &&
	       clock_left_ms(deadline) > 0);
	kit_check(kit, !(stats.valid & EXD_STATS_PIDS) || stats.pids_current == 3,
		  "a shell with two children is %llu processes",
		  (unsigned long long)stats.pids_current);
	end_killed(kit, &box);
}

static void case_stats_stopped(struct kit *kit)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	char id[KIT_ID];

	kit_stopped(kit, "stopped", id);
	kit_refused(kit, exd_stats(kit->engine, id, &stats, &kit->err), EXD_ERR_NOT_RUNNING,
		    "stats of one that has ended");
	(void)exd_delete(kit->engine, id, true, NULL);
}

/* ---- update ---------------------------------------------------------------------------------- */

static struct exd_command *change(struct kit *kit, const char *key, const char *value)
{
	struct exd_command *command = NULL;

	kit_must(kit, exd_command_new(&command, &kit->err), "making a command");
	kit_set(kit, command, key, value);
	return command;
}

static void case_update_claimed(struct kit *kit)
{
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");

	kit_must(kit,
		 exd_update(kit->engine, box.id, change(kit, "pids_limit", "100"), &kit->err),
		 "update of pids_limit");
	kit_let_end(kit, &box, 0);
}

static void case_update_holds(struct kit *kit)
{
	const uint64_t limit = 96 * 1024 * 1024;
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	int r = exd_update(kit->engine, box.id, change(kit, "memory", "96m"), &kit->err);

	if (!kit_unsupported(kit, r, "memory")) {
		kit_must(kit, r, "update of memory");
		if (exd_stats(kit->engine, box.id, &stats, NULL) >= 0 &&
		    (stats.valid & EXD_STATS_MEMORY))
			kit_check(kit, stats.memory_limit == limit, "memory_limit is %llu",
				  (unsigned long long)stats.memory_limit);
	}
	kit_let_end(kit, &box, 0);
}

static void case_update_refuses(struct kit *kit)
{
	struct kit_box box = waiting(kit, "echo ready; read x; exit 0");

	kit_check(kit,
		  exd_update(kit->engine, box.id, change(kit, "hostname", "other"), &kit->err) < 0,
		  "a host name is no limit, but accepted");
	kit_let_end(kit, &box, 0);
}

static void case_update_stopped(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "stopped", id);
	kit_refused(kit, exd_update(kit->engine, id, change(kit, "pids_limit", "100"), &kit->err),
		    EXD_ERR_NOT_RUNNING, "an update of one that has ended");
	(void)exd_delete(kit->engine, id, true, NULL);
}

/* ---- explain --------------------------------------------------------------------------------- */

static void case_explain_claimed(struct kit *kit)
{
	struct exd_report *report = NULL;

	kit_must(kit, exd_report_new(&report, &kit->err), "making a report");
	kit_must(kit,
		 exd_explain(kit->engine, kit_command(kit, "box", "exit 0"), report, NULL,
			     &kit->err),
		 "explain");
	kit_check(kit, exd_report_count(report) > 0, "it has nothing to say");
	exd_report_free(report);
}

static void case_explain_lines(struct kit *kit)
{
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_report *report = NULL;

	kit_must(kit, exd_report_new(&report, &kit->err), "making a report");
	kit_must(kit,
		 exd_explain(kit->engine, kit_command(kit, "box", "exit 0"), report, NULL,
			     &kit->err),
		 "explain");
	for (size_t i = 0; exd_report_line(report, i, &line); i++)
		kit_check(kit, line.topic[0] && line.text[0], "line %zu has no topic or text", i);
	exd_report_free(report);
}

static void case_explain_fails(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "box", "exit 0");
	struct exd_report *report = NULL;
	int run, explain;

	kit_set(kit, command, "rootfs", "/no/such/directory");
	kit_must(kit, exd_report_new(&report, &kit->err), "making a report");
	run = exd_run(kit->engine, command, NULL, NULL, NULL, &kit->err);
	explain = exd_explain(kit->engine, command, report, NULL, &kit->err);
	kit_check(kit, run < 0 || explain >= 0, "explain fails where run does not");
	kit_check(kit, run < 0 || kit_warned(kit, "rootfs"), "a root that is not there will do");
	exd_report_free(report);
}

#define PIDS EXD_CAP_PIDS
#define STATS EXD_CAP_STATS
#define UPDATE EXD_CAP_UPDATE
#define EXPLAIN EXD_CAP_EXPLAIN

static const struct kit_case cases[] = {
	{"cap.pids", "cap-1", PIDS, "run.once", .run = case_pids_claimed},
	{"pids.init", "pids-1", PIDS, "cap.pids", .run = case_pids_init},
	{"pids.all", "pids-2", PIDS, "cap.pids", .run = case_pids_all},
	{"pids.max", "pids-3", PIDS, "cap.pids", .run = case_pids_max},
	{"pids.stopped", "pids-4", PIDS, "cap.pids", .run = case_pids_stopped},
	{"cap.stats", "cap-1", STATS, "run.once", .run = case_stats_claimed},
	{"stats.time", "stats-1", STATS, "cap.stats", .run = case_stats_time},
	{"stats.cpu", "stats-2", STATS, "cap.stats", .run = case_stats_cpu},
	{"stats.memory", "stats-3", STATS, "cap.stats", .run = case_stats_memory},
	{"stats.pids", "stats-4", STATS, "cap.stats", .run = case_stats_pids},
	{"stats.stopped", "stats-5", STATS, "cap.stats", .run = case_stats_stopped},
	{"cap.update", "cap-1", UPDATE, "run.once", .run = case_update_claimed},
	{"update.holds", "update-1", UPDATE, "cap.update", .run = case_update_holds},
	{"update.refuses", "update-2", UPDATE, "cap.update", .run = case_update_refuses},
	{"update.stopped", "update-3", UPDATE, "cap.update", .run = case_update_stopped},
	{"cap.explain", "cap-1", EXPLAIN, "run.once", .run = case_explain_claimed},
	{"explain.lines", "explain-1", EXPLAIN, "cap.explain", .run = case_explain_lines},
	{"explain.fails", "explain-2", EXPLAIN, "cap.explain", .run = case_explain_fails},
};

KIT_GROUP(kit_figures);
