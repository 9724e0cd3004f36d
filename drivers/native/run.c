/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles a run: the whole order of a container's birth can be read here. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/devices.h"
#include "drivers/native/mounts.h"
#include "drivers/native/native.h"
#include "drivers/native/process.h"
#include "drivers/native/sysctl.h"

#define HOSTNAME_MAX 64

static bool use_seccomp(const struct native_run *run)
{
	const char *otherwise = exd_command_bool(run->command, EXD_KEY_PRIVILEGED)
					? "unconfined"
					: run->self->seccomp;

	return strcmp(exd_command_string(run->command, EXD_KEY_SECCOMP, otherwise), "unconfined") !=
	       0;
}

static int find_user(struct native_run *run)
{
	int r = native_user_find(&run->users, exd_command_string(run->command, EXD_KEY_USER, NULL),
				 &run->user, run->err);

	return r < 0 ? r
		     : native_user_add_groups(&run->users, run->command, &run->user, run->err);
}

/* What everything else depends on; no step is added yet but slots of namespaces to join. */
static int read_all(struct native_run *run)
{
	int r = native_check(run->command, run->err);

	if (r == 0)
		r = native_ns_read(run->command, run->plan, run->ns, run->err);
	if (r == 0)
		r = native_mounts_read(run);
	if (r == 0)
		r = native_root_open(run);
	if (r == 0)
		r = native_root_users(run);
	if (r == 0)
		r = find_user(run);
	if (r == 0)
		r = native_devices_list(run->command, &run->devices, &run->device_count, run->err);
	if (r == 0)
		r = native_masks_read(run);
	return r;
}

static int read_caps(struct native_run *run)
{
	uint64_t basics = native_caps_default();

	if (!native_cgroups_guard_devices(run->cgroups))
		basics &= ~(UINT64_C(1) << CAP_MKNOD);
	return native_caps_read(run->command, basics, &run->caps, run->err);
}

static void plan_birth(struct native_run *run)
{
	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	(void)exd_plan_birth(run->plan, native_ns_birth_flags(run->ns), run->ns[NATIVE_NS_PID].slot,
			     native_cgroups_birth_slot(run->cgroups));
	exd_plan_blame(run->plan, EXD_ERR_CGROUP, 0);
	native_cgroups_join(run->cgroups, run->plan);
	native_ns_join(run->ns, run->plan);
}

/* The cgroup namespace begins here, after the joins: its root is where the process then is. */
static void plan_unshare(struct native_run *run)
{
	uint64_t flags = 0;

	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	(void)exd_plan_setsid(run->plan);
	if (run->ns[NATIVE_NS_MNT].mode == NATIVE_NS_OWN)
		flags |= CLONE_NEWNS;
	if (run->ns[NATIVE_NS_CGROUP].mode == NATIVE_NS_OWN)
		flags |= CLONE_NEWCGROUP;
	if (flags)
		(void)exd_plan_unshare(run->plan, flags);
}

static void plan_names(struct native_run *run)
{
	const char *domain = exd_command_string(run->command, EXD_KEY_DOMAINNAME, NULL);

	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	if (run->ns[NATIVE_NS_UTS].mode == NATIVE_NS_OWN && run->hostname)
		(void)exd_plan_hostname(run->plan, run->hostname);
	if (domain)
		(void)exd_plan_domainname(run->plan, domain);
	exd_plan_blame(run->plan, EXD_ERR_NETWORK, 0);
	if (run->ns[NATIVE_NS_NET].mode == NATIVE_NS_OWN)
		(void)exd_plan_loopback_up(run->plan);
}

/*
 * Before the command's own mounts, which could be in the way; a detached procfs when none of ours
 * is mounted.
 */
static int plan_settings(struct native_run *run)
{
	bool score = exd_command_is_set(run->command, EXD_KEY_OOM_SCORE_ADJ);
	int proc = run->proc, r;
	char value[24];

	if (!score && exd_command_count(run->command, EXD_KEY_SYSCTLS) == 0)
		return 0;
	if (proc < 0) {
		proc = exd_plan_slot(run->plan);
		exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
		(void)exd_plan_fs(run->plan, proc, "proc", "", 0);
	}
	r = native_sysctl_plan(run->command, run->ns, run->plan, proc, run->err);
	if (r < 0 || !score)
		return r;
	(void)snprintf(value, sizeof(value), "%" PRId64,
		       exd_command_number(run->command, EXD_KEY_OOM_SCORE_ADJ, 0));
	exd_plan_blame(run->plan, EXD_ERR_SYSTEM, 0);
	(void)exd_plan_proc_write(run->plan, proc, "oom_score_adj", value);
	return 0;
}

static int plan_trees(struct native_run *run)
{
	int r;

	if (run->ns[NATIVE_NS_MNT].mode != NATIVE_NS_OWN)
		return 0;
	r = native_root_trees(run);
	if (r == 0)
		r = native_mounts_trees(run);
	if (r == 0)
		r = native_masks_trees(run);
	return r;
}

static int plan_mounts(struct native_run *run)
{
	int r;

	if (run->ns[NATIVE_NS_MNT].mode != NATIVE_NS_OWN)
		return plan_settings(run);
	r = native_root_attach(run);
	if (r < 0)
		return r;
	native_mounts_default(run);
	native_devices_make(run);
	r = plan_settings(run);
	if (r == 0)
		r = native_mounts_own(run);
	if (r == 0)
		native_masks_apply(run);
	return r;
}

