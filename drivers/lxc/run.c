/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles a run: cgroups and the worker's surroundings by the plan, all else by its recipe. */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "drivers/lxc/lxc.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup_devices.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/devices.h"

#define LABEL_SIZE 512

static int read_namespaces(struct native_run *run)
{
	if (run->plan)
		return native_ns_read(run->command, run->plan, run->ns, run->err);
	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		int mode = native_ns_mode(run->command, i, run->err);

		if (mode < 0)
			return mode;
		run->ns[i] = (struct native_ns){.mode = mode, .slot = -1};
	}
	return 0;
}

int lxc_read(struct lxc_run *run)
{
	struct native_run *base = &run->base;
	int r = lxc_check(base->command, base->err);

	run->user_namespace = exd_command_count(base->command, EXD_KEY_UID_MAP) > 0;
	base->root_uid = lxc_outside(base->command, EXD_KEY_UID_MAP);
	base->root_gid = lxc_outside(base->command, EXD_KEY_GID_MAP);
	if (r == 0)
		r = read_namespaces(base);
	return r < 0 ? r : native_run_read(base);
}

void lxc_release(struct lxc_run *run)
{
	native_run_release(&run->base);
	recipe_release(&run->recipe);
}

/* Its own thread moves into the cgroups, the worker never does: it is not the container's. */
static void cgroup_words(struct lxc_run *run)
{
	const struct native_cgroups *cgroups = run->base.cgroups;
	const struct native_ns *ns = &run->base.ns[NATIVE_NS_CGROUP];
	struct exd_plan *plan = run->base.plan;
	int slot;

	for (size_t i = 0; i < cgroups->count; i++) {
		const struct native_cgroup *cgroup = &cgroups->list[i];

		slot = cgroup->join;
		if (slot < 0) {
			slot = exd_plan_slot(plan);
			(void)exd_plan_open(plan, EXD_PREPARE, cgroup->leaf, slot, "cgroup.procs",
					    O_WRONLY);
		}
		recipe_line(&run->recipe, "cgroup %d", recipe_slot(&run->recipe, slot));
	}
	slot = ns->slot;
	if (ns->mode == NATIVE_NS_HOST)
		slot = exd_plan_namespace(plan, "path:/proc/self/ns/cgroup", "cgroup");
	if (ns->mode == NATIVE_NS_OWN)
		recipe_line(&run->recipe, "cgroup-namespace");
	else
		recipe_line(&run->recipe, "cgroup-namespace %d", recipe_slot(&run->recipe, slot));
}

/* What lxc_exec() will need. */
static int write_notes(struct lxc_run *run, const struct native_process *process,
		       const char *label)
{
	struct exd_plan *plan = run->base.plan;

	(void)exd_plan_note(plan, "label", label);
	if (run->user_namespace)
		(void)exd_plan_note(plan, "user_namespace", "own");
	return native_run_note(&run->base, process);
}

static int process_words(struct lxc_run *run)
{
	const struct exd_command *command = run->base.command;
	struct native_process process = native_run_process(&run->base);
	char label[LABEL_SIZE];
	int r = native_label_read(command, label, sizeof(label), run->base.err);

	if (r < 0)
		return r;
	if (run->base.plan && exd_plan_wants_park(run->base.plan))
		recipe_line(&run->recipe, "park");
	lxc_tty_words(command, &run->base.user, !native_mounts_cover(&run->base, "/dev"),
		      &run->recipe);
	if (exd_command_bool(command, EXD_KEY_ROOTFS_READONLY))
		recipe_line(&run->recipe, "attr %x /", MOUNT_ATTR_RDONLY);
	if (*label)
		recipe_line(&run->recipe, "label %s", label);
	r = lxc_process_words(&process, &run->recipe, run->base.plan, run->base.err);
	return r < 0 || !run->base.plan ? r : write_notes(run, &process, label);
}

/* By the state directory too, so that equal ids of different roots have sockets of their own. */
static void name_words(struct lxc_run *run)
{
	const char *id = exd_command_string(run->base.command, EXD_KEY_ID, "box");
	struct stat st = {0};
	char *path = run->path;
	int root = exd_plan_root_fd(run->base.plan);

	if (root >= 0)
		(void)fstat(root, &st);
	(void)snprintf(path, sizeof(run->path), LXC_SCRATCH "/box/%" PRIx64 "-%" PRIx64,
		       (uint64_t)st.st_dev, (uint64_t)st.st_ino);
	recipe_line(&run->recipe, "name %s", id);
	recipe_line(&run->recipe, "path %s", path);
	recipe_line(&run->recipe, "init %s", run->lxc->init);
	(void)exd_plan_note(run->base.plan, "path", path);
}

static int read_caps(struct native_run *base)
{
	uint64_t basics = native_caps_default();

	if (!cgroup_devices_ruled(base->self->layout))
		basics &= ~(UINT64_C(1) << CAP_MKNOD);
	return native_caps_read(base->command, basics, &base->caps, base->err);
}

static int compile(struct lxc_run *run)
{
	struct native_run *base = &run->base;
	int r = lxc_read(run);

	if (r == 0)
		r = native_cgroups_plan(&run->lxc->native, base->command, base->plan,
					&base->cgroups, base->err);
	if (r == 0)
		r = read_caps(base);
	if (r == 0)
		r = native_devices_judge(base);
	if (r < 0)
		return r;
	name_words(run);
	r = lxc_config(run);
	if (r < 0)
		return r;
	cgroup_words(run);
	(void)lxc_root_words(run);
	r = process_words(run);
	if (r == 0)
		r = lxc_root_plan(run);
	return r < 0 ? r : recipe_plan(&run->recipe, run->lxc, base->plan, base->err);
}

static void begin(struct lxc_run *run, const struct lxc *lxc, const struct exd_command *command,
		  struct exd_error *err)
{
	*run = (struct lxc_run){.lxc = lxc};
	native_run_begin(&run->base, &lxc->native, command, err);
}

int lxc_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	    struct exd_error *err)
{
	struct lxc_run run;
	int r, failed;

	begin(&run, self, command, err);
	run.base.plan = plan;
	r = compile(&run);
	/* the first failure of a building call says more than what came of it */
	failed = exd_plan_error(plan, err);
	lxc_release(&run);
	return failed < 0 ? failed : r;
}

static int explain_line(struct exd_report *report, const char *line)
{
	bool set = strncmp(line, "set ", strlen("set ")) == 0;

	return exd_report_add(report, EXD_REPORT_INFO, set ? "lxc" : "first process", "", "%s",
			      set ? line + strlen("set ") : line);
}

/* The configuration as liblxc will see it; a namespace to join has a number only in a plan. */
int lxc_explain(void *self, const struct exd_command *command, struct exd_report *report,
		struct exd_error *err)
{
	struct lxc_run run;
	const char *line, *end;
	int r;

	begin(&run, self, command, err);
	r = lxc_read(&run);
	if (r == 0)
		r = read_caps(&run.base);
	if (r == 0)
		r = lxc_config(&run);
	if (r == 0)
		r = lxc_root_words(&run);
	if (r == 0)
		r = process_words(&run);
	line = run.recipe.text.text;
	end = line + run.recipe.text.size;
	for (; r == 0 && line < end; line += strlen(line) + 1)
		r = explain_line(report, line);
	lxc_release(&run);
	return r;
}
