/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start that was cut short has made outside the state directory. */
#include "core/claim.h"

#include <string.h>

#include "base/cgroupfs.h"
#include "core/engine.h"
#include "core/plugin.h"
#include "core/record.h"

/* Cgroups of the same name with processes in them are another root's container. */
static bool holds_processes(struct exd_record *record)
{
	const char *controllers, *mount, *path;
	char first[256];

	for (size_t i = 0; exd_record_cgroup(record, i, &controllers, &mount, &path); i++) {
		size_t size = strcspn(controllers, ",");
		int dir;

		if (size >= sizeof(first))
			return true;
		memcpy(first, controllers, size);
		first[size] = '\0';
		dir = exd_record_cgroup_fd(record, first);
		if (dir >= 0 && cgroup_pids(dir, NULL, 0) > 0)
			return true;
	}
	return false;
}

int claim_clean(struct exd_engine *engine, struct exd_record *record, struct exd_error *err)
{
	struct exd_plugin *plugin = NULL;
	bool made = false;
	int r = record_load_claim(record, &made, NULL);

	if (cannot_tell(r))
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot read what the start of '%s' has made", record->dir.id);
	if (r < 0 || (!made && holds_processes(record)))
		return 0;
	r = plugin_select(engine->config, record->driver, &plugin, err);
	if (r >= 0 && made)
		r = plugin->driver.terminate(plugin->self, record, err);
	return r < 0 ? r : plugin->driver.clean(plugin->self, record, err);
}
