/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading state.json and exit.json, which may hold anything. */
#include "core/record_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "base/wire.h"

#define JSON_DEPTH 8

void json_freep(struct json_object **json)
{
	json_object_put(*json);
}

int json_put(struct json_object *json, const char *name, struct json_object *value)
{
	if (value && json_object_object_add(json, name, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int read_whole(int fd, char **text, size_t *size)
{
	cleanup_free char *buf = NULL;
	struct stat st;
	size_t got = 0, room;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (st.st_size > RECORD_FILE_MAX)
		return -EFBIG;
	room = (size_t)st.st_size;
	/* and one more for who wants to add to it */
	buf = malloc(room + 2);
	if (!buf)
		return -ENOMEM;
	while (got < room) {
		ssize_t n = read(fd, buf + got, room - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	buf[got] = '\0';
	*size = got;
	*text = take_ptr(&buf);
	return 0;
}

/*
 * Without memory the parser calls a good text bad, or cuts a value short and says nothing: only
 * errno tells. Since it clears that for each number, which ends with what comes behind it, the text
 * is given to it in pieces that begin there. The last one has the NUL: a text that is cut short is
 * an error, not a partial result.
 */
static int parse_pieces(struct json_tokener *tokener, const char *text, size_t size,
			struct json_object **out)
{
	enum json_tokener_error error = json_tokener_continue;
	size_t at = 0;

	while (at <= size && error == json_tokener_continue) {
		size_t n = at < size ? 1 + strcspn(text + at + 1, ",}]") : 1;

		if (at + n == size)
			n++;
		errno = 0;
		*out = json_tokener_parse_ex(tokener, text + at, (int)n);
		if (errno == ENOMEM)
			return -ENOMEM;
		error = json_tokener_get_error(tokener);
		at += n;
	}
	return error == json_tokener_success && at > size ? 0 : -EBADMSG;
}

static int parse(const char *text, size_t size, struct json_object **out)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	cleanup_json struct json_object *json = NULL;
	int r;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	r = parse_pieces(tokener, text, size, &json);
	json_tokener_free(tokener);
	if (r == 0 && !json_object_is_type(json, json_type_object))
		r = -EBADMSG;
	if (r == 0)
		*out = take_ptr(&json);
	return r;
}

static int read_text(int dirfd, const char *name, char **text, size_t *size)
{
	cleanup_close int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r = fd < 0 ? -errno : read_whole(fd, text, size);

	if (r < 0)
		return r;
	return strlen(*text) == *size ? 0 : -EBADMSG;
}

int record_read_json(int dirfd, const char *name, struct json_object **out)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r = read_text(dirfd, name, &text, &size);

	return r < 0 ? r : parse(text, size, out);
}

int record_read_claim(int dirfd, struct json_object **out, bool *whole)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r = read_text(dirfd, "lock", &text, &size);

	if (r < 0)
		return r;
	*whole = parse(text, size, out) == 0;
	if (*whole)
		return 0;
	text[size] = '}';
	text[size + 1] = '\0';
	return parse(text, size + 1, out);
}

/* ---- fields ---------------------------------------------------------------------------------- */

const char *json_text(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(json, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	/* A NUL inside would hide what comes behind it. */
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return NULL;
	return json_object_get_string(value);
}

/* A text that may be missing, when it has this fallback. */
static bool get_text(struct json_object *json, const char *name, const char *fallback,
		     const char **out)
{
	if (!json_object_object_get_ex(json, name, NULL)) {
		*out = fallback;
		return fallback != NULL;
	}
	*out = json_text(json, name);
	return *out != NULL;
}

/* A number between 0 and max; missing: 0. */
static bool get_number(struct json_object *json, const char *name, uint64_t max, uint64_t *out)
{
	struct json_object *value = NULL;
	int64_t number;

	*out = 0;
	if (!json_object_object_get_ex(json, name, &value))
		return true;
	if (!json_object_is_type(value, json_type_int))
		return false;
	number = json_object_get_int64(value);
	*out = (uint64_t)number;
	return number >= 0 && (uint64_t)number <= max;
}

static bool get_bool(struct json_object *json, const char *name, bool *out)
{
	struct json_object *value = NULL;

	*out = false;
	if (!json_object_object_get_ex(json, name, &value))
		return true;
	*out = json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean);
}

/* A pid: 1 or more; missing: 0. */
static bool get_pid(struct json_object *json, const char *name, pid_t *out)
{
	uint64_t number;

	if (!get_number(json, name, INT_MAX, &number))
		return false;
	*out = (pid_t)number;
	return number > 0 || !json_object_object_get_ex(json, name, NULL);
}

static bool get_hash(struct json_object *json, const char *name, uint64_t *out)
{
	const char *text;

	if (!get_text(json, name, "0", &text) || strlen(text) > 16 ||
	    strspn(text, "0123456789abcdef") != strlen(text))
		return false;
	*out = strtoull(text, NULL, 16);
	return true;
}

/* Every element of a list, or every member of an object, is a text; missing is fine. */
static bool all_texts(struct json_object *json, const char *name, enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(json, name, &value))
		return true;
	if (!json_object_is_type(value, type))
		return false;
	if (type == json_type_array) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			if (!json_object_is_type(json_object_array_get_idx(value, i),
						 json_type_string))
				return false;
		return true;
	}
	json_object_object_foreach(value, key, member)
	{
		(void)key;
		if (!json_object_is_type(member, json_type_string))
			return false;
	}
	return true;
}

