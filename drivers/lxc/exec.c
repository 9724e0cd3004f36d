/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles a further process of a running container: a worker attaches it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mount.h>

#include "drivers/lxc/lxc.h"
#include "drivers/native/cgroup_slots.h"

/* liblxc keeps locks in its directory, and this worker's log is there. */
static void scratch(struct exd_plan *plan)
{
	int root = lxc_root_own(plan), slot = exd_plan_slot(plan);

	(void)exd_plan_mkdir(plan, root, LXC_SCRATCH, 0755, 0, 0);
	(void)exd_plan_fs(plan, slot, "tmpfs", "mode=755", MOUNT_ATTR_NOSUID);
	(void)exd_plan_attach(plan, slot, root, LXC_SCRATCH, EXD_ATTACH_EXISTING);
}

static int name_words(struct exd_record *record, struct recipe *recipe, struct exd_error *err)
{
	const char *path = exd_record_note(record, "path");

	if (exd_record_pidfd(record) < 0)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, 0, "container '%s' is not running",
				     exd_record_id(record));
	if (!path)
		return exd_error_set(err, EXD_ERR_STATE, 0,
				     "the record of container '%s' has no path of liblxc",
				     exd_record_id(record));
	recipe_line(recipe, "attach%s", exd_record_note(record, "user_namespace") ? " user" : "");
	recipe_line(recipe, "name %s", exd_record_id(record));
	recipe_line(recipe, "path %s", path);
	recipe_line(recipe, "set lxc.log.file=" LXC_SCRATCH "/log");
	recipe_line(recipe, "set lxc.log.level=ERROR");
	return 0;
}

static int cgroup_words(const struct lxc *lxc, struct exd_record *record, struct exd_plan *plan,
			struct recipe *recipe, struct exd_error *err)
{
	struct native_cgroups *cgroups = NULL;
	int r = native_cgroups_exec(&lxc->native, record, plan, &cgroups, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroups->list[i].join >= 0)
			recipe_line(recipe, "cgroup %d",
				    recipe_slot(recipe, cgroups->list[i].join));
	if (cgroups->birth >= 0)
		recipe_line(recipe, "cgroup dir %d", recipe_slot(recipe, cgroups->birth));
	(void)native_cgroups_free(cgroups);
	return 0;
}

static int compile(const struct lxc *lxc, struct exd_record *record,
		   struct native_process *process, struct exd_plan *plan, struct recipe *recipe,
		   struct exd_error *err)
{
	const struct exd_command *command = process->command;
	const char *label = exd_record_note(record, "label");
	int r = name_words(record, recipe, err);

	if (r == 0)
		r = cgroup_words(lxc, record, plan, recipe, err);
	if (r < 0)
		return r;
	if (exd_command_is_set(command, EXD_KEY_OOM_SCORE_ADJ))
		recipe_line(recipe, "score %" PRId64,
			    exd_command_number(command, EXD_KEY_OOM_SCORE_ADJ, 0));
	if (exd_plan_wants_park(plan))
		recipe_line(recipe, "park");
	lxc_tty_words(command, process->user, false, recipe);
	if (label && *label)
		recipe_line(recipe, "label %s", label);
	r = lxc_process_words(process, recipe, plan, err);
	if (r < 0)
		return r;
	scratch(plan);
	return recipe_plan(recipe, lxc, plan, err);
}

int lxc_exec(void *self, struct exd_record *record, const struct exd_command *command,
	     struct exd_plan *plan, struct exd_error *err)
{
	struct recipe recipe = {.count = 0};
	struct native_user user = {0};
	struct native_process process = {.command = command, .user = &user};
	int r = lxc_check_exec(command, err), failed;

	if (r == 0)
		r = native_exec_user(record, command, &user, err);
	if (r == 0)
		r = native_exec_process(record, command, &process, err);
	if (r == 0)
		r = compile(self, record, &process, plan, &recipe, err);
	failed = exd_plan_error(plan, err);
	recipe_release(&recipe);
	native_process_release(&process);
	native_user_release(&user);
	return failed < 0 ? failed : r;
}
