/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of a launch that sends nothing: id, driver, plan. */
#include "core/launch.h"

#include <errno.h>

#include "core/command.h"
#include "core/config.h"
#include "core/log.h"
#include "core/record.h"

int launch_give_id(struct launch *l, struct exd_error *err)
{
	char id[ID_SIZE];
	int r;

	if (exd_command_is_set(l->command, EXD_KEY_ID))
		return 0;
	r = id_generate(id, err);
	if (r == 0)
		r = command_clone(&l->own, l->command, err);
	if (r == 0)
		r = exd_command_set_string(l->own, EXD_KEY_ID, id, err);
	if (r == 0)
		l->command = l->own;
	return r;
}

int launch_select_driver(const struct exd_engine *engine, const struct exd_record *record,
			 struct exd_plugin **out, struct exd_error *err)
{
	int r = plugin_select(engine->config, record ? record->driver : engine->driver, out, err);

	return r < 0 ? r : plugin_load(*out, err);
}

int launch_compile(struct launch *l, const struct exd_plugin *plugin, struct exd_error *err)
{
	const struct exd_driver *driver = &plugin->driver;
	int r;

	if (l->record)
		r = driver->exec(plugin->self, l->record, l->command, l->plan, err);
	else
		r = driver->run(plugin->self, l->command, l->plan, err);
	if (r >= 0)
		r = exd_plan_error(l->plan, err);
	for (size_t i = 0; i < plan_warning_count(l->plan); i++)
		engine_log(l->engine, EXD_LOG_WARNING, plugin->name,
			   exd_command_string(l->command, EXD_KEY_ID, l->id), "%s",
			   plan_warning(l->plan, i));
	return r < 0 ? r : 0;
}