/* ---- state.json ------------------------------------------------------------------------------ */

/* Absolute, and no way up: such a path is opened and its cgroup removed. */
static bool safe_path(const char *path)
{
	if (path[0] != '/')
		return false;
	for (const char *at = path; (at = strstr(at, "/..")); at += 3)
		if (at[3] == '/' || at[3] == '\0')
			return false;
	return true;
}

static bool safe_below(const char *path)
{
	char whole[PATH_MAX + 2];

	if (strlen(path) >= PATH_MAX)
		return false;
	whole[0] = '/';
	strcpy(whole + 1, path);
	return safe_path(whole);
}

/* Its cgroup v2 has the name of the box that it was started in: only those of v1 can be renamed. */
static bool name_by_box(struct json_object *cgroup, const char *box)
{
	const char *controllers = json_text(cgroup, "controllers"), *path = json_text(cgroup, "path");
	cleanup_strbuf struct strbuf real = {0};
	const char *last;

	if (!controllers || !path)
		return false;
	if (controllers[0] && controllers[0] != ',')
		return true;
	last = strrchr(path, '/');
	(void)sb_add_bytes(&real, path, last ? (size_t)(last - path) + 1 : 0);
	return sb_add(&real, box) == 0 &&
	       json_put(cgroup, "path", json_object_new_string(real.text)) == 0;
}

static bool parse_warm(struct exd_record *record)
{
	struct json_object *list = NULL;
	const char *box;

	if (!get_text(record->json, "warm", "", &box))
		return false;
	if (!box[0] || !json_object_object_get_ex(record->json, "cgroups", &list))
		return true;
	if (strncmp(box, WIRE_WARM_PREFIX, strlen(WIRE_WARM_PREFIX)) != 0 || strchr(box, '/') ||
	    !json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!name_by_box(json_object_array_get_idx(list, i), box))
			return false;
	return true;
}

static bool parse_cgroups(struct exd_record *record)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(record->json, "cgroups", &list))
		return true;
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > RECORD_CGROUPS_MAX)
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		struct record_cgroup *cgroup = &record->cgroups[i];

		if (!json_object_is_type(entry, json_type_object))
			return false;
		cgroup->controllers = json_text(entry, "controllers");
		cgroup->mount = json_text(entry, "mount");
		cgroup->path = json_text(entry, "path");
		if (!cgroup->controllers || !cgroup->mount || !cgroup->path ||
		    !safe_path(cgroup->mount) || !safe_below(cgroup->path))
			return false;
		cgroup->fd = FD_NONE;
		record->cgroup_count = i + 1;
	}
	return true;
}

static bool parse_monitor(struct exd_record *record)
{
	struct json_object *monitor = NULL;

	record->monitor_dir = "";
	if (!json_object_object_get_ex(record->json, "monitor", &monitor))
		return true;
	return json_object_is_type(monitor, json_type_object) &&
	       get_text(monitor, "dir", "", &record->monitor_dir) &&
	       (!record->monitor_dir[0] || monitor_name_valid(record->monitor_dir)) &&
	       get_pid(monitor, "pid", &record->monitor_pid) &&
	       get_number(monitor, "start_time", INT64_MAX, &record->monitor_start_time);
}

int record_damaged(const struct exd_record *record, const char *where, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_STATE, EBADMSG,
			     "state.json of container '%s' is damaged (%s): 'driverctl delete "
			     "--force' removes it when nobody is at work with the container",
			     record->dir.id, where);
}

