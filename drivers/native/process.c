/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a process in its namespaces to the program: no privilege goes before its last use. */

#include "drivers/native/process.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "drivers/native/seccomp_choice.h"

#define RLIMIT_TEXT 48

char *native_rlimits_text(const struct exd_command *command)
{
	size_t count = exd_command_count(command, EXD_KEY_RLIMITS), used = 0;
	char *text = calloc(count + 1, RLIMIT_TEXT);

	for (size_t i = 0; text && i < count; i++) {
		struct exd_rlimit limit = {.struct_size = sizeof(limit)};

		if (exd_command_rlimit(command, i, &limit))
			used += (size_t)sprintf(text + used, "%d=%" PRIx64 ":%" PRIx64 " ",
						limit.resource, limit.soft, limit.hard);
	}
	return text;
}

/* Those of the container first, so that the command's replace them. */
static void plan_rlimits(const struct native_process *process, struct exd_plan *plan)
{
	size_t count = exd_command_count(process->command, EXD_KEY_RLIMITS);
	const char *text = process->rlimits ? process->rlimits : "";
	uint64_t soft, hard;
	int resource, n;

	exd_plan_blame(plan, EXD_ERR_RLIMIT, 0);
	while (sscanf(text, "%d=%" SCNx64 ":%" SCNx64 " %n", &resource, &soft, &hard, &n) == 3) {
		(void)exd_plan_rlimit(plan, resource, soft, hard);
		text += n;
	}
	for (size_t i = 0; i < count; i++) {
		struct exd_rlimit limit = {.struct_size = sizeof(limit)};

		if (exd_command_rlimit(process->command, i, &limit))
			(void)exd_plan_rlimit(plan, limit.resource, limit.soft, limit.hard);
	}
}

/*
 * A profile of the user's comes last where that can be: it need not allow what only we do. The
 * built-in one does, and protects that too.
 */
static bool is_late(const struct native_process *process)
{
	return process->profile && process->no_new_privs;
}

static int plan_seccomp(const struct native_process *process, struct exd_plan *plan,
			struct exd_error *err)
{
	struct native_filter filter;
	int r;

	if (!process->seccomp && process->listener)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "seccomp_listener needs a seccomp profile that notifies it");
	if (!process->seccomp)
		return 0;
	r = native_filter_read(process, exd_plan_root_fd(plan), is_late(process), &filter, err);
	exd_plan_blame(plan, EXD_ERR_SECCOMP, 0);
	if (r == 0 && filter.notifies)
		r = native_listener_plan(process, &filter, plan, err);
	else if (r == 0)
		(void)exd_plan_seccomp(plan, filter.program,
				       filter.count * sizeof(*filter.program), filter.flags);
	native_filter_release(&filter);
	return r;
}

/*
 * The filter is loaded while CAP_SYS_ADMIN is still there, since without no_new_privs the kernel
 * asks for it.
 */
static int plan_privileges(const struct native_process *process, struct exd_plan *plan,
			   struct exd_error *err)
{
	const struct native_user *user = process->user;
	/*
	 * a program of another user gets none at execve anyway; without them, the cwd is entered as
	 * that user
	 */
	uint64_t caps = user->uid == 0 ? process->caps : 0;
	int r;

	/*
	 * with no more rights than other containers have, it could be traced by those that see the
	 * host's processes, and its descriptors lead to the host
	 */
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	(void)exd_plan_nondumpable(plan);
	/* before the filter, which knows no keys */
	(void)exd_plan_keyring(plan);
	exd_plan_blame(plan, EXD_ERR_CAPABILITY, 0);
	(void)exd_plan_bounding(plan, process->caps);
	exd_plan_blame(plan, EXD_ERR_USER, 0);
	if (!process->keep_groups)
		(void)exd_plan_groups(plan, user->groups, user->group_count);
	exd_plan_blame(plan, EXD_ERR_CAPABILITY, 0);
	if (process->no_new_privs)
		(void)exd_plan_no_new_privs(plan);
	r = native_landlock_plan(process, plan, err);
	if (r == 0 && !is_late(process))
		r = plan_seccomp(process, plan, err);
	if (r < 0)
		return r;
	exd_plan_blame(plan, EXD_ERR_USER, 0);
	(void)exd_plan_ids(plan, user->uid, user->gid);
	exd_plan_blame(plan, EXD_ERR_CAPABILITY, 0);
	(void)exd_plan_caps(plan, caps, caps, 0, 0);
	return 0;
}

static int plan_program(const struct native_process *process, struct exd_plan *plan,
			struct exd_error *err)
{
	const struct exd_command *command = process->command;
	size_t count = exd_command_count(command, EXD_KEY_ARGS);
	cleanup_free char **env = NULL;
	cleanup_free const char **args = NULL;

	env = native_environment(command, process->user->home, process->hostname);
	args = calloc(count + 1, sizeof(*args));
	if (!env || !args)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "arguments and environment");
	for (size_t i = 0; i < count; i++)
		args[i] = exd_command_item(command, EXD_KEY_ARGS, i);
	if (process->init) {
		exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
		(void)exd_plan_init(plan);
	}
	exd_plan_blame(plan, EXD_ERR_EXEC, 0);
	(void)exd_plan_exec(plan, args, (const char *const *)env);
	return 0;
}

void native_process_release(struct native_process *process)
{
	free(process->profile_own);
	process->profile_own = NULL;
}

int native_process_plan(const struct native_process *process, struct exd_plan *plan,
			struct exd_error *err)
{
	int r;

	plan_rlimits(process, plan);
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	(void)exd_plan_umask(plan, process->umask);
	native_scheduling_plan(process, plan);
	r = plan_privileges(process, plan, err);
	if (r < 0)
		return r;
	exd_plan_blame(plan, EXD_ERR_CWD, 0);
	(void)exd_plan_chdir(plan, process->cwd, false);
	if (is_late(process))
		r = plan_seccomp(process, plan, err);
	return r < 0 ? r : plan_program(process, plan, err);
}

int native_stdio_plan(const struct exd_command *command, const struct native_user *user,
		      uint32_t tty_group, struct exd_plan *plan, int root_slot, const char *devpts)
{
	int slot;

	if (!exd_command_bool(command, EXD_KEY_TTY))
		return -1;
	slot = exd_plan_slot(plan);
	exd_plan_blame(plan, EXD_ERR_TTY, 0);
	(void)exd_plan_tty_open(plan, root_slot, devpts, slot, user->uid, tty_group);
	return slot;
}

void native_stdio_finish(struct exd_plan *plan, int tty_slot)
{
	exd_plan_blame(plan, EXD_ERR_TTY, 0);
	if (tty_slot >= 0) {
		(void)exd_plan_stdio(plan, tty_slot, tty_slot, tty_slot);
		(void)exd_plan_ctty(plan);
		return;
	}
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	(void)exd_plan_stdio(plan, exd_plan_stdio_slot(plan, 0), exd_plan_stdio_slot(plan, 1),
			     exd_plan_stdio_slot(plan, 2));
}
