/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New limits for a running container, all or none of them, in the cgroups that its record names. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_limits.h"
#include "drivers/native/cgroup_record.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/native.h"

#define OLD_SIZE 1024
#define FILE_SIZE 8192
#define PATH_SIZE 1024
#define REASON_SIZE 320
/* v1's "no limit" is the highest number of whole pages. */
#define V1_NO_LIMIT INT64_C(0x7ffffffffff00000)

struct change {
	const struct native_limit *limit;
	int dir; /* lent by the record */
	bool done;
	char old[OLD_SIZE]; /* what puts the limit back; "" when there is nothing to put back */
};

struct update {
	const struct native *self;
	struct exd_record *record;
	const struct exd_command *command;
	struct exd_error *err;
	struct native_limits limits;
	struct change changes[NATIVE_LIMITS_MAX];
};

static int check_keys(const struct exd_command *command, struct exd_error *err)
{
	const struct exd_command_key *key = NULL;
	bool any = false;

	while ((key = exd_command_key_next(key))) {
		if (!exd_command_is_set(command, (enum exd_key)key->key) || key->key == EXD_KEY_ID)
			continue;
		if (!native_limits_key((enum exd_key)key->key))
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
					     "%s cannot be changed while a container runs: only "
					     "limits can",
					     key->name);
		any = true;
	}
	if (!any)
		return exd_error_set(err, EXD_ERR_KEY, 0, "no limit is given to be changed");
	if (exd_command_is_set(command, EXD_KEY_CPUS) &&
	    (exd_command_is_set(command, EXD_KEY_CPU_QUOTA) ||
	     exd_command_is_set(command, EXD_KEY_CPU_PERIOD)))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "cpus stands for cpu_quota and cpu_period: set either it or "
				     "them");
	return 0;
}

/* ---- what holds now -------------------------------------------------------------------------- */

static int64_t read_limit(int dir, const char *file, int64_t otherwise)
{
	char text[64];
	int64_t number;

	if (dir < 0 || read_file_at(dir, file, text, sizeof(text)) < 0)
		return otherwise;
	if (strncmp(text, "max", 3) == 0)
		return -1;
	number = strtoll(text, NULL, 10);
	return number >= V1_NO_LIMIT ? -1 : number;
}

static struct native_limits_now read_now(struct exd_record *record)
{
	struct native_dir memory = native_dir(record, "memory"), cpu = native_dir(record, "cpu");
	struct native_limits_now now = {-1, -1, -1, NATIVE_CPU_PERIOD};
	char text[64], *period;

	if (memory.version == 1) {
		now.memory = read_limit(memory.fd, "memory.limit_in_bytes", -1);
		now.swap = read_limit(memory.fd, "memory.memsw.limit_in_bytes", -1);
		if (now.swap >= 0)
			now.swap = now.swap > now.memory ? now.swap - now.memory : 0;
	} else {
		now.memory = read_limit(memory.fd, "memory.max", -1);
		now.swap = read_limit(memory.fd, "memory.swap.max", -1);
	}
	if (cpu.version == 1) {
		now.cpu_quota = read_limit(cpu.fd, "cpu.cfs_quota_us", -1);
		now.cpu_period = read_limit(cpu.fd, "cpu.cfs_period_us", NATIVE_CPU_PERIOD);
	} else if (cpu.fd >= 0 && read_file_at(cpu.fd, "cpu.max", text, sizeof(text)) > 0) {
		if (strncmp(text, "max", 3) != 0)
			now.cpu_quota = strtoll(text, NULL, 10);
		period = strchr(text, ' ');
		if (period)
			now.cpu_period = strtoll(period, NULL, 10);
	}
	return now;
}

/* The value of "oom_kill_disable 0", and the word behind "default". */
static void keep_first_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	if (str_has_prefix(text, "oom_kill_disable "))
		memmove(text, text + strlen("oom_kill_disable "),
			strlen(text + strlen("oom_kill_disable ")) + 1);
}

