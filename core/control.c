/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done to a container by its id: signals, freezing, figures, limits. */
#include "core/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "core/conn.h"
#include "core/launch.h"
#include "core/sized.h"
#include "core/stats_ask.h"

void target_close(struct target *target)
{
	int saved = errno;

	target->record = record_free(target->record);
	errno = saved;
}

static int not_running(const char *id, const char *why, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH, "container '%s' %s", id, why);
}

int target_open_running(struct exd_engine *engine, const char *id, struct target *target,
			struct exd_error *err)
{
	int r = record_load(engine->root_fd, id, &target->record, err);

	if (r < 0)
		return r;
	switch (record_status(target->record)) {
	case EXD_STATUS_CREATED:
	case EXD_STATUS_RUNNING:
	case EXD_STATUS_PAUSED:
		return 0;
	case EXD_STATUS_CREATING:
		return not_running(id, "is still being created", err);
	case EXD_STATUS_LOST:
		return not_running(id, exd_lost_reason(target->record->exit.lost), err);
	case EXD_STATUS_STOPPED:
		break;
	}
	return not_running(id, "is not running", err);
}

int target_load_driver(struct exd_engine *engine, struct target *target, struct exd_error *err)
{
	return launch_select_driver(engine, target->record, &target->plugin, err);
}

/* Running, with a driver that can do it. */
static int open_capable(struct exd_engine *engine, const char *id, uint64_t cap, const char *verb,
			struct target *target, struct exd_error *err)
{
	int r = target_open_running(engine, id, target, err);

	if (r == 0)
		r = target_load_driver(engine, target, err);
	return r < 0 ? r : plugin_require(target->plugin, cap, verb, err);
}

static int driver_info(const struct target *target, struct exd_info *info, struct exd_error *err)
{
	*info = (struct exd_info){.struct_size = sizeof(*info)};
	return target->plugin->driver.info(target->plugin->self, target->record, info, err);
}

/* Sends a question about the container to its monitor: what that says, or -ECONNREFUSED. */
static int ask_monitor(struct exd_engine *engine, const struct exd_record *record,
		       enum wire_type type, const struct iovec *parts, size_t count, int fd)
{
	struct conn *conn;
	int r = -ECONNREFUSED;

	if (record->monitor_dir[0])
		r = pool_take(engine, record->monitor_dir, CONN_TIMEOUT_MS, &conn);
	if (r < 0)
		return r;
	r = conn_ask(conn, type, parts, count, &fd, fd >= 0 ? 1 : 0);
	/* What did not come to an end leaves the connection in no state to be used again. */
	if (r == -EPIPE || r == -ECONNRESET || r == -EAGAIN || r == -ETIMEDOUT || r == -EPROTO) {
		conn_close(conn);
		return -ECONNREFUSED;
	}
	pool_give(engine, conn);
	return r;
}

/* ---- kill, terminate ------------------------------------------------------------------------- */

/* -ENOENT and -ECONNREFUSED: not by way of the monitor. */
static int signal_by_monitor(struct exd_engine *engine, const struct exd_record *record, int sig)
{
	struct wire_kill body = {.signal = sig, .id_size = (uint32_t)strlen(record->dir.id) + 1};
	struct iovec parts[] = {
		{.iov_base = &body, .iov_len = sizeof(body)},
		{.iov_base = (void *)record->dir.id, .iov_len = body.id_size},
	};

	return ask_monitor(engine, record, WIRE_KILL, parts, 2, FD_NONE);
}

/*
 * By way of the monitor, if it lives: it keeps apart who killed, we or the kernel for lack of
 * memory.
 */
