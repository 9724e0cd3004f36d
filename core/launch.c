/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a command to a launch message. */
#include "core/launch.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/command.h"
#include "core/log.h"
#include "core/record.h"

#define DRAIN_MS 500
#define ATTEMPTS 3

/* The container to exec in must run; a frozen one would never answer. */
static int load_target(struct launch *l, struct exd_error *err)
{
	struct exd_info info = {.struct_size = sizeof(info)};
	struct exd_plugin *plugin;
	int r = record_load(l->engine->root_fd, l->id, &l->record, err);

	if (r < 0)
		return r;
	if (record_status(l->record) != EXD_STATUS_RUNNING)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH,
				     "container '%s' is not running", l->id);
	r = launch_select_driver(l->engine, l->record, &plugin, err);
	if (r == 0)
		r = plugin_require(plugin, EXD_CAP_EXEC, "exec", err);
	if (r == 0)
		r = plugin->driver.info(plugin->self, l->record, &info, err);
	if (r == 0 && info.paused)
		r = exd_error_set(err, EXD_ERR_PAUSED, EBUSY, "container '%s' is paused", l->id);
	l->process->plugin = plugin;
	return r;
}

static int make_home(struct launch *l, struct exd_error *err)
{
	int r = launch_give_id(l, err);

	if (r == 0)
		r = launch_select_driver(l->engine, NULL, &l->process->plugin, err);
	if (r == 0 && l->process->hooks.pre_start)
		r = plugin_require(l->process->plugin, EXD_CAP_PRE_START, "pre_start hooks", err);
	if (r == 0)
		r = state_create(l->engine->root_fd, exd_command_string(l->command, EXD_KEY_ID, ""),
				 &l->process->dir, err);
	return r;
}

static int prepare(struct launch *l, struct exd_error *err)
{
	struct exd_process *p = l->process;
	const char *id;
	int r = command_check(l->command, l->id != NULL, err);

	if (r < 0)
		return r;
	r = l->id ? load_target(l, err) : make_home(l, err);
	if (r < 0)
		return r;
	id = l->id ? l->id : p->dir.id;
	memcpy(p->id, id, strlen(id) + 1);
	p->is_exec = l->id != NULL;
	p->ephemeral = l->flags & EXD_START_EPHEMERAL;
	p->tied = l->flags & EXD_START_TIED;
	p->wants_tty = exd_command_bool(l->command, EXD_KEY_TTY);
	r = plan_new(&l->plan, l->engine->root_fd, l->command, err);
	if (r == 0)
		r = launch_open_stdio(l, err);
	if (r < 0)
		return r;
	plan_set_park(l->plan, !p->is_exec && p->hooks.pre_start);
	r = launch_compile(l, p->plugin, err);
	return r < 0 ? r : plan_seal(l->plan, &l->memfd, &l->hash, err);
}

static int make_state_text(const struct launch *l, const struct conn *conn, char **text,
			   struct exd_error *err)
{
	struct state_fields fields = {
		.id = l->process->id,
		.boot_id = l->engine->boot_id,
		.driver = l->process->plugin->name,
		.created_ns = clock_ns(CLOCK_REALTIME),
		.command = l->command,
		.plan = l->plan,
		.monitor_dir = conn->monitor,
		.monitor_pid = conn->monitor_pid,
		.monitor_start_time = conn->monitor_start_time,
		.plan_hash = l->hash,
		.detached = !l->process->ephemeral,
	};

	return state_text(&fields, text, err);
}

static int send_slots(struct conn *conn, const int *fds, size_t count)
{
	int r = 0;

	while (r == 0 && count) {
		size_t now = count < WIRE_FDS_MAX ? count : WIRE_FDS_MAX;

		r = conn_send_parts(conn, WIRE_FDS, NULL, 0, fds, now);
		fds += now;
		count -= now;
	}
	return r;
}

/* The descriptors beside the plan, in the order of enum wire_with. */
static size_t collect_fds(const struct launch *l, int *fds, uint32_t *with)
{
	const struct exd_process *p = l->process;
	const struct {
		uint32_t bit;
		int fd;
	} all[] = {
		{WIRE_WITH_STATE_DIR, p->dir.fd},
		{WIRE_WITH_ROOT_DIR, p->is_exec ? FD_NONE : l->engine->root_fd},
		{WIRE_WITH_LOCK, p->dir.lock_fd},
		{WIRE_WITH_OOM, l->oom_write},
		{WIRE_WITH_DRAIN_OUT, p->stdio[1]},
		{WIRE_WITH_DRAIN_ERR, p->stdio[2]},
		{WIRE_WITH_OUTPUT, p->wants_tty ? l->output : FD_NONE},
	};
	size_t count = 0;

	fds[count++] = l->memfd;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].fd < 0)
			continue;
		*with |= all[i].bit;
		fds[count++] = all[i].fd;
	}
	return count;
}

