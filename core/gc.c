/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leftovers of crashes: found by locks that nobody holds, told of, and removed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "base/cgroupfs.h"
#include "base/cgroupmounts.h"
#include "base/cleanup.h"
#include "base/treeremove.h"
#include "base/wire.h"
#include "core/claim.h"
#include "core/engine.h"
#include "core/plugin.h"
#include "core/record.h"
#include "core/state_list.h"
#include "core/warm_left.h"

/* A monitor's directory as young as this may belong to one that is just being started. */
#define MONITOR_GRACE_S 5
#define MOUNT_LINE_MAX 4096
#define LEAF_WAIT_MS 50

struct gc {
	struct exd_engine *engine;
	bool dry_run;
	struct exd_report *report; /* may be NULL */
	int found;
};

/* One leftover. With err (its removal failed) the reason is the cure. */
static void tell(struct gc *gc, const char *topic, const char *what, const struct exd_error *err)
{
	const char *verb = gc->dry_run ? "to be removed" : "removed";

	gc->found++;
	if (!gc->report)
		return;
	if (err)
		(void)exd_report_add(gc->report, EXD_REPORT_NO, topic, err->text,
				     "%s, cannot be removed", what);
	else
		(void)exd_report_add(gc->report, EXD_REPORT_YES, topic, "", "%s, %s", what, verb);
}

/* ---- containers ------------------------------------------------------------------------------ */