int record_parse_state(struct exd_record *record, struct exd_error *err)
{
	struct json_object *json = record->json;
	const char *bad = NULL, *id = NULL, *status;

	if (!get_text(json, "id", NULL, &id) || strcmp(id, record->dir.id) != 0)
		bad = "id";
	else if (!get_text(json, "driver", NULL, &record->driver) || !record->driver[0])
		bad = "driver";
	else if (!get_text(json, "rootfs", "", &record->rootfs))
		bad = "rootfs";
	else if (!get_text(json, "boot_id", NULL, &record->boot_id))
		bad = "boot_id";
	else if (!get_number(json, "created_ns", INT64_MAX, &record->created_ns))
		bad = "created_ns";
	else if (!get_pid(json, "pid", &record->pid))
		bad = "pid";
	else if (!get_number(json, "start_time", INT64_MAX, &record->start_time))
		bad = "start_time";
	else if (!get_hash(json, "plan_hash", &record->plan_hash))
		bad = "plan_hash";
	else if (!get_bool(json, "detached", &record->detached))
		bad = "detached";
	else if (!all_texts(json, "args", json_type_array))
		bad = "args";
	else if (!all_texts(json, "annotations", json_type_object))
		bad = "annotations";
	else if (!all_texts(json, "notes", json_type_object))
		bad = "notes";
	else if (!parse_warm(record))
		bad = "warm";
	else if (!parse_cgroups(record))
		bad = "cgroups";
	else if (!parse_monitor(record))
		bad = "monitor";
	status = json_text(json, "status");
	record->started = record->pid > 0 || (status && strcmp(status, "running") == 0);
	return bad ? record_damaged(record, bad, err) : 0;
}

/* ---- exit.json ------------------------------------------------------------------------------- */

int record_parse_exit(struct json_object *json, struct exd_exit_status *exit)
{
	struct exd_exit_status made = {.struct_size = sizeof(made)};
	uint64_t code, signal, lost, evidence;

	if (!get_number(json, "exit_code", UINT32_MAX, &code) ||
	    !get_number(json, "signal", 127, &signal) ||
	    !get_number(json, "lost", EXD_LOST_RECORD, &lost) ||
	    !get_number(json, "oom_evidence", EXD_OOM_EVIDENCE_COUNTER, &evidence) ||
	    !get_number(json, "oom_kills", INT64_MAX, &made.oom_kills) ||
	    !get_number(json, "started_ns", INT64_MAX, &made.started_ns) ||
	    !get_number(json, "finished_ns", INT64_MAX, &made.finished_ns) ||
	    !get_number(json, "user_us", INT64_MAX, &made.user_us) ||
	    !get_number(json, "system_us", INT64_MAX, &made.system_us) ||
	    !get_number(json, "maxrss_kb", INT64_MAX, &made.maxrss_kb) ||
	    !get_bool(json, "core_dumped", &made.core_dumped) ||
	    !get_bool(json, "oom_killed", &made.oom_killed) ||
	    !get_bool(json, "stdio_held_open", &made.stdio_held_open))
		return -EBADMSG;
	made.exit_code = (uint32_t)code;
	made.signal = (uint32_t)signal;
	made.lost = (uint32_t)lost;
	made.oom_evidence = (uint8_t)evidence;
	*exit = made;
	return 0;
}

static int put_number(struct json_object *json, const char *name, uint64_t number)
{
	return json_put(json, name, json_object_new_int64((int64_t)number));
}

static int put_bool(struct json_object *json, const char *name, bool value)
{
	return json_put(json, name, json_object_new_boolean(value));
}

struct json_object *record_exit_json(const struct exd_exit_status *exit)
{
	cleanup_json struct json_object *json = json_object_new_object();

	if (!json || put_number(json, "exit_code", exit->exit_code) < 0 ||
	    put_number(json, "signal", exit->signal) < 0 ||
	    put_bool(json, "core_dumped", exit->core_dumped) < 0 ||
	    put_number(json, "oom_kills", exit->oom_kills) < 0 ||
	    put_bool(json, "oom_killed", exit->oom_killed) < 0 ||
	    put_number(json, "oom_evidence", exit->oom_evidence) < 0 ||
	    put_bool(json, "stdio_held_open", exit->stdio_held_open) < 0 ||
	    put_number(json, "lost", exit->lost) < 0 ||
	    put_number(json, "started_ns", exit->started_ns) < 0 ||
	    put_number(json, "finished_ns", exit->finished_ns) < 0 ||
	    put_number(json, "user_us", exit->user_us) < 0 ||
	    put_number(json, "system_us", exit->system_us) < 0 ||
	    put_number(json, "maxrss_kb", exit->maxrss_kb) < 0)
		return NULL;
	return take_ptr(&json);
}