static int send_launch(const struct launch *l, struct conn *conn, const char *state)
{
	const struct exd_process *p = l->process;
	struct wire_launch body = {
		.hook_timeout_ms = p->hook_timeout_ms,
		.drain_ms = l->stdio.drain_ms ? l->stdio.drain_ms : DRAIN_MS,
		.id_size = (uint16_t)(strlen(p->id) + 1),
		.state_size = (uint32_t)(state ? strlen(state) + 1 : 0),
		.plan_hash = l->hash,
		/* A monitor of one engine's own starts one container, and ends with it. */
		.warm = l->engine->flags & EXD_ENGINE_PRIVATE_MONITOR ? 0 : l->plan->warm,
	};
	struct iovec parts[] = {
		{.iov_base = &body, .iov_len = sizeof(body)},
		{.iov_base = (void *)p->id, .iov_len = body.id_size},
		{.iov_base = (void *)state, .iov_len = body.state_size},
	};
	size_t slot_count, count;
	const int *slots = plan_fds(l->plan, &slot_count);
	int fds[8];
	int r = send_slots(conn, slots, slot_count);

	if (r < 0)
		return r;
	count = collect_fds(l, fds, &body.with);
	body.slot_fds = (uint16_t)slot_count;
	body.flags =
		(p->is_exec ? WIRE_LAUNCH_EXEC : 0) | (p->tied ? WIRE_LAUNCH_TIED : 0) |
		(p->ephemeral ? WIRE_LAUNCH_EPHEMERAL : 0) |
		(body.with & (WIRE_WITH_DRAIN_OUT | WIRE_WITH_DRAIN_ERR) ? WIRE_LAUNCH_DRAIN : 0);
	return conn_send_parts(conn, WIRE_LAUNCH, parts, state ? 3 : 2, fds, count);
}

/* An exec goes to the monitor that has the container, if it lives: one process less to start. */
static int take_conn(const struct launch *l, struct conn **out, struct exd_error *err)
{
	if (l->record && l->record->monitor_dir[0] &&
	    pool_take(l->engine, l->record->monitor_dir, CONN_TIMEOUT_MS, out) == 0)
		return 0;
	return pool_take_own(l->engine, out, err);
}

static int send_once(struct launch *l, struct exd_error *err)
{
	cleanup_conn struct conn *conn = NULL;
	cleanup_free char *state = NULL;
	int r = take_conn(l, &conn, err);

	if (r == 0 && !l->id)
		r = make_state_text(l, conn, &state, err);
	if (r < 0)
		return r;
	r = send_launch(l, conn, state);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_MONITOR, -r, "cannot send the launch of '%s'",
				     l->process->id);
	l->process->launched_ms = clock_ms();
	l->process->conn = take_ptr(&conn);
	l->process->state = take_ptr(&state);
	return 0;
}

/* A monitor may end just when a launch is sent to it, by its own decision or by force. */
static int send_to_monitor(struct launch *l, struct exd_error *err)
{
	int r = -EPIPE;

	for (int i = 0; i < ATTEMPTS && (r == -EPIPE || r == -ECONNRESET); i++)
		r = send_once(l, err);
	return r;
}

static void abandon(struct launch *l)
{
	struct exd_process *p = l->process;

	if (p->dir.lock_fd >= 0)
		(void)state_remove(l->engine->root_fd, p->dir.id, NULL);
	p->source = SOURCE_NONE;
	process_release(p);
	watch_unref(l->engine, &p->watch);
	l->process = NULL;
}

int launch(struct launch *l, struct exd_error *err)
{
	int r;

	l->memfd = l->null = l->output = l->oom_write = FD_NONE;
	l->pipe[0] = l->pipe[1] = l->pipe[2] = FD_NONE;
	r = process_new(l->engine, l->hooks, &l->process, err);
	if (r < 0)
		return r;
	r = prepare(l, err);
	if (r == 0) {
		engine_log(l->engine, EXD_LOG_DEBUG, l->process->plugin->name, l->process->id,
			   "plan %016" PRIx64, l->hash);
		r = send_to_monitor(l, err);
	}
	if (r < 0)
		abandon(l);
	launch_close_stdio(l);
	if (l->memfd >= 0)
		(void)close(l->memfd);
	l->plan = plan_free(l->plan);
	l->record = record_free(l->record);
	l->own = exd_command_free(l->own);
	return r;
}