static int signal_init(struct exd_engine *engine, struct exd_record *record, int sig)
{
	int r = signal_by_monitor(engine, record, sig);
	int pidfd;

	/* A kill takes neither memory nor descriptors. */
	if (r != -ECONNREFUSED && r != -ENOENT && !cannot_tell(r))
		return r;
	pidfd = exd_record_pidfd(record);
	if (pidfd < 0)
		return pidfd;
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* A frozen process does not even die. */
static void thaw_killed(const struct target *target)
{
	struct exd_info info;

	if (target->plugin && plugin_require(target->plugin, EXD_CAP_PAUSE, "pause", NULL) == 0 &&
	    driver_info(target, &info, NULL) >= 0 && info.paused)
		(void)target->plugin->driver.unpause(target->plugin->self, target->record, NULL);
}

/* The driver's own way, or init's pidfd. A driver that cannot be loaded cannot have one. */
static int signal_target(struct exd_engine *engine, struct target *target, int sig,
			 struct exd_error *err)
{
	const char *id = target->record->dir.id;
	int r;

	if (target_load_driver(engine, target, NULL) == 0 && target->plugin->driver.kill)
		return target->plugin->driver.kill(target->plugin->self, target->record, sig, err);
	r = signal_init(engine, target->record, sig);
	if (r == -ESRCH)
		return not_running(id, "has ended", err);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot signal container '%s'", id);
	return 0;
}

int exd_kill(struct exd_engine *engine, const char *id, int signal, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	int r;

	if (signal < 0 || signal > SIGRTMAX)
		return exd_error_set(err, EXD_ERR_INVALID, EINVAL, "%d is not a signal", signal);
	r = target_open_running(engine, id, &target, err);
	if (r == 0)
		r = signal_target(engine, &target, signal, err);
	if (r >= 0 && signal == SIGKILL)
		thaw_killed(&target);
	return r < 0 ? r : 0;
}

int target_terminate(struct exd_engine *engine, struct target *target, struct exd_error *err)
{
	int r = target_load_driver(engine, target, err);

	if (r < 0)
		return r;
	(void)signal_by_monitor(engine, target->record, SIGKILL);
	return target->plugin->driver.terminate(target->plugin->self, target->record, err);
}

int exd_terminate(struct exd_engine *engine, const char *id, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct exd_error why = EXD_ERROR_INIT;
	int r = target_open_running(engine, id, &target, &why);

	/* One that has ended may have left processes behind. */
	if (why.code == EXD_ERR_NOT_RUNNING && target.record->started)
		r = 0;
	if (r == 0)
		r = target_terminate(engine, &target, &why);
	if (r < 0 && err)
		*err = why;
	return r < 0 ? r : 0;
}

/* ---- through the driver ---------------------------------------------------------------------- */

int exd_pause(struct exd_engine *engine, const char *id, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct exd_info info;
	int r = open_capable(engine, id, EXD_CAP_PAUSE, "pause", &target, err);

	if (r == 0)
		r = driver_info(&target, &info, err);
	if (r < 0)
		return r;
	if (info.paused)
		return exd_error_set(err, EXD_ERR_PAUSED, EBUSY, "container '%s' is paused already",
				     id);
	return target.plugin->driver.pause(target.plugin->self, target.record, err);
}

int exd_unpause(struct exd_engine *engine, const char *id, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct exd_info info;
	int r = open_capable(engine, id, EXD_CAP_PAUSE, "unpause", &target, err);

	if (r == 0)
		r = driver_info(&target, &info, err);
	if (r < 0)
		return r;
	if (!info.paused)
		return exd_error_set(err, EXD_ERR_NOT_PAUSED, EINVAL,
				     "container '%s' is not paused", id);
	return target.plugin->driver.unpause(target.plugin->self, target.record, err);
}

int exd_pids(struct exd_engine *engine, const char *id, pid_t *pids, size_t max,
	     struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	int r = open_capable(engine, id, EXD_CAP_PIDS, "list processes", &target, err);

	if (r < 0)
		return r;
	return target.plugin->driver.pids(target.plugin->self, target.record, pids, max, err);
}

int exd_stats(struct exd_engine *engine, const char *id, struct exd_stats *stats,
	      struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct exd_stats all;
	int r = sized_check(stats, "exd_stats", err);

	if (r == 0)
		r = open_capable(engine, id, EXD_CAP_STATS, "stats", &target, err);
	if (r < 0)
		return r;
	stats_ask(&all, stats);
	r = target.plugin->driver.stats(target.plugin->self, target.record, &all, err);
	if (r >= 0)
		sized_give(stats, &all, sizeof(all));
	return r;
}

int exd_update(struct exd_engine *engine, const char *id, const struct exd_command *command,
	       struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	int r = open_capable(engine, id, EXD_CAP_UPDATE, "update", &target, err);

	if (r < 0)
		return r;
	return target.plugin->driver.update(target.plugin->self, target.record, command, err);
}

int exd_info(struct exd_engine *engine, const char *id, struct exd_info *info,
	     struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct exd_info all;
	int r = sized_check(info, "exd_info", err);

	if (r == 0)
		r = record_load(engine->root_fd, id, &target.record, err);
	if (r == 0)
		r = target_load_driver(engine, &target, err);
	if (r == 0)
		r = driver_info(&target, &all, err);
	if (r >= 0)
		sized_give(info, &all, sizeof(all));
	return r;
}

/* ---- through the monitor --------------------------------------------------------------------- */

static int no_monitor(const char *id, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_MONITOR, ECONNREFUSED,
			     "container '%s' has no monitor that answers", id);
}

int exd_resize(struct exd_engine *engine, const char *id, uint16_t rows, uint16_t columns,
	       struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	struct wire_resize body = {.rows = rows, .columns = columns};
	struct iovec parts[] = {{.iov_base = &body, .iov_len = sizeof(body)},
				{.iov_base = (void *)id}};
	int r = target_open_running(engine, id, &target, err);

	if (r < 0)
		return r;
	body.id_size = (uint32_t)strlen(id) + 1;
	parts[1].iov_len = body.id_size;
	r = ask_monitor(engine, target.record, WIRE_RESIZE, parts, 2, FD_NONE);
	if (r == -ECONNREFUSED)
		return no_monitor(id, err);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_TTY, -r, "cannot resize the terminal of '%s'",
				     id);
	return 0;
}

int exd_oom_open(struct exd_engine *engine, const char *id, struct exd_error *err)
{
	cleanup_target struct target target = TARGET_INIT;
	cleanup_close int ours = FD_NONE;
	cleanup_close int theirs = FD_NONE;
	struct iovec part = {.iov_base = (void *)id};
	int ends[2];
	int r = target_open_running(engine, id, &target, err);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot make the OOM channel");
	ours = ends[0];
	theirs = ends[1];
	if (fcntl(theirs, F_SETFL, O_NONBLOCK) < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot make the OOM channel");
	part.iov_len = strlen(id) + 1;
	r = ask_monitor(engine, target.record, WIRE_OOM_ATTACH, &part, 1, theirs);
	if (r == -ECONNREFUSED)
		return no_monitor(id, err);
	if (r == -ENOENT)
		return not_running(id, "has ended", err);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot watch container '%s' for OOM",
				     id);
	return take_fd(&ours);
}
