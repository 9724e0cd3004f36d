/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles a run: cgroups and the worker's surroundings by the plan, all else by its recipe. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "drivers/lxc/lxc.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup_layout.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/devices.h"

#define HOSTNAME_MAX 64
#define LABEL_SIZE 512

static int find_user(struct native_run *run)
{
	int r = native_user_find(&run->users, exd_command_string(run->command, EXD_KEY_USER, NULL),
				 &run->user, run->err);

	return r < 0 ? r
		     : native_user_add_groups(&run->users, run->command, &run->user, run->err);
}

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
	if (r == 0)
		r = native_mounts_read(base);
	if (r == 0)
		r = native_root_open(base);
	if (r == 0)
		r = native_root_users(base);
	if (r == 0)
		r = find_user(base);
	if (r == 0)
		r = native_devices_list(base->command, &base->devices, &base->device_count,
					base->err);
	return r < 0 ? r : native_masks_read(base);
}

void lxc_release(struct lxc_run *run)
{
	struct native_run *base = &run->base;

	(void)native_cgroups_free(base->cgroups);
	native_mounts_release(base);
	(void)native_devices_free(base->devices, base->device_count);
	native_user_release(&base->user);
	native_userdb_release(&base->users);
	cleanup_close_fn(&base->rootfs_fd);
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

static bool use_seccomp(const struct lxc_run *run)
{
	const struct exd_command *command = run->base.command;
	const char *otherwise = exd_command_bool(command, EXD_KEY_PRIVILEGED)
					? "unconfined"
					: run->lxc->native.seccomp;

	return strcmp(exd_command_string(command, EXD_KEY_SECCOMP, otherwise), "unconfined") != 0;
}

/* What lxc_exec() will need. */
static int write_notes(struct lxc_run *run, const struct native_process *process,
		       const char *label)
{
	struct exd_plan *plan = run->base.plan;
	cleanup_free char *rlimits = native_rlimits_text(run->base.command);
	cleanup_free char *groups = NULL;
	char text[128];
	int r = native_groups_text(&run->base.users, run->base.command, &groups, run->base.err);

	if (!rlimits)
		return exd_error_set(run->base.err, EXD_ERR_NO_MEMORY, ENOMEM, "rlimits");
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%" PRIx64, process->caps);
	(void)exd_plan_note(plan, "caps", text);
	(void)exd_plan_note(plan, "seccomp", process->seccomp ? "default" : "unconfined");
	(void)exd_plan_note(plan, "no_new_privs", process->no_new_privs ? "1" : "0");
	(void)snprintf(text, sizeof(text), "%o", (unsigned int)process->umask);
	(void)exd_plan_note(plan, "umask", text);
	(void)exd_plan_note(plan, "cwd", process->cwd);
	(void)exd_plan_note(plan, "user",
			    exd_command_string(run->base.command, EXD_KEY_USER, ""));
	(void)exd_plan_note(plan, "groups", groups);
	(void)exd_plan_note(plan, "hostname", run->base.hostname ? run->base.hostname : "");
	(void)exd_plan_note(plan, "rlimits", rlimits);
	(void)exd_plan_note(plan, "label", label);
	if (run->user_namespace)
		(void)exd_plan_note(plan, "user_namespace", "own");
	native_ns_describe(run->base.ns, text, sizeof(text));
	return exd_plan_note(plan, "namespaces", text);
}

static int process_words(struct lxc_run *run)
{
	const struct exd_command *command = run->base.command;
	struct native_process process = {
		.command = command,
		.user = &run->base.user,
		.caps = run->base.caps,
		.seccomp = use_seccomp(run),
		.no_new_privs = exd_command_bool(command, EXD_KEY_NO_NEW_PRIVILEGES),
		.init = exd_command_bool(command, EXD_KEY_INIT),
		.umask = (mode_t)exd_command_number(command, EXD_KEY_UMASK, NATIVE_UMASK),
		.cwd = exd_command_string(command, EXD_KEY_CWD, "/"),
		.hostname = run->base.hostname,
	};
	char label[LABEL_SIZE];
	int r = lxc_label(command, label, sizeof(label), run->base.err);

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

	if (!cgroup_layout_find(base->self->layout, "devices"))
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

/* Of its own namespace: the key, or the id; of the host's: what the host is called. */
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

static struct lxc_run fresh(const struct lxc *lxc, const struct exd_command *command,
			    struct exd_plan *plan, struct exd_error *err)
{
	return (struct lxc_run){.lxc = lxc,
				.base = {.self = &lxc->native,
					 .command = command,
					 .plan = plan,
					 .err = err,
					 .rootfs_fd = FD_NONE,
					 .root = -1,
					 .dev = -1,
					 .proc = -1,
					 .sys = -1,
					 .shm = -1}};
}

int lxc_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	    struct exd_error *err)
{
	struct lxc_run run = fresh(self, command, plan, err);
	char hostname[HOSTNAME_MAX + 1];
	int r, failed;

	find_hostname(&run.base, hostname, sizeof(hostname));
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
	struct lxc_run run = fresh(self, command, NULL, err);
	char hostname[HOSTNAME_MAX + 1];
	const char *line, *end;
	int r;

	find_hostname(&run.base, hostname, sizeof(hostname));
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