/*
 * The console is a clone of the slave's own mount, so no path in the container decides what it is.
 */
static void plan_console(struct native_run *run, int tty)
{
	int slot = exd_plan_slot(run->plan);
	const char *rest;
	int place = native_place(run, "/dev/console", &rest);

	(void)exd_plan_tree(run->plan, tty, slot, false);
	(void)exd_plan_attach(run->plan, slot, place, rest, EXD_ATTACH_MAKE_FILE);
}

/*
 * With the mount namespace of others the terminal comes from there, through the root as it is after
 * the join.
 */
static int foreign_root(struct native_run *run)
{
	int slot = exd_plan_slot(run->plan);

	exd_plan_blame(run->plan, EXD_ERR_TTY, 0);
	(void)exd_plan_open(run->plan, EXD_CHILD, -1, slot, "/", O_PATH | O_DIRECTORY);
	return slot;
}

static void plan_stdio(struct native_run *run)
{
	bool own = run->ns[NATIVE_NS_MNT].mode == NATIVE_NS_OWN;
	bool tty = exd_command_bool(run->command, EXD_KEY_TTY);
	const char *devpts = "dev/pts";
	int root = -1, slot;

	if (tty)
		root = own ? native_place(run, "/dev/pts", &devpts) : foreign_root(run);
	slot = native_stdio_plan(run->command, &run->user, run->plan, root, devpts);
	if (own && slot >= 0)
		plan_console(run, slot);
	if (own)
		native_root_finish(run);
	native_stdio_finish(run->plan, slot);
}

/* What native_exec() will need. */
static int write_notes(struct native_run *run, const struct native_process *process)
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
	(void)exd_plan_note(run->plan, "seccomp", process->seccomp ? "default" : "unconfined");
	(void)exd_plan_note(run->plan, "no_new_privs", process->no_new_privs ? "1" : "0");
	(void)snprintf(text, sizeof(text), "%o", (unsigned int)process->umask);
	(void)exd_plan_note(run->plan, "umask", text);
	(void)exd_plan_note(run->plan, "cwd", process->cwd);
	(void)exd_plan_note(run->plan, "user", exd_command_string(run->command, EXD_KEY_USER, ""));
	(void)exd_plan_note(run->plan, "groups", groups);
	(void)exd_plan_note(run->plan, "hostname", run->hostname ? run->hostname : "");
	(void)exd_plan_note(run->plan, "rlimits", rlimits);
	native_ns_describe(run->ns, text, sizeof(text));
	return exd_plan_note(run->plan, "namespaces", text);
}

static int plan_process(struct native_run *run)
{
	struct native_process process = {
		.command = run->command,
		.user = &run->user,
		.caps = run->caps,
		.seccomp = use_seccomp(run),
		.no_new_privs = exd_command_bool(run->command, EXD_KEY_NO_NEW_PRIVILEGES),
		.init = exd_command_bool(run->command, EXD_KEY_INIT),
		.umask = (mode_t)exd_command_number(run->command, EXD_KEY_UMASK, NATIVE_UMASK),
		.cwd = exd_command_string(run->command, EXD_KEY_CWD, "/"),
		.hostname = run->hostname,
	};
	int r = native_process_plan(&process, run->plan, run->err);

	return r < 0 ? r : write_notes(run, &process);
}

static int compile(struct native_run *run)
{
	int r = read_all(run);

	if (r == 0)
		r = native_cgroups_plan(run->self, run->command, run->plan, &run->cgroups,
					run->err);
	if (r == 0)
		r = read_caps(run);
	if (r == 0)
		r = native_devices_judge(run);
	if (r < 0)
		return r;
	plan_birth(run);
	r = plan_trees(run);
	if (r < 0)
		return r;
	plan_unshare(run);
	plan_names(run);
	r = plan_mounts(run);
	if (r < 0)
		return r;
	if (exd_plan_wants_park(run->plan))
		(void)exd_plan_park(run->plan);
	plan_stdio(run);
	return plan_process(run);
}

/*
 * Of its own namespace: the key, or the id; of the host's: what the host is called; of a joined
 * one: not known.
 */
static void find_hostname(struct native_run *run, char *buffer, size_t size)
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
	(void)snprintf(buffer, size, "%s", name);
	run->hostname = buffer;
}

int native_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	       struct exd_error *err)
{
	struct native_run run = {
		.self = self,
		.command = command,
		.plan = plan,
		.err = err,
		.rootfs_fd = FD_NONE,
		.root = -1,
		.dev = -1,
		.proc = -1,
		.sys = -1,
		.shm = -1,
	};
	char hostname[HOSTNAME_MAX + 1];
	int r, failed;

	find_hostname(&run, hostname, sizeof(hostname));
	r = compile(&run);
	/* the first failure of a building call says more than what came of it */
	failed = exd_plan_error(plan, err);
	(void)native_cgroups_free(run.cgroups);
	native_mounts_release(&run);
	(void)native_devices_free(run.devices, run.device_count);
	native_user_release(&run.user);
	native_userdb_release(&run.users);
	cleanup_close_fn(&run.rootfs_fd);
	return failed < 0 ? failed : r;
}
