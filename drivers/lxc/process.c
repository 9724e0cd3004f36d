/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a process in its namespaces to its program, as lines of a recipe. */
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memfd.h"
#include "drivers/lxc/lxc.h"
#include "drivers/native/seccomp_choice.h"

#define TTY_GROUP 5

/* Those of the container first, so that the command's replace them. */
static void rlimits(const struct native_process *process, struct recipe *recipe)
{
	cleanup_free char *own = native_rlimits_text(process->command);
	const char *texts[] = {process->rlimits ? process->rlimits : "", own ? own : ""};

	for (int i = 0; i < 2; i++) {
		const char *text = texts[i];
		uint64_t soft, hard;
		int resource, n;

		while (sscanf(text, "%d=%" SCNx64 ":%" SCNx64 " %n", &resource, &soft, &hard, &n) ==
		       3) {
			recipe_line(recipe, "rlimit %d %" PRIx64 " %" PRIx64, resource, soft, hard);
			text += n;
		}
	}
	if (!own)
		recipe->error = -ENOMEM;
}

static int seccomp(const struct native_process *process, struct recipe *recipe,
		   struct exd_plan *plan, struct exd_error *err)
{
	struct native_filter filter;
	int r, fd;

	if (!process->seccomp)
		return 0;
	if (!plan) {
		recipe_line(recipe, "seccomp %s", process->profile ? "profile" : "default");
		return 0;
	}
	r = native_filter_read(process, exd_plan_root_fd(plan), false, &filter, err);
	if (r == 0 && filter.notifies)
		r = exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
				  "driver lxc does not support SCMP_ACT_NOTIFY: the driver native "
				  "does");
	if (r == 0) {
		fd = memfd_sealed("seccomp", filter.program, filter.count * sizeof(*filter.program),
				  false);
		if (fd < 0)
			r = exd_error_set(err, EXD_ERR_SECCOMP, -fd, "cannot make a memory file");
		else
			recipe_line(recipe, "seccomp %d %x",
				    recipe_slot(recipe,
						exd_plan_fd_consume(plan, fd, EXD_FD_KEEP)),
				    filter.flags);
	}
	native_filter_release(&filter);
	return r;
}

/* The filter is loaded while CAP_SYS_ADMIN is still there: without no_new_privs the kernel asks. */
static int rights(const struct native_process *process, struct recipe *recipe,
		  struct exd_plan *plan, struct exd_error *err)
{
	const struct native_user *user = process->user;
	cleanup_strbuf struct strbuf groups = {0};
	int r;

	recipe_line(recipe, "bounding %" PRIx64, process->caps);
	(void)sb_add(&groups, "groups ");
	for (size_t i = 0; i < user->group_count; i++)
		(void)sb_addf(&groups, "%s%u", i ? " " : "", user->groups[i]);
	if (groups.error)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "groups");
	recipe_line(recipe, "%s", groups.text);
	if (process->no_new_privs)
		recipe_line(recipe, "no-new-privs");
	r = seccomp(process, recipe, plan, err);
	recipe_line(recipe, "ids %u %u", user->uid, user->gid);
	recipe_line(recipe, "caps %" PRIx64, user->uid == 0 ? process->caps : 0);
	return r;
}

int lxc_process_words(const struct native_process *process, struct recipe *recipe,
		      struct exd_plan *plan, struct exd_error *err)
{
	const struct exd_command *command = process->command;
	cleanup_free char **env =
		native_environment(command, process->user->home, process->hostname);
	size_t count = exd_command_count(command, EXD_KEY_ARGS);
	int r;

	if (!env)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "environment");
	recipe_line(recipe, "keyring");
	rlimits(process, recipe);
	recipe_line(recipe, "umask %o", (unsigned int)process->umask);
	r = rights(process, recipe, plan, err);
	if (r < 0)
		return r;
	recipe_line(recipe, "chdir %s", process->cwd);
	if (process->init)
		recipe_line(recipe, "small-init");
	for (size_t i = 0; env[i]; i++)
		recipe_line(recipe, "env %s", env[i]);
	for (size_t i = 0; i < count; i++)
		recipe_line(recipe, "arg %s", exd_command_item(command, EXD_KEY_ARGS, i));
	recipe_line(recipe, "exec");
	return 0;
}

void lxc_tty_words(const struct exd_command *command, const struct native_user *user, bool console,
		   struct recipe *recipe)
{
	unsigned int rows = 0, columns = 0;

	if (!exd_command_bool(command, EXD_KEY_TTY))
		return;
	if (sscanf(exd_command_string(command, EXD_KEY_TTY_SIZE, ""), "%ux%u", &rows, &columns) !=
	    2)
		rows = columns = 0;
	recipe_line(recipe, "tty %u %u %u %u", rows, columns, user->uid, TTY_GROUP);
	if (console)
		recipe_line(recipe, "console");
	recipe_line(recipe, "terminal");
}
