/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a monitor could not remove of a start that failed, or of a run that is over. */
#include "core/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/claim.h"
#include "core/engine.h"
#include "core/log.h"
#include "core/plugin.h"
#include "core/record.h"
#include "core/state.h"

/* By the time that this is asked the id may be another container's, which has begun or ended. */
static bool is_nobodys(struct exd_record *record)
{
	enum exd_status status;

	if (!record->json)
		return true;
	status = record_status(record);
	return !record->detached && (status == EXD_STATUS_STOPPED || status == EXD_STATUS_LOST);
}

static int clean(struct exd_engine *engine, struct exd_record *record, struct exd_error *err)
{
	struct exd_plugin *plugin = NULL;
	int r;

	if (!record->json)
		return claim_clean(engine, record, err);
	r = plugin_select(engine->config, record->driver, &plugin, err);
	if (r >= 0)
		r = plugin->driver.terminate(plugin->self, record, err);
	if (r >= 0)
		r = plugin->driver.clean(plugin->self, record, err);
	return r;
}

/* The root's lock: one whose lock can be had is not one that was made a moment ago. */
static int lock_it(struct exd_engine *engine, const char *id, struct state_dir *dir)
{
	cleanup_close int root_lock = state_root_lock(engine->root_fd, true, NULL);
	int r = root_lock < 0 ? root_lock : state_open(engine->root_fd, id, dir, NULL);

	return r < 0 ? r : state_try_lock(dir);
}

void leftover_remove(struct exd_engine *engine, const char *id)
{
	cleanup_state_dir struct state_dir dir = STATE_DIR_INIT;
	cleanup_record struct exd_record *record = NULL;
	struct exd_error error = EXD_ERROR_INIT;
	int r;

	if (faccessat(engine->root_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return;
	if (lock_it(engine, id, &dir) < 0 ||
	    record_load_dir(engine->root_fd, &dir, &record, &error) < 0 || !is_nobodys(record))
		return;
	r = clean(engine, record, &error);
	if (r >= 0)
		r = state_remove(engine->root_fd, id, &error);
	if (r < 0)
		engine_log(engine, EXD_LOG_WARNING, record->driver, id,
			   "something is left, for gc to remove: %s", error.text);
}
