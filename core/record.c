/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a container that exists, and what follows from it. */
#include "core/record.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/procstat.h"
#include "core/exit_status.h"
#include "core/record_parse.h"

struct exd_record *record_free(struct exd_record *record)
{
	if (!record)
		return NULL;
	record_close_files(record);
	for (size_t i = 0; i < record->cgroup_count; i++)
		if (record->cgroups[i].fd >= 0)
			(void)close(record->cgroups[i].fd);
	if (record->pidfd >= 0)
		(void)close(record->pidfd);
	state_dir_close(&record->dir);
	json_object_put(record->json);
	free(record);
	return NULL;
}

void record_freep(struct exd_record **record)
{
	int saved = errno;

	*record = record_free(*record);
	errno = saved;
}

/* As one without state.json: the texts were inside of it. */
static void forget_state(struct exd_record *record)
{
	json_object_put(record->json);
	record->json = NULL;
	record->driver = record->rootfs = record->boot_id = record->monitor_dir = "";
	record->monitor_start_time = record->created_ns = record->start_time = 0;
	record->plan_hash = 0;
	record->monitor_pid = record->pid = 0;
	record->detached = record->started = false;
	record->cgroup_count = 0;
}

static int load_state(struct exd_record *record, struct exd_error *err)
{
	int r = record_read_json(record->dir.fd, "state.json", &record->json);

	if (r == -ENOENT)
		return 0;
	if (r == -EBADMSG)
		return record_damaged(record, "no JSON object", err);
	if (r == -EFBIG)
		return record_damaged(record, "too large", err);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot read state.json of container '%s'", record->dir.id);
	return record_parse_state(record, err);
}

/*
 * exit.json once it is there. A damaged one is not believed. False when this process has no memory
 * or descriptors to look: nobody may take the container for lost then.
 */
static bool load_exit(struct exd_record *record)
{
	cleanup_json struct json_object *json = NULL;
	int r = record->ended ? 0 : record_read_json(record->dir.fd, "exit.json", &json);

	if (json)
		record->ended = record_parse_exit(json, &record->exit) == 0;
	return !cannot_tell(r);
}

static bool this_boot(const struct exd_record *record)
{
	char boot[BOOT_ID_SIZE];

	return boot_id(boot) < 0 || strcmp(boot, record->boot_id) == 0;
}

int record_load_dir(int root_fd, struct state_dir *dir_take, struct exd_record **out,
		    struct exd_error *err)
{
	cleanup_record struct exd_record *record = calloc(1, sizeof(*record));
	int r;

	if (!record)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read the record");
	record->root_fd = root_fd;
	record->pidfd = FD_NONE;
	forget_state(record);
	record->dir = *dir_take;
	r = load_state(record, err);
	if (r < 0) {
		/* They are still the caller's. */
		record->dir = STATE_DIR_INIT;
		return r;
	}
	/* Cgroups end with the kernel that made them: by now the names may be another's. */
	if (!this_boot(record))
		record->cgroup_count = 0;
	*dir_take = STATE_DIR_INIT;
	*out = take_ptr(&record);
	return 0;
}

int record_load(int root_fd, const char *id, struct exd_record **out, struct exd_error *err)
{
	cleanup_state_dir struct state_dir dir = STATE_DIR_INIT;
	int r = state_open(root_fd, id, &dir, err);

	return r < 0 ? r : record_load_dir(root_fd, &dir, out, err);
}

int record_load_claim(struct exd_record *record, bool *made, struct exd_error *err)
{
	int r = record_read_json(record->dir.fd, ".state.json.new", &record->json);

	*made = r == 0;
	if (r < 0)
		r = record_read_claim(record->dir.fd, &record->json, made);
	if (r == 0)
		r = record_parse_state(record, err);
	if (r < 0) {
		forget_state(record);
		return r;
	}
	if (!this_boot(record))
		record->cgroup_count = 0;
	return 0;
}

/* ---- status ---------------------------------------------------------------------------------- */

static enum exd_status lost(struct exd_record *record, enum exd_lost why)
{
	record->exit = (struct exd_exit_status){.struct_size = sizeof(record->exit),
						.lost = (uint32_t)why};
	return EXD_STATUS_LOST;
}

static enum exd_status ended(struct exd_record *record)
{
	return record->exit.lost ? EXD_STATUS_LOST : EXD_STATUS_STOPPED;
}

static bool init_alive(struct exd_record *record)
{
	int fd;

	/* Of one elsewhere only its monitor knows. */
	if (record->pid == 0)
		return false;
	if (record->pidfd < 0) {
		fd = pidfd_open_checked(record->pid, record->start_time);
		if (fd < 0)
			return cannot_tell(fd);
		/* Drivers ask for it next. */
		record->pidfd = fd;
	}
	return !pidfd_ended(record->pidfd);
}

/* Nobody writes it any more. What the monitor wrote last, just before it went, counts. */
static enum exd_status unsupervised_end(struct exd_record *record)
{
	int wait_status;

	if (!load_exit(record))
		return EXD_STATUS_RUNNING;
	if (record->ended)
		return ended(record);
	if (record->pidfd >= 0 && pidfd_exit_info(record->pidfd, &wait_status) == 0) {
		exit_status_from_wait(&record->exit, wait_status);
		record->ended = true;
		return EXD_STATUS_STOPPED;
	}
	return lost(record, monitor_alive(record->root_fd, record->monitor_dir) ? EXD_LOST_RECORD
										: EXD_LOST_MONITOR);
}

enum exd_status record_status(struct exd_record *record)
{
	if (!load_exit(record))
		return EXD_STATUS_RUNNING;
	if (record->ended)
		return ended(record);
	if (record->json && !this_boot(record))
		return lost(record, EXD_LOST_REBOOT);
	if (!record->started)
		return state_locked(&record->dir) ? EXD_STATUS_CREATING
						  : lost(record, EXD_LOST_MONITOR);
	/* Whoever has the lock still writes exit.json. */
	if (init_alive(record) || state_locked(&record->dir))
		return EXD_STATUS_RUNNING;
	return unsupervised_end(record);
}

int record_save_exit(struct exd_record *record, const struct exd_exit_status *status,
		     struct exd_error *err)
{
	cleanup_json struct json_object *json = record_exit_json(status);
	const char *text =
		json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	int r = -ENOMEM;

	if (text)
		r = replace_file_at(record->dir.fd, "exit.json", text, strlen(text), 0600, true);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot write exit.json of container '%s'", record->dir.id);
	record->exit = *status;
	record->ended = true;
	return 0;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

/* A copy of what is in state.json, without the status that was true when it was written. */
static struct json_object *copy_state(const struct exd_record *record)
{
	struct json_object *copy = NULL;

	if (!record->json)
		copy = json_object_new_object();
	else if (json_object_deep_copy(record->json, &copy, NULL) < 0)
		return NULL;
	if (copy && !record->json &&
	    json_put(copy, "id", json_object_new_string(record->dir.id)) < 0) {
		json_object_put(copy);
		return NULL;
	}
	return copy;
}

struct json_object *record_json(struct exd_record *record, enum exd_status status)
{
	cleanup_json struct json_object *json = copy_state(record);

	if (!json || json_put(json, "status", json_object_new_string(exd_status_name(status))) < 0)
		return NULL;
	if (status == EXD_STATUS_LOST &&
	    json_put(json, "lost", json_object_new_string(exd_lost_reason(record->exit.lost))) < 0)
		return NULL;
	if (record->ended && json_put(json, "exit", record_exit_json(&record->exit)) < 0)
		return NULL;
	return take_ptr(&json);
}
