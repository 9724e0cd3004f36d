/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a container's end, and removing it. */
#include "core/control.h"

#include <errno.h>
#include <poll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/claim.h"
#include "core/conn.h"
#include "core/exit_status.h"
#include "core/process.h"
#include "core/sized.h"

#define POLL_MS 10 /* for what nothing can be waited on */
/* A process has this long to be reaped, so that the kernel tells its exit code. */
#define SETTLE_MS 1000
#define DELETE_MS 10000

/* Sleeps a moment; -ETIMEDOUT when the deadline has passed. */
static int nap(int64_t deadline)
{
	int left = clock_left_ms(deadline);

	if (left == 0)
		return -ETIMEDOUT;
	(void)poll(NULL, 0, left > 0 && left < POLL_MS ? left : POLL_MS);
	return 0;
}

/* 1: *status is how it ended; 0: the monitor does not know it or is gone; -ETIMEDOUT. */
static int watch_by_monitor(struct exd_engine *engine, const struct exd_record *record,
			    int64_t deadline, struct exd_exit_status *status)
{
	struct message message = MESSAGE_INIT;
	const struct wire_exit *end;
	struct conn *conn;
	int r;

	if (!record->monitor_dir[0] ||
	    pool_take(engine, record->monitor_dir, clock_left_ms(deadline), &conn) < 0)
		return 0;
	r = conn_send(conn, WIRE_WATCH, record->dir.id, strlen(record->dir.id) + 1);
	if (r == 0)
		r = conn_receive(conn, &message, clock_left_ms(deadline));
	/* A watch cannot be taken back: only closing ends it. */
	if (r < 0) {
		conn_close(conn);
		return r == -ETIMEDOUT ? r : 0;
	}
	end = message_body(&message, sizeof(*end));
	if (message.head.type == WIRE_EXITED && end) {
		exit_status_from_wire(status, end);
		r = 1;
	}
	message_clear(&message);
	pool_give(engine, conn);
	return r;
}

/* Its monitor is gone: init itself is watched, and then the kernel asked. */
static int watch_by_pidfd(struct exd_record *record, int64_t deadline)
{
	struct pollfd end = {.fd = exd_record_pidfd(record), .events = POLLIN};
	int64_t settle;
	int r = 1;

	while (end.fd >= 0 && (r = poll(&end, 1, clock_left_ms(deadline))) < 0 && errno == EINTR)
		continue;
	if (r == 0)
		return -ETIMEDOUT;
	settle = clock_ms() + SETTLE_MS;
	while (record_status(record) == EXD_STATUS_LOST && nap(settle) == 0)
		continue;
	return 0;
}

/* What was learned from the kernel is kept for the next who asks. */
static void keep_exit(struct exd_record *record)
{
	if (record->json && state_try_lock(&record->dir) == 0) {
		(void)record_save_exit(record, &record->exit, NULL);
		(void)close(take_fd(&record->dir.lock_fd));
	}
}

static int wait_running(struct exd_engine *engine, struct exd_record *record, int64_t deadline,
			struct exd_exit_status *status)
{
	bool had_exit;
	int r;

	/* Opened while it lives: later the kernel tells the exit code only through this. */
	(void)exd_record_pidfd(record);
	r = watch_by_monitor(engine, record, deadline, status);
	if (r != 0)
		return r;
	if (monitor_alive(engine->root_fd, record->monitor_dir))
		return nap(deadline);
	had_exit = record->ended;
	r = watch_by_pidfd(record, deadline);
	if (r == 0 && !had_exit)
		keep_exit(record);
	return r;
}

/* Until it has ended: 0, or -ETIMEDOUT. */
static int wait_end(struct exd_engine *engine, struct target *target, int64_t deadline,
		    struct exd_exit_status *status, struct exd_error *err)
{
	char id[ID_SIZE];
	int r = 0;

	memcpy(id, target->record->dir.id, sizeof(id));
	while (r == 0) {
		switch (record_status(target->record)) {
		case EXD_STATUS_STOPPED:
		case EXD_STATUS_LOST:
			*status = target->record->exit;
			return 0;
		case EXD_STATUS_CREATING:
			r = nap(deadline);
			target->record = record_free(target->record);
			if (r == 0)
				r = record_load(engine->root_fd, id, &target->record, err);
			break;
		case EXD_STATUS_CREATED:
		case EXD_STATUS_RUNNING:
		case EXD_STATUS_PAUSED:
			r = wait_running(engine, target->record, deadline, status);
			if (r > 0)
				return 0;
			break;
		}
	}
	if (r == -ETIMEDOUT)
		return exd_error_set(err, EXD_ERR_TIMEOUT, ETIMEDOUT,
				     "container '%s' has not ended yet", id);
	return r;
}

