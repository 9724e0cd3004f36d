/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a process is scheduled, and which kernel it sees. */
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>

#include "base/cleanup.h"
#include "drivers/native/process.h"

#define INIT_RESETS \
	"scheduler '%s': what init forks would be reset: use reset-on-fork without init"

int native_scheduling_check(const struct exd_command *command, struct exd_error *err)
{
	const char *text = exd_command_string(command, EXD_KEY_SCHEDULER, "");

	if (exd_command_bool(command, EXD_KEY_INIT) && strstr(text, "reset-on-fork"))
		return exd_error_set(err, EXD_ERR_KEY, 0, INIT_RESETS, text);
	if (*text && exd_command_is_set(command, EXD_KEY_NICE))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "scheduler and nice exclude each other: write "
				     "scheduler = \"%s,nice=%d\"",
				     text, (int)exd_command_number(command, EXD_KEY_NICE, 0));
	return 0;
}

void native_affinity_plan(const char *affinity, bool final, struct exd_plan *plan)
{
	const char *colon = affinity ? strchr(affinity, ':') : NULL;
	cleanup_free char *initial = NULL;

	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	if (final) {
		if (colon)
			(void)exd_plan_affinity(plan, colon + 1);
		return;
	}
	if (affinity && colon != affinity) {
		initial = strndup(affinity, strcspn(affinity, ":"));
		(void)exd_plan_affinity(plan, initial);
	}
}

void native_scheduling_plan(const struct native_process *process, struct exd_plan *plan)
{
	const struct exd_command *command = process->command;
	const char *scheduler = exd_command_string(command, EXD_KEY_SCHEDULER, NULL);
	const char *ioprio = exd_command_string(command, EXD_KEY_IOPRIO, NULL);

	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	if (process->affinity)
		native_affinity_plan(process->affinity, true, plan);
	if (exd_command_is_set(command, EXD_KEY_NICE))
		(void)exd_plan_nice(plan, (int)exd_command_number(command, EXD_KEY_NICE, 0));
	if (scheduler)
		(void)exd_plan_scheduler(plan, scheduler);
	if (ioprio)
		(void)exd_plan_ioprio(plan, ioprio);
	if (process->personality)
		(void)exd_plan_personality(
			plan, process->personality,
			strcmp(process->personality, "linux32") == 0 ? PER_LINUX32 : PER_LINUX);
}
