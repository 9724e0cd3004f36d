/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: pause and unpause. */
#include "conformance/kit.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS 300

/*
 * Two processes: the child writes "a" on and on, until the other, which has written "b", reads
 * something.
 */
static struct kit_box busy(struct kit *kit)
{
	struct kit_box box = kit_start_box(
		kit, "busy",
		"(while :; do echo a; sleep 0.02; done) & p=$!; echo b; read x; kill $p; exit 0",
		KIT_ONCE);
	char line[KIT_LINE];

	do
		kit_line(kit, box.out, line);
	while (strcmp(line, "b") != 0);
	return box;
}

/* What is in the pipe, and comes within this time. */
static size_t read_within(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char buf[65536];
	size_t count = 0;
	ssize_t n;

	kit_nap(ms);
	while (poll(&p, 1, 0) > 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		count += (size_t)n;
	return count;
}

static void pause_box(struct kit *kit, const struct kit_box *box)
{
	kit_must(kit, exd_pause(kit->engine, box->id, &kit->err), "pause");
}

static void unpause(struct kit *kit, const struct kit_box *box)
{
	kit_must(kit, exd_unpause(kit->engine, box->id, &kit->err), "unpause");
}

static void case_claimed(struct kit *kit)
{
	struct kit_box box = busy(kit);

	pause_box(kit, &box);
	unpause(kit, &box);
	kit_let_end(kit, &box, 0);
}

static void case_stops(struct kit *kit)
{
	struct kit_box box = busy(kit);
	size_t count;

	pause_box(kit, &box);
	(void)read_within(box.out, 0);
	count = read_within(box.out, SETTLE_MS);
	unpause(kit, &box);
	kit_check(kit, count == 0, "%zu bytes were written while it was paused", count);
	kit_let_end(kit, &box, 0);
}

static void case_goes_on(struct kit *kit)
{
	struct kit_box box = busy(kit);
	char line[KIT_LINE];

	pause_box(kit, &box);
	(void)read_within(box.out, SETTLE_MS);
	unpause(kit, &box);
	kit_line(kit, box.out, line);
	kit_check(kit, strcmp(line, "a") == 0, "its child goes on with '%s'", line);
	kit_let_end(kit, &box, 0);
}

static void case_status(struct kit *kit)
{
	struct kit_box box = busy(kit);
	enum exd_status status;

	pause_box(kit, &box);
	status = kit_status(kit, box.id);
	unpause(kit, &box);
	kit_check(kit, status == EXD_STATUS_PAUSED, "its status is %s", exd_status_name(status));
	kit_check(kit, kit_status(kit, box.id) == EXD_STATUS_RUNNING,
		  "after unpause its status is another than running");
	kit_let_end(kit, &box, 0);
}

static void case_twice(struct kit *kit)
{
	struct kit_box box = busy(kit);
	int r;

	pause_box(kit, &box);
	r = exd_pause(kit->engine, box.id, &kit->err);
	unpause(kit, &box);
	kit_refused(kit, r, EXD_ERR_PAUSED, "a second pause");
	kit_let_end(kit, &box, 0);
}

static void case_not_paused(struct kit *kit)
{
	struct kit_box box = busy(kit);

	kit_refused(kit, exd_unpause(kit->engine, box.id, &kit->err), EXD_ERR_NOT_PAUSED,
		    "an unpause without a pause");
	kit_let_end(kit, &box, 0);
}

static void case_stopped(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "stopped", id);
	kit_refused(kit, exd_pause(kit->engine, id, &kit->err), EXD_ERR_NOT_RUNNING,
		    "a pause of one that has ended");
	kit_refused(kit, exd_unpause(kit->engine, id, &kit->err), EXD_ERR_NOT_RUNNING,
		    "an unpause of one that has ended");
	(void)exd_delete(kit->engine, id, true, NULL);
}

#define PAUSE EXD_CAP_PAUSE
#define GATE "cap.pause"

static const struct kit_case cases[] = {
	{GATE, "cap-1", PAUSE, "run.once", .run = case_claimed},
	{"pause.stops", "pause-1", PAUSE, GATE, .run = case_stops},
	{"pause.goes_on", "pause-2", PAUSE, GATE, .run = case_goes_on},
	{"pause.status", "pause-3", PAUSE, "info.paused", .run = case_status},
	{"pause.twice", "pause-4", PAUSE, "info.paused", .run = case_twice},
	{"pause.not_paused", "pause-5", PAUSE, "info.paused", .run = case_not_paused},
	{"pause.stopped", "pause-6", PAUSE, GATE, .run = case_stopped},
};

KIT_GROUP(kit_pause);
