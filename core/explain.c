/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run would do, without doing it: the same driver call and the same plan. */
#include <fcntl.h>

#include "base/cleanup.h"
#include "core/command.h"
#include "core/launch.h"
#include "core/plan.h"
#include "core/plugin.h"

static int compile(struct launch *l, const struct exd_plugin *plugin, int null,
		   struct exd_error *err)
{
	int r = plan_new(&l->plan, l->engine->root_fd, l->command, err);

	if (r == 0 && !exd_command_bool(l->command, EXD_KEY_TTY))
		r = plan_set_stdio(l->plan, null, null, null, err);
	return r < 0 ? r : launch_compile(l, plugin, err);
}

static int print(const struct launch *l, const struct exd_plugin *plugin, struct exd_report *report,
		 struct exd_error *err)
{
	int r = 0;

	if (plugin->driver.explain)
		r = plugin->driver.explain(plugin->self, l->command, report, err);
	return r < 0 ? r : plan_print(l->plan, report, err);
}

int exd_explain(struct exd_engine *engine, const struct exd_command *command,
		struct exd_report *report, uint64_t *hash, struct exd_error *err)
{
	struct launch l = {.engine = engine, .command = command};
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct exd_plugin *plugin;
	int r = command_check(command, false, err);

	if (r == 0)
		r = launch_give_id(&l, err);
	if (r == 0)
		r = launch_select_driver(engine, NULL, &plugin, err);
	if (r == 0)
		r = compile(&l, plugin, null, err);
	if (r == 0)
		r = plan_seal(l.plan, NULL, hash, err);
	if (r == 0)
		r = print(&l, plugin, report, err);
	plan_free(l.plan);
	exd_command_free(l.own);
	return r;
}