/* One that goes with its container looks lost while its files are removed, one after the other. */
static int load_again(struct exd_engine *engine, const char *id, struct target *target,
		      struct exd_error *err)
{
	(void)nap(-1);
	target->record = record_free(target->record);
	return record_load(engine->root_fd, id, &target->record, err);
}

int exd_wait(struct exd_engine *engine, const char *id, int timeout_ms,
	     struct exd_exit_status *status, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct exd_exit_status end = {.struct_size = sizeof(end)};
	int64_t deadline = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	int r = sized_check(status, "exd_exit_status", err);

	if (r == 0)
		r = record_load(engine->root_fd, id, &target.record, err);
	if (r == 0)
		r = wait_end(engine, &target, deadline, &end, err);
	if (r == 0 && end.lost)
		r = load_again(engine, id, &target, err);
	if (r < 0)
		return r;
	if (status)
		sized_give(status, &end, sizeof(end));
	if (end.lost)
		return exd_error_set(err, EXD_ERR_LOST, ESRCH, "container '%s' is lost: %s", id,
				     exd_lost_reason(end.lost));
	return 0;
}

/* ---- delete ---------------------------------------------------------------------------------- */

static int end_first(struct exd_engine *engine, struct target *target, bool force,
		     struct exd_error *err)
{
	const char *id = target->record->dir.id;
	enum exd_status status = record_status(target->record);
	struct exd_exit_status end;
	int r;

	if (status == EXD_STATUS_STOPPED || status == EXD_STATUS_LOST)
		return 0;
	if (status == EXD_STATUS_CREATING)
		return exd_error_set(err, EXD_ERR_NOT_STOPPED, EBUSY,
				     "container '%s' is still being created", id);
	if (!force)
		return exd_error_set(err, EXD_ERR_NOT_STOPPED, EBUSY,
				     "container '%s' is %s: stop it first, or use force", id,
				     exd_status_name(status));
	r = target_terminate(engine, target, err);
	return r < 0 ? r : wait_end(engine, target, clock_ms() + DELETE_MS, &end, err);
}

/* Its monitor holds the lock until its own cleanup is over. -ENOENT: that removed all. */
static int lock_directory(struct exd_record *record, struct exd_error *err)
{
	int64_t deadline = clock_ms() + DELETE_MS;
	int r;

	do
		r = state_try_lock(&record->dir);
	while (r == -EWOULDBLOCK && nap(deadline) == 0);
	if (r < 0 && r != -ENOENT)
		exd_error_set(err, EXD_ERR_STATE, -r,
			      "cannot lock the state directory of container '%s'", record->dir.id);
	return r;
}

static int remove_traces(struct exd_engine *engine, struct target *target, struct exd_error *err)
{
	int r = 0;

	if (!target->record->json) {
		r = claim_clean(engine, target->record, err);
	} else {
		r = target_load_driver(engine, target, err);
		if (r == 0)
			r = target->plugin->driver.terminate(target->plugin->self, target->record,
							     err);
		if (r >= 0)
			r = target->plugin->driver.clean(target->plugin->self, target->record, err);
	}
	return r < 0 ? r : state_remove(engine->root_fd, target->record->dir.id, err);
}

/* What it says cannot be used: all that can be done is to forget it. */
static int remove_damaged(struct exd_engine *engine, const char *id, struct exd_error *err)
{
	cleanup_state_dir struct state_dir dir = STATE_DIR_INIT;
	int r = state_open(engine->root_fd, id, &dir, err);

	if (r < 0)
		return r;
	r = state_try_lock(&dir);
	if (r == -EWOULDBLOCK)
		return exd_error_set(err, EXD_ERR_NOT_STOPPED, EBUSY,
				     "the record of container '%s' is damaged, but its monitor is "
				     "at work with it",
				     id);
	if (r < 0 && r != -ENOENT)
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot lock the state directory of container '%s'", id);
	return state_remove(engine->root_fd, id, err);
}

int exd_delete(struct exd_engine *engine, const char *id, bool force, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	int r = record_load(engine->root_fd, id, &target.record, err);

	if (r == -EBADMSG && force)
		return remove_damaged(engine, id, err);
	if (r == 0)
		r = end_first(engine, &target, force, err);
	if (r == 0)
		r = lock_directory(target.record, err);
	if (r == -ENOENT && target.record)
		return 0;
	return r < 0 ? r : remove_traces(engine, &target, err);
}

int exd_clean(struct exd_engine *engine, const char *id, struct exd_error *err)
{
	return exd_delete(engine, id, false, err);
}