/* The line of the device or resource that the new value begins with, or what is one without limit. */
static void keep_line_of(char *text, const struct native_limit *limit, char old[OLD_SIZE])
{
	const char *value = native_limit_text(limit);
	size_t word = strcspn(value, " ");

	for (char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n");

		if (n <= word || n >= OLD_SIZE || strncmp(line, value, word) != 0 ||
		    line[word] != ' ')
			continue;
		memcpy(old, line, n);
		old[n] = '\0';
		return;
	}
	(void)snprintf(old, OLD_SIZE, "%.*s %s", (int)word, value, limit->unset);
}

static void read_old(struct change *change)
{
	const struct native_limit *limit = change->limit;
	char text[FILE_SIZE];

	if (read_file_at(change->dir, native_limit_file(limit), text, sizeof(text)) < 0)
		return;
	if (limit->unset) {
		keep_line_of(text, limit, change->old);
		return;
	}
	keep_first_line(text);
	if (strlen(text) < OLD_SIZE)
		memcpy(change->old, text, strlen(text) + 1);
}

/* ---- where it is written --------------------------------------------------------------------- */

/* A controller of v2 that was not asked for at the start is handed down from the root only now. */
static void hand_down(struct exd_record *record, const char *controller)
{
	const char *controllers, *mount, *path;
	char text[40], below[PATH_SIZE];
	int n = snprintf(text, sizeof(text), "+%s", controller);

	for (size_t i = 0; exd_record_cgroup(record, i, &controllers, &mount, &path); i++) {
		cleanup_close int root = FD_NONE;

		if ((*controllers && *controllers != ',') || strlen(path) >= sizeof(below))
			continue;
		root = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
		for (size_t at = 0; root >= 0; at += strcspn(path + at, "/")) {
			at += strspn(path + at, "/");
			if (!path[at])
				break;
			(void)snprintf(below, sizeof(below), "./%.*s/cgroup.subtree_control",
				       (int)at, path);
			(void)write_file_at(root, below, text, (size_t)n);
		}
	}
}

static int find_dir(struct update *update, const struct native_limit *limit)
{
	const struct cgroup_hierarchy *h =
		cgroup_layout_find(update->self->layout, limit->controller);
	struct native_dir dir = native_dir(update->record, limit->controller);

	if (dir.fd != -ENOENT || !h || h->version != 2)
		return dir.fd;
	dir = native_dir(update->record, "");
	if (dir.fd >= 0 && faccessat(dir.fd, native_limit_file(limit), F_OK, 0) < 0)
		hand_down(update->record, limit->controller);
	return dir.fd;
}

static int check_refused(struct update *update)
{
	const struct native_refusal *refused = update->limits.refused;
	char text[REASON_SIZE];

	if (!update->limits.refused_count)
		return 0;
	cgroup_missing(update->self->layout, refused->controller, text, sizeof(text));
	return exd_error_set(update->err, EXD_ERR_CGROUP, 0,
			     "%s cannot be set, cgroup controller %s: %s", refused->key,
			     refused->controller, refused->reason ? refused->reason : text);
}

static int prepare(struct update *update)
{
	struct native_dir memory = native_dir(update->record, "memory"),
			  io = native_dir(update->record, "io");

	if (io.fd < 0)
		io = native_dir(update->record, "blkio");
	if (memory.fd >= 0)
		native_limits_check_swap(&update->limits, memory.version, memory.fd, ".");
	if (io.fd >= 0)
		native_limits_check_weight(&update->limits, io.version, io.fd);
	for (size_t i = 0; i < update->limits.count; i++) {
		struct change *change = &update->changes[i];

		change->limit = &update->limits.list[i];
		change->dir = find_dir(update, change->limit);
		if (change->dir < 0)
			return exd_error_set(update->err, EXD_ERR_CGROUP, -change->dir,
					     "container '%s' has no cgroup for %s: it was started "
					     "without controller %s",
					     exd_record_id(update->record), change->limit->key,
					     change->limit->controller);
		read_old(change);
	}
	return check_refused(update);
}

/* ---- writing --------------------------------------------------------------------------------- */

