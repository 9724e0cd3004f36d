/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lxc driver: its entry, its options, and what this host allows. */
#include "drivers/lxc/lxc.h"
#include "drivers/native/seccomp_choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <execdriver/version.h>

#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup_layout.h"

static void lxc_close(void *self)
{
	struct lxc *lxc = self;

	if (!lxc)
		return;
	for (size_t i = 0; i < lxc->raw_count; i++)
		free(lxc->raw[i]);
	free(lxc->raw);
	free(lxc->worker);
	free(lxc->init);
	free(lxc->native.cgroup_parent);
	free(lxc->native.seccomp);
	(void)cgroup_layout_free(lxc->native.layout);
	free(lxc);
}

static int no_memory(struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read its options");
}

static int read_raw(struct lxc *lxc, const struct exd_options *options, struct exd_error *err)
{
	size_t count = exd_options_count(options, "lxc_config");
	char path[48];

	lxc->raw = calloc(count + 1, sizeof(*lxc->raw));
	if (!lxc->raw)
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		const char *line;
		int r;

		(void)snprintf(path, sizeof(path), "lxc_config.[%zu]", i);
		line = exd_options_string(options, path, "");
		r = lxc_raw_check(line, err);
		if (r < 0)
			return r;
		lxc->raw[i] = strdup(line);
		if (!lxc->raw[i])
			return no_memory(err);
		lxc->raw_count = i + 1;
	}
	return 0;
}

static int read_options(struct lxc *lxc, const struct exd_options *options, struct exd_error *err)
{
	lxc->native.cgroup_parent =
		strdup(exd_options_string(options, "cgroup_parent", "/execdriver"));
	lxc->native.seccomp = strdup(exd_options_string(options, "seccomp", "default"));
	lxc->worker = strdup(exd_options_string(options, "worker", EXD_LXC_WORKER));
	lxc->init = strdup(exd_options_string(options, "init", EXD_LXC_INIT));
	if (!lxc->native.cgroup_parent || !lxc->native.seccomp || !lxc->worker || !lxc->init)
		return no_memory(err);
	if (lxc->native.cgroup_parent[0] != '/' || strstr(lxc->native.cgroup_parent, ".."))
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "cgroup_parent '%s' is not an absolute path without '..'",
				     lxc->native.cgroup_parent);
	if (!native_seccomp_is_word(lxc->native.seccomp) && lxc->native.seccomp[0] != '/')
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "seccomp '%s' is neither default nor unconfined, nor the "
				     "absolute path of a profile",
				     lxc->native.seccomp);
	if (lxc->worker[0] != '/' || lxc->init[0] != '/')
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "worker and init are absolute paths of programs");
	return read_raw(lxc, options, err);
}

/* Whether limits or counters need this hierarchy. */
static bool is_needed(const struct cgroup_hierarchy *hierarchy)
{
	static const char *const used[] = {"memory", "cpu", "cpuset", "pids", "io"};

	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		if (cgroup_list_has(hierarchy->controllers, used[i]))
			return true;
	return false;
}

/*
 * A v2 hierarchy beside v1 that has nothing of use would only cost: whoever moves into it waits for
 * a grace period of the kernel, and v1's freezer does what it is needed for. Rules for devices are of use.
 */
static void drop_idle_v2(struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *freezer = cgroup_layout_find(layout, "freezer");
	const struct cgroup_hierarchy *last = &layout->list[layout->count ? layout->count - 1 : 0];

	if (!freezer || freezer->version != 1 || freezer->readonly || last->version != 2 ||
	    is_needed(last) || layout->device_programs)
		return;
	cgroup_layout_drop_last(layout);
}

static int lxc_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	static const char *const known[] = {"cgroup_parent", "seccomp", "worker",
					    "init", "lxc_config", NULL};
	int r = exd_options_check(options, known, err);
	struct lxc *lxc;

	if (r < 0)
		return r;
	lxc = calloc(1, sizeof(*lxc));
	if (!lxc)
		return no_memory(err);
	r = read_options(lxc, options, err);
	if (r == 0) {
		r = cgroup_layout_read(&lxc->native.layout);
		if (r < 0)
			(void)exd_error_set(err, EXD_ERR_CGROUP, -r,
					    "cannot read the cgroup layout from /proc/self");
	}
	if (r < 0) {
		lxc_close(lxc);
		return r;
	}
	drop_idle_v2(lxc->native.layout);
	*self = lxc;
	return 0;
}

static int probe_program(const char *path, const char *topic, struct exd_report *report,
			 struct exd_error *err)
{
	bool there = access(path, X_OK) == 0;

	if (report)
		(void)exd_report_add(report, there ? EXD_REPORT_YES : EXD_REPORT_NO, topic,
				     there ? "" : "install execdriver with liblxc's headers there "
						  "(lxc-dev), or set the driver's option",
				     "'%s' is %s", path, there ? "there" : "not there");
	return there ? 0
		     : exd_error_set(err, EXD_ERR_HOST, 0, "its program '%s' is not there", path);
}

static int lxc_probe(void *self, struct exd_report *report, uint64_t *caps, struct exd_error *err)
{
	const struct lxc *lxc = self;
	bool root = geteuid() == 0, admin = native_cap_admin();
	int r = probe_program(lxc->worker, "worker", report, err);

	if (r == 0)
		r = probe_program(lxc->init, "init", report, err);
	if (report)
		(void)exd_report_add(report, root && admin ? EXD_REPORT_YES : EXD_REPORT_NO, "root",
				     root && admin ? "" : "run as root, with CAP_SYS_ADMIN",
				     root && admin ? "effective user 0 with CAP_SYS_ADMIN"
						   : "not the effective user 0 with CAP_SYS_ADMIN");
	if (r < 0)
		return r;
	if (!root || !admin)
		return exd_error_set(err, EXD_ERR_HOST, EPERM,
				     "it needs root with CAP_SYS_ADMIN: run as root");
	if (report)
		(void)exd_report_add(report, EXD_REPORT_INFO, "liblxc", "",
				     "built for liblxc " EXD_LXC_VERSION);
	return native_cgroups_probe(&lxc->native, report, caps, err);
}

static int lxc_info(void *self, struct exd_record *record, struct exd_info *info,
		    struct exd_error *err)
{
	int r = native_info(NULL, record, info, err);

	(void)self;
	(void)snprintf(info->driver, sizeof(info->driver), "lxc %s (liblxc %s)", EXD_VERSION_STRING,
		       EXD_LXC_VERSION);
	return r;
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	.struct_size = sizeof(struct exd_driver),
	.abi = EXD_DRIVER_ABI,
	.name = "lxc",
	.version = EXD_VERSION_STRING,
	.summary = "containers of liblxc, started by a worker program",
	.caps = EXD_CAP_EXEC | EXD_CAP_PAUSE | EXD_CAP_PIDS | EXD_CAP_STATS | EXD_CAP_UPDATE |
		EXD_CAP_EXPLAIN | EXD_CAP_PRE_START,
	.open = lxc_open,
	.close = lxc_close,
	.probe = lxc_probe,
	.run = lxc_run,
	.terminate = native_terminate,
	.clean = native_clean,
	.info = lxc_info,
	.exec = lxc_exec,
	.pause = native_pause,
	.unpause = native_unpause,
	.pids = native_pids,
	.stats = native_stats,
	.update = lxc_update,
	.explain = lxc_explain,
};
