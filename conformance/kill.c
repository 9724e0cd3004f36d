/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: signals. */
#include "conformance/kit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct signal_name {
	int number;
	const char *name;
} names[] = {
	{SIGHUP, "HUP"},
	{SIGINT, "INT"},
	{SIGQUIT, "QUIT"},
	{SIGTERM, "TERM"},
	{SIGUSR1, "USR1"},
	{SIGUSR2, "USR2"},
	{SIGWINCH, "WINCH"},
};

/* It says which it got; its shell must not wait for anything but its own read. */
static void case_signals(struct kit *kit)
{
	char script[1024] = "";
	struct kit_box box;
	size_t used = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		used += (size_t)snprintf(script + used, sizeof(script) - used, "trap 'echo %s' %s; ",
					 names[i].name, names[i].name);
	(void)snprintf(script + used, sizeof(script) - used,
		       "echo ready; until [ \"$x\" = end ]; do read x; done; exit 0");
	box = kit_start_box(kit, "signals", script, KIT_ONCE);
	kit_expect(kit, box.out, "ready");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = exd_kill(kit->engine, box.id, names[i].number, &kit->err);

		if (r < 0 && kit->err.code == EXD_ERR_UNSUPPORTED)
			continue;
		kit_must(kit, r, names[i].name);
		/* A shell that waits for a line may run its trap behind it. */
		kit_tell(kit, &box, "on\n");
		kit_expect(kit, box.out, names[i].name);
	}
	kit_let_end(kit, &box, 0);
}

static void case_killed(struct kit *kit)
{
	struct kit_box box = kit_start_box(
		kit, "killed", "trap '' HUP INT QUIT TERM; echo ready; read x; exit 0", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_must(kit, exd_kill(kit->engine, box.id, SIGKILL, &kit->err), "kill");
	kit_check(kit, kit_wait(kit, &box).exit_code != 0, "it is said to have ended well");
	kit_eof(kit, box.out, "a process of it lives on");
}

static void case_stopped(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "stopped", id);
	kit_refused(kit, exd_kill(kit->engine, id, SIGTERM, &kit->err), EXD_ERR_NOT_RUNNING,
		    "a signal for a container that has ended");
	(void)exd_delete(kit->engine, id, true, NULL);
}

static void case_zero(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "zero", "echo ready; read x; exit 0", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_must(kit, exd_kill(kit->engine, box.id, 0, &kit->err), "signal 0");
	kit_let_end(kit, &box, 0);
}

static void case_paused(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "paused", "echo ready; read x; exit 0", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_must(kit, exd_pause(kit->engine, box.id, &kit->err), "pause");
	kit_must(kit, exd_kill(kit->engine, box.id, SIGKILL, &kit->err), "kill");
	kit_check(kit, kit_wait(kit, &box).exit_code != 0, "it is said to have ended well");
}

#define GATE "kill.returns"

static const struct kit_case cases[] = {
	{"kill.killed", "kill-3", .needs = GATE, .run = case_killed},
	{"kill.signals", "kill-2", .needs = GATE, .run = case_signals},
	{"kill.stopped", "kill-4", .needs = GATE, .run = case_stopped},
	{"kill.zero", "kill-5", .needs = GATE, .run = case_zero},
	{"kill.paused", "kill-6", EXD_CAP_PAUSE, "kill.killed", .run = case_paused},
};

KIT_GROUP(kit_kill);
