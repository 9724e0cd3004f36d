/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run is before it becomes steps: the same for every driver that reads a command as native. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/devices.h"
#include "drivers/native/mounts.h"
#include "drivers/native/native.h"
#include "drivers/native/overlay_root.h"
#include "drivers/native/process.h"
#include "drivers/native/seccomp_choice.h"

/*
 * Of its own namespace: the key, or the id; of the host's: what the host is called; of a joined
 * one: not known.
 */
static void find_hostname(struct native_run *run)
{
	int mode = native_ns_mode(run->command, NATIVE_NS_UTS, NULL);
	const char *name = NULL;
	struct utsname host;

	if (mode == NATIVE_NS_OWN)
		name = exd_command_string(run->command, EXD_KEY_HOSTNAME,
					  exd_command_string(run->command, EXD_KEY_ID, NULL));
	else if (mode == NATIVE_NS_HOST && uname(&host) == 0)
		name = host.nodename;
	if (!name)
		return;
	(void)snprintf(run->hostname_text, sizeof(run->hostname_text), "%s", name);
	run->hostname = run->hostname_text;
}

void native_run_begin(struct native_run *run, const struct native *self,
		      const struct exd_command *command, struct exd_error *err)
{
	*run = (struct native_run){
		.self = self,
		.command = command,
		.err = err,
		.rootfs_fd = FD_NONE,
		.root = -1,
		.dev = -1,
		.proc = -1,
		.sys = -1,
		.shm = -1,
		.host_proc_tree = -1,
		.host_sys_tree = -1,
		.host_mqueue_tree = -1,
		.userns = {.mode = NATIVE_NS_HOST, .slot = -1},
	};
	find_hostname(run);
}

static int find_user(struct native_run *run)
{
	int r = native_user_find(&run->users, exd_command_string(run->command, EXD_KEY_USER, NULL),
				 &run->user, run->err);

	return r < 0 ? r
		     : native_user_add_groups(&run->users, run->command, &run->user, run->err);
}

static int read_seccomp(struct native_run *run)
{
	const char *otherwise = exd_command_bool(run->command, EXD_KEY_PRIVILEGED)
					? "unconfined"
					: run->self->seccomp;

	run->seccomp = exd_command_string(run->command, EXD_KEY_SECCOMP, otherwise);
	return native_seccomp_read(run->seccomp, &run->profile, run->err);
}

static int read_landlock(struct native_run *run)
{
	if (exd_command_count(run->command, EXD_KEY_LANDLOCK) == 0)
		return 0;
	run->landlock = native_landlock_text(run->command);
	return run->landlock ? 0 : exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "landlock");
}

int native_run_read(struct native_run *run)
{
	int r = native_mounts_read(run);

	if (r == 0)
		r = read_seccomp(run);
	if (r == 0)
		r = read_landlock(run);
	if (r == 0)
		r = native_root_open(run);
	if (r == 0)
		r = native_root_users(run);
	if (r == 0)
		r = find_user(run);
	if (r == 0)
		r = native_devices_list(run->command, &run->devices, &run->device_count, run->err);
	return r < 0 ? r : native_masks_read(run);
}

void native_run_release(struct native_run *run)
{
	(void)native_cgroups_free(run->cgroups);
	native_mounts_release(run);
	(void)native_devices_free(run->devices, run->device_count);
	native_user_release(&run->user);
	native_userns_release(&run->userns);
	native_userdb_release(&run->users);
	free(run->landlock);
	free(run->profile);
	native_overlay_release(run);
	cleanup_close_fn(&run->rootfs_fd);
}

struct native_process native_run_process(const struct native_run *run)
{
	return (struct native_process){
		.command = run->command,
		.user = &run->user,
		.caps = run->caps,
		.seccomp = strcmp(run->seccomp, "unconfined") != 0,
		.box_id = exd_command_string(run->command, EXD_KEY_ID, ""),
		.profile = run->profile,
		.profile_name = run->profile && run->seccomp[0] != '{' ? run->seccomp
								       : "of the command",
		.listener = exd_command_string(run->command, EXD_KEY_SECCOMP_LISTENER, NULL),
		.no_new_privs = exd_command_bool(run->command, EXD_KEY_NO_NEW_PRIVILEGES),
		.init = exd_command_bool(run->command, EXD_KEY_INIT),
		.umask = (mode_t)exd_command_number(run->command, EXD_KEY_UMASK, NATIVE_UMASK),
		.cwd = exd_command_string(run->command, EXD_KEY_CWD, "/"),
		.hostname = run->hostname,
		.personality = exd_command_string(run->command, EXD_KEY_PERSONALITY, NULL),
		.landlock = run->landlock,
		.best_effort = exd_command_bool(run->command, EXD_KEY_BEST_EFFORT),
		.keep_groups = run->userns.no_groups,
	};
}

static void note_if(struct exd_plan *plan, const char *name, const char *value)
{
	if (value)
		(void)exd_plan_note(plan, name, value);
}

int native_run_note(struct native_run *run, const struct native_process *process)
{
	cleanup_free char *rlimits = native_rlimits_text(run->command);
	cleanup_free char *groups = NULL;
	char text[128];
	int r = native_groups_text(&run->users, run->command, &groups, run->err);

	if (!rlimits)
		return exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "rlimits");
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%" PRIx64, process->caps);
	(void)exd_plan_note(run->plan, "caps", text);
	(void)exd_plan_note(run->plan, "seccomp",
			    process->profile   ? "profile"
			    : process->seccomp ? "default"
					       : "unconfined");
	note_if(run->plan, "seccomp_profile", process->profile);
	note_if(run->plan, "seccomp_listener", process->listener);
	(void)exd_plan_note(run->plan, "no_new_privs", process->no_new_privs ? "1" : "0");
	(void)snprintf(text, sizeof(text), "%o", (unsigned int)process->umask);
	(void)exd_plan_note(run->plan, "umask", text);
	if (exd_command_bool(run->command, EXD_KEY_NO_PIVOT))
		(void)exd_plan_note(run->plan, "no_pivot", "1");
	(void)exd_plan_note(run->plan, "cwd", process->cwd);
	(void)exd_plan_note(run->plan, "user", exd_command_string(run->command, EXD_KEY_USER, ""));
	(void)exd_plan_note(run->plan, "groups", groups);
	(void)exd_plan_note(run->plan, "hostname", run->hostname ? run->hostname : "");
	(void)exd_plan_note(run->plan, "rlimits", rlimits);
	note_if(run->plan, "personality", process->personality);
	note_if(run->plan, "landlock", process->landlock);
	note_if(run->plan, "best_effort", process->best_effort ? "1" : NULL);
	note_if(run->plan, "exec_cpu_affinity",
		exd_command_string(run->command, EXD_KEY_EXEC_CPU_AFFINITY, NULL));
	native_userns_note(run);
	native_ns_describe(run->ns, text, sizeof(text));
	return exd_plan_note(run->plan, "namespaces", text);
}