static bool cgroups_left(const struct exd_record *record)
{
	for (size_t i = 0; i < record->cgroup_count; i++) {
		const struct record_cgroup *cgroup = &record->cgroups[i];
		const char *below = cgroup->path + strspn(cgroup->path, "/");
		cleanup_close int mount = open(cgroup->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

		/* What cannot be looked at must not be forgotten. */
		if (below[0] &&
		    ((mount < 0 && errno != ENOENT) ||
		     (mount >= 0 && (faccessat(mount, below, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
				     errno != ENOENT))))
			return true;
	}
	return false;
}

/* What it wrote to its root, which is removed when it has ended. */
static bool layer_left(const struct gc *gc, const char *id)
{
	char path[sizeof(((struct state_dir *)0)->id) + sizeof("/" WIRE_LAYER_DIR)];

	(void)snprintf(path, sizeof(path), "%s/" WIRE_LAYER_DIR, id);
	return faccessat(gc->engine->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int remove_layer(const struct gc *gc, const char *id, struct exd_error *err)
{
	cleanup_close int dir = openat(gc->engine->root_fd, id,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = dir < 0 ? -errno : -EAGAIN;

	while (r == -EAGAIN)
		r = tree_remove(dir, WIRE_LAYER_DIR, UINT_MAX);
	return r < 0 ? exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot remove what container '%s' wrote to its root", id)
		     : 0;
}

static int clean_outside(struct gc *gc, struct exd_record *record, struct exd_error *err)
{
	struct exd_plugin *plugin = NULL;
	int r = plugin_select(gc->engine->config, record->driver, &plugin, err);

	if (r >= 0)
		r = plugin->driver.terminate(plugin->self, record, err);
	if (r >= 0)
		r = plugin->driver.clean(plugin->self, record, err);
	return r;
}

/* The caller holds the lock; its init has ended and nobody supervises it. */
static void collect_ended(struct gc *gc, struct exd_record *record)
{
	struct exd_error err = EXD_ERROR_INIT;
	bool outside = cgroups_left(record), layer = layer_left(gc, record->dir.id);
	int r = 0;

	if (!outside && !layer && record->detached)
		return;
	if (!gc->dry_run && outside)
		r = clean_outside(gc, record, &err);
	if (!gc->dry_run && r >= 0 && layer)
		r = remove_layer(gc, record->dir.id, &err);
	if (!gc->dry_run && r >= 0 && !record->detached)
		r = state_remove(gc->engine->root_fd, record->dir.id, &err);
	else if (!gc->dry_run && r >= 0 && !record->ended)
		r = record_save_exit(record, &record->exit, &err);
	tell(gc, record->dir.id,
	     record->detached ? outside ? "cgroups of a container without monitor"
					: "files of a container without monitor"
			      : "foreground container without monitor",
	     r < 0 ? &err : NULL);
}

/* No state.json was written. The caller holds its lock. */
static void collect_cut(struct gc *gc, struct exd_record *record)
{
	struct exd_error err = EXD_ERROR_INIT;
	int r = gc->dry_run ? 0 : claim_clean(gc->engine, record, &err);

	if (!gc->dry_run && r >= 0)
		r = state_remove(gc->engine->root_fd, record->dir.id, &err);
	tell(gc, record->dir.id, "start that was cut short", r < 0 ? &err : NULL);
}

/* A directory without a usable record. The caller holds its lock. */
static void collect_broken(struct gc *gc, const char *id, const char *what)
{
	struct exd_error err = EXD_ERROR_INIT;
	int r = gc->dry_run ? 0 : state_remove(gc->engine->root_fd, id, &err);

	tell(gc, id, what, r < 0 ? &err : NULL);
}

/*
 * Takes the lock of a container nobody is at work with; the root's lock makes sure that one without
 * lock was not made a moment ago. Looking must not leave a file behind, so a lock that is not there
 * is made only when the leftover will be removed.
 */
static int lock_unsupervised(struct gc *gc, const char *id, struct state_dir *dir)
{
	cleanup_close int root_lock = state_root_lock(gc->engine->root_fd, true, NULL);
	int r = root_lock < 0 ? root_lock : state_open(gc->engine->root_fd, id, dir, NULL);

	if (r < 0)
		return r;
	if (gc->dry_run)
		return state_locked(dir) ? -EWOULDBLOCK : 0;
	return state_try_lock(dir);
}

static void collect_container(struct gc *gc, const char *id)
{
	cleanup_state_dir struct state_dir dir = STATE_DIR_INIT;
	cleanup_record struct exd_record *record = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	enum exd_status status;

	if (lock_unsupervised(gc, id, &dir) < 0)
		return;
	if (record_load_dir(gc->engine->root_fd, &dir, &record, &err) < 0) {
		if (err.sys_errno == EBADMSG)
			collect_broken(gc, id, "damaged record");
		return;
	}
	if (!record->json) {
		collect_cut(gc, record);
		return;
	}
	status = record_status(record);
	if (status == EXD_STATUS_STOPPED || status == EXD_STATUS_LOST)
		collect_ended(gc, record);
}

/* ---- monitors -------------------------------------------------------------------------------- */

static bool too_young(int dir)
{
	struct timespec now;
	struct stat st;

	return fstat(dir, &st) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0 ||
	       (now.tv_sec - st.st_mtim.tv_sec < MONITOR_GRACE_S &&
		faccessat(dir, "lock", F_OK, 0) < 0);
}

static int remove_monitor(int parent, int dir, const char *name, struct exd_error *err)
{
	if ((unlinkat(dir, "sock", 0) < 0 && errno != ENOENT) ||
	    (unlinkat(dir, "lock", 0) < 0 && errno != ENOENT) ||
	    (unlinkat(dir, "warm", 0) < 0 && errno != ENOENT) ||
	    (unlinkat(dir, "pid", 0) < 0 && errno != ENOENT) ||
	    unlinkat(parent, name, AT_REMOVEDIR) < 0)
		return exd_error_set(err, EXD_ERR_STATE, errno,
				     "cannot remove the directory .monitor/%s", name);
	return 0;
}

/* The cgroups that it went to when it was to outlive its host. */
static bool remove_leaf(const struct cgroup_mount *mount, void *arg)
{
	cleanup_close int parent = openat(mount->fd, CGROUP_OF_MONITORS,
					  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (parent < 0)
		return false;
	/* A process that was killed gives up its files before its cgroups. */
	(void)cgroup_remove(parent, arg, LEAF_WAIT_MS);
	(void)unlinkat(mount->fd, CGROUP_OF_MONITORS, AT_REMOVEDIR);
	return true;
}

static void remove_leaves(char *name)
{
	struct cgroup_visit visit = {.fn = remove_leaf, .arg = name};
	char text[MOUNT_LINE_MAX];

	cgroup_mounts_visit(&visit, text, sizeof(text));
}

/* The root's lock is held for each, so that none of them is being started. */
static void collect_monitor(struct gc *gc, int parent, char *name)
{
	cleanup_close int root_lock = state_root_lock(gc->engine->root_fd, true, NULL);
	cleanup_close int dir =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct exd_error err = EXD_ERROR_INIT;
	char topic[32];
	int r = 0;

	if (root_lock < 0 || dir < 0 || monitor_alive(gc->engine->root_fd, name) || too_young(dir))
		return;
	if (!gc->dry_run) {
		remove_leaves(name);
		warm_left_remove(dir, name);
		r = remove_monitor(parent, dir, name, &err);
	}
	snprintf(topic, sizeof(topic), "monitor %s", name);
	tell(gc, topic, "directory and cgroups of a monitor that is gone", r < 0 ? &err : NULL);
}

static int collect_monitors(struct gc *gc)
{
	cleanup_names struct name_list names = {0};
	cleanup_close int parent = openat(gc->engine->root_fd, ".monitor",
					  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (parent < 0)
		return errno == ENOENT ? 0 : -errno;
	r = name_list_read(parent, ".", monitor_name_valid, &names);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		collect_monitor(gc, parent, names.names[i]);
	return r;
}

int exd_gc(struct exd_engine *engine, bool dry_run, struct exd_report *report,
	   struct exd_error *err)
{
	cleanup_names struct name_list ids = {0};
	struct gc gc = {.engine = engine, .dry_run = dry_run, .report = report};
	int r = state_list(engine->root_fd, &ids);

	for (size_t i = 0; r == 0 && i < ids.count; i++)
		collect_container(&gc, ids.names[i]);
	if (r == 0)
		r = collect_monitors(&gc);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r, "cannot read the state directory '%s'",
				     engine->root);
	return gc.found;
}
