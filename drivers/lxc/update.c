/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New limits for a running container, in the cgroups that its record names. */
#include <errno.h>
#include <string.h>

#include "base/fdio.h"
#include "drivers/lxc/lxc.h"
#include "drivers/native/cgroup_limits.h"

static const enum exd_key limits_keys[] = {
	EXD_KEY_MEMORY,
	EXD_KEY_MEMORY_SWAP,
	EXD_KEY_MEMORY_RESERVATION,
	EXD_KEY_CPU_SHARES,
	EXD_KEY_MEMORY_SWAPPINESS,
	EXD_KEY_OOM_KILL_DISABLE,
	EXD_KEY_CPU_PERIOD,
	EXD_KEY_CPU_QUOTA,
	EXD_KEY_CPUS,
	EXD_KEY_CPUSET_CPUS,
	EXD_KEY_CPUSET_MEMS,
	EXD_KEY_PIDS_LIMIT,
};

static bool is_limit(uint32_t key)
{
	for (size_t i = 0; i < sizeof(limits_keys) / sizeof(limits_keys[0]); i++)
		if (key == (uint32_t)limits_keys[i])
			return true;
	return false;
}

static int check_keys(const struct exd_command *command, struct exd_error *err)
{
	const struct exd_command_key *key = NULL;

	while ((key = exd_command_key_next(key)))
		if (exd_command_is_set(command, (enum exd_key)key->key) && !is_limit(key->key) &&
		    key->key != EXD_KEY_ID)
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
					     "%s cannot be changed while a container runs: only "
					     "limits can",
					     key->name);
	return 0;
}

static int write_one(struct exd_record *record, const struct native_limit *limit)
{
	const char *text = native_limit_text(limit);
	int dir = exd_record_cgroup_fd(record, limit->controller), r;

	if (dir < 0)
		return dir;
	r = write_file_at(dir, limit->file, text, strlen(text));
	return r == -ENOENT && limit->skip_missing ? 0 : r;
}

/*
 * The kernel checks memory against memory and swap together, and a period against its quota: what
 * is refused once may do when the others are written, so there is a second pass.
 */
static int write_all_of(struct exd_record *record, const struct native_limits *limits,
			struct exd_error *err)
{
	bool done[NATIVE_LIMITS_MAX] = {false};
	const struct native_limit *failed = NULL;
	int r = 0;

	for (int pass = 0; pass < 2; pass++) {
		failed = NULL;
		for (size_t i = 0; i < limits->count; i++) {
			int one = done[i] ? 0 : write_one(record, &limits->list[i]);

			done[i] = one == 0;
			if (one < 0 && !failed) {
				failed = &limits->list[i];
				r = one;
			}
		}
	}
	if (!failed)
		return 0;
	return exd_error_set(err, EXD_ERR_CGROUP, -r, "cannot set %s of container '%s' to %s",
			     failed->key, exd_record_id(record), native_limit_text(failed));
}

int lxc_update(void *self, struct exd_record *record, const struct exd_command *command,
	       struct exd_error *err)
{
	const struct lxc *lxc = self;
	struct native_limits limits;
	int r = check_keys(command, err);

	if (r == 0 && exd_record_pidfd(record) < 0)
		r = exd_error_set(err, EXD_ERR_NOT_RUNNING, 0, "container '%s' is not running",
				  exd_record_id(record));
	if (r == 0)
		r = native_limits_read(command, lxc->native.layout, &limits, err);
	if (r < 0)
		return r;
	if (limits.refused_count)
		return exd_error_set(err, EXD_ERR_CGROUP, 0,
				     "%s cannot be set, cgroup controller %s: %s",
				     limits.refused[0].key, limits.refused[0].controller,
				     limits.refused[0].reason ? limits.refused[0].reason
							      : "this host does not have it");
	return write_all_of(record, &limits, err);
}