/*
 * v1 takes no limit of memory below what is in use and cannot be given back. v2 takes it, and kills:
 * so it is asked to give back first.
 */
static int make_room(int dir, const char *file, const char *text)
{
	char give_back[24];
	int64_t limit, used;

	if (strcmp(file, "memory.max") != 0 || parse_int64(text, &limit) < 0)
		return 0;
	used = read_limit(dir, "memory.current", 0);
	if (used <= limit)
		return 0;
	(void)snprintf(give_back, sizeof(give_back), "%" PRId64, used - limit);
	(void)write_file_at(dir, "memory.reclaim", give_back, strlen(give_back));
	return read_limit(dir, "memory.current", 0) <= limit ? 0 : -EBUSY;
}

static int write_text(const struct change *change, const char *text)
{
	const char *file = native_limit_file(change->limit);
	int r = make_room(change->dir, file, text);

	if (r == 0)
		r = write_file_at(change->dir, file, text, strlen(text));
	return r == -ENOENT && change->limit->skip_missing ? 0 : r;
}

/*
 * The kernel checks memory against memory and swap together, and a period against its quota: what
 * is refused once may do when the others are written, so there is a second pass. Returns the first
 * error of the last pass and its change.
 */
static int write_changes(struct update *update, const struct change **failed)
{
	int r = 0;

	for (int pass = 0; pass < 2; pass++) {
		r = 0;
		for (size_t i = 0; i < update->limits.count; i++) {
			struct change *change = &update->changes[i];
			int one = change->done
					  ? 0
					  : write_text(change, native_limit_text(change->limit));

			change->done = one == 0;
			if (one < 0 && r == 0) {
				r = one;
				*failed = change;
			}
		}
	}
	return r;
}

/* The last first, twice for the same reason. Returns one that could not be put back, or NULL. */
static const struct change *put_back(struct update *update)
{
	const struct change *left = NULL;

	for (int pass = 0; pass < 2; pass++) {
		left = NULL;
		for (size_t i = update->limits.count; i > 0; i--) {
			struct change *change = &update->changes[i - 1];

			if (!change->done || !*change->old)
				continue;
			change->done = write_text(change, change->old) < 0;
			if (change->done)
				left = change;
		}
	}
	return left;
}

static int apply(struct update *update)
{
	const struct change *failed = NULL, *left;
	const char *key, *file;
	int r = write_changes(update, &failed);

	if (r == 0)
		return 0;
	left = put_back(update);
	key = failed->limit->key;
	file = native_limit_file(failed->limit);
	if (left)
		return exd_error_set(update->err, EXD_ERR_CGROUP, -r,
				     "%s of container '%s': cannot write '%s' to %s, nor put %s "
				     "back to '%s'",
				     key, exd_record_id(update->record),
				     native_limit_text(failed->limit), file,
				     native_limit_file(left->limit), left->old);
	return exd_error_set(update->err, EXD_ERR_CGROUP, -r,
			     "%s of container '%s', all of whose limits stay: cannot write '%s' to "
			     "%s",
			     key, exd_record_id(update->record), native_limit_text(failed->limit),
			     file);
}

int native_update(void *self, struct exd_record *record, const struct exd_command *command,
		  struct exd_error *err)
{
	const struct native *native = self;
	cleanup_free struct update *update = NULL;
	struct native_limits_now now;
	int r = check_keys(command, err);

	if (r == 0 && exd_record_pidfd(record) < 0)
		r = exd_error_set(err, EXD_ERR_NOT_RUNNING, 0, "container '%s' is not running",
				  exd_record_id(record));
	if (r < 0)
		return r;
	update = calloc(1, sizeof(*update));
	if (!update)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "new limits");
	update->self = native;
	update->record = record;
	update->command = command;
	update->err = err;
	now = read_now(record);
	r = native_limits_read(command, native->layout, &now, &update->limits, err);
	if (r == 0)
		r = check_refused(update);
	if (r == 0)
		r = prepare(update);
	return r < 0 ? r : apply(update);
}
