/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles a run: the whole order of a container's birth can be read here. */

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_devices.h"
#include "drivers/native/devices.h"
#include "drivers/native/mounts.h"
#include "drivers/native/native.h"
#include "drivers/native/process.h"
#include "drivers/native/sysctl.h"
#include "drivers/native/time.h"

/* What everything else depends on; no step is added yet but slots of namespaces to join. */
static int read_all(struct native_run *run)
{
	int r = native_check(run->command, run->err);

	if (r == 0)
		r = native_userns_read(run->command, &run->userns, run->err);
	if (r == 0)
		r = native_ns_read(run->command, run->plan, run->ns, run->err);
	if (r == 0)
		r = native_run_read(run);
	return r < 0 ? r : native_userns_check_user(run);
}

static int read_caps(struct native_run *run)
{
	uint64_t basics = native_caps_default();

	if (!cgroup_devices_ruled(run->self->layout))
		basics &= ~(UINT64_C(1) << CAP_MKNOD);
	return native_caps_read(run->command, basics, &run->caps, run->err);
}

/*
 * In a user namespace the own ones are made there, to belong to it. Root joins others and clones
 * mounts before it goes in, an ordinary user has rights to that only inside.
 */
static int plan_birth(struct native_run *run)
{
	bool host = run->userns.mode == NATIVE_NS_HOST;
	bool outside = host || !run->userns.rootless;
	int r;

	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	(void)exd_plan_birth(run->plan, host ? native_ns_birth_flags(run->ns) : 0,
			     host ? run->ns[NATIVE_NS_PID].slot : -1,
			     native_cgroups_birth_slot(run->cgroups));
	exd_plan_blame(run->plan, EXD_ERR_CGROUP, 0);
	native_cgroups_join(run->cgroups, run->plan);
	r = native_userns_make(run);
	if (r == 0)
		r = native_userns_raise(run);
	if (r == 0 && outside)
		native_ns_join(run->ns, !host, run->plan);
	return r;
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

static void plan_network(struct native_run *run)
{
	exd_plan_blame(run->plan, EXD_ERR_NETWORK, 0);
	if (run->ns[NATIVE_NS_NET].mode == NATIVE_NS_OWN)
		(void)exd_plan_loopback_up(run->plan);
}

static void plan_names(struct native_run *run)
{
	const char *domain = exd_command_string(run->command, EXD_KEY_DOMAINNAME, NULL);

	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	if (run->ns[NATIVE_NS_UTS].mode == NATIVE_NS_OWN && run->hostname)
		(void)exd_plan_hostname(run->plan, run->hostname);
	if (domain)
		(void)exd_plan_domainname(run->plan, domain);
}

/*
 * Before the command's own mounts, which could be in the way; a detached procfs when none of ours
 * is mounted.
 */
static int plan_settings(struct native_run *run)
{
	/* in a user namespace it was set before that was entered: none may lower it there */
	bool score = run->userns.mode == NATIVE_NS_HOST &&
		     exd_command_is_set(run->command, EXD_KEY_OOM_SCORE_ADJ);
	bool clocks = run->ns[NATIVE_NS_TIME].mode == NATIVE_NS_OWN;
	char label[NATIVE_LABEL_SIZE], value[24];
	int proc = run->proc;
	int r = native_label_read(run->command, label, sizeof(label), run->err);

	if (r < 0 || (!score && !clocks && !*label &&
		      exd_command_count(run->command, EXD_KEY_SYSCTLS) == 0))
		return r;
	if (proc < 0) {
		proc = exd_plan_slot(run->plan);
		exd_plan_blame(run->plan, EXD_ERR_MOUNT, 0);
		(void)exd_plan_fs(run->plan, proc, "proc", "", 0);
	}
	r = native_sysctl_plan(run->command, run->ns, run->plan, proc, run->err);
	if (r == 0 && *label) {
		native_label_plan(label, run->plan, proc);
		(void)exd_plan_note(run->plan, "label", label);
	}
	if (r == 0 && clocks)
		r = native_time_plan(run->command, run->plan, proc, run->err);
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
		r = native_shared_trees(run);
	if (r == 0)
		r = native_devices_trees(run);
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

/*
 * A box that waits must keep nothing of the host's, nor of another container's, in use, and has no
 * line but the one to the monitor, and no state directory for an upper one.
 */
static bool can_be_warm(const struct native_run *run)
{
	if (exd_plan_wants_park(run->plan) || exd_command_bool(run->command, EXD_KEY_TTY) ||
	    exd_command_bool(run->command, EXD_KEY_INIT) ||
	    /* who is asked is connected to for each start */
	    (run->profile && strstr(run->profile, "SCMP_ACT_NOTIFY")) ||
	    run->ns[NATIVE_NS_MNT].mode != NATIVE_NS_OWN || run->overlay ||
	    run->userns.mode != NATIVE_NS_HOST)
		return false;
	for (int i = 0; i < NATIVE_NS_KINDS; i++)
		if (run->ns[i].mode == NATIVE_NS_JOIN)
			return false;
	/* A copy would be of what lay there when it began to wait. */
	for (size_t i = 0; i < run->mount_count; i++)
		if (run->mounts[i].mount.flags & EXD_MOUNT_COPYUP)
			return false;
	return true;
}

/* What comes behind the cut depends on who the container is. */
static void plan_stdio(struct native_run *run)
{
	bool own = run->ns[NATIVE_NS_MNT].mode == NATIVE_NS_OWN;
	bool tty = exd_command_bool(run->command, EXD_KEY_TTY);
	bool grouped = native_userns_has_tty(&run->userns);
	const char *devpts = "dev/pts";
	int root = -1, slot;

	if (tty)
		root = own ? native_place(run, "/dev/pts", &devpts) : foreign_root(run);
	slot = native_stdio_plan(run->command, &run->user,
				 grouped ? NATIVE_TTY_GROUP : run->user.gid, run->plan, root,
				 devpts);
	if (own && slot >= 0)
		plan_console(run, slot);
	if (own)
		native_root_finish(run);
	if (can_be_warm(run))
		(void)exd_plan_warm(run->plan, run->self->warm);
	plan_names(run);
	native_stdio_finish(run->plan, slot);
}

static int plan_process(struct native_run *run)
{
	struct native_process process = native_run_process(run);
	int r = native_process_plan(&process, run->plan, run->err);

	return r < 0 ? r : native_run_note(run, &process);
}

static int compile(struct native_run *run)
{
	int r = read_all(run);
	bool inside = run->userns.rootless && run->userns.mode != NATIVE_NS_HOST;

	if (r == 0)
		r = native_cgroups_plan(run->self, run->command, run->plan, &run->cgroups,
					run->err);
	if (r == 0)
		r = read_caps(run);
	if (r == 0)
		r = native_root_judge(run);
	if (r == 0)
		r = native_devices_judge(run);
	if (r < 0)
		return r;
	r = plan_birth(run);
	if (r == 0 && !inside)
		r = plan_trees(run);
	if (r < 0)
		return r;
	native_userns_enter(run);
	plan_unshare(run);
	if (inside)
		r = plan_trees(run);
	if (r < 0)
		return r;
	plan_network(run);
	r = plan_mounts(run);
	if (r < 0)
		return r;
	if (exd_plan_wants_park(run->plan))
		(void)exd_plan_park(run->plan);
	plan_stdio(run);
	return plan_process(run);
}

int native_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	       struct exd_error *err)
{
	struct native_run run;
	int r, failed;

	native_run_begin(&run, self, command, err);
	run.plan = plan;
	r = compile(&run);
	/* the first failure of a building call says more than what came of it */
	failed = exd_plan_error(plan, err);
	native_run_release(&run);
	return failed < 0 ? failed : r;
}
