/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process whose monitor is gone: its end is learned from its pidfd and the kernel. */
#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "core/exit_status.h"
#include "core/launch.h"
#include "core/log.h"
#include "core/monitors.h"
#include "core/record.h"

/* An ended process has this long to be reaped, so that the kernel can tell its exit code. */
#define ASK_EVERY_MS 20
#define ASK_TIMES 50
#define BOX_SIZE 80 /* its name and what is around it, in a claim */

/*
 * Ends, cleans and forgets what the monitor would have; failures are logged, gc will find the rest.
 */
static int clean_up(struct exd_process *p)
{
	struct exd_error error = EXD_ERROR_INIT;
	const struct exd_driver *driver = &p->plugin->driver;
	int r;

	if (!p->record)
		return 0;
	r = driver->terminate(p->plugin->self, p->record, &error);
	if (r >= 0)
		r = driver->clean(p->plugin->self, p->record, &error);
	if (r >= 0 && p->ephemeral)
		r = state_remove(p->engine->root_fd, p->id, &error);
	if (r < 0)
		engine_log(p->engine, EXD_LOG_WARNING, p->plugin->name, p->id,
			   "cleanup without monitor: %s", error.text);
	return r;
}

static int load_record(struct exd_process *p)
{
	int r;

	if (p->is_exec || p->record)
		return 0;
	r = record_load(p->engine->root_fd, p->id, &p->record, NULL);
	if (r < 0)
		return r;
	if (p->record->pidfd < 0 && p->pidfd >= 0)
		p->record->pidfd = fcntl(p->pidfd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

/* The claim is the same text, and behind it the name of the box that the monitor took for it. */
static void add_box(const struct exd_process *p, struct strbuf *text)
{
	size_t size = strlen(p->state), room = size + BOX_SIZE;
	cleanup_free char *claim = malloc(room);
	ssize_t n = claim ? read_file_at(p->dir.fd, "lock", claim, room) : -ENOMEM;

	if (n <= (ssize_t)size || strncmp(claim, p->state, size) != 0 || claim[size] != ',')
		return;
	(void)sb_add_bytes(text, claim + size, strcspn(claim + size, "}"));
}

/* What the monitor had made so far is found through the record that it did not come to write. */
static void write_record(struct exd_process *p)
{
	cleanup_strbuf struct strbuf text = {0};

	if (!p->state || faccessat(p->dir.fd, "state.json", F_OK, 0) == 0)
		return;
	sb_add(&text, p->state);
	add_box(p, &text);
	if (sb_add(&text, "}") == 0)
		(void)replace_file_at(p->dir.fd, "state.json", text.text, text.size, 0600, false);
}

static int start_error(const struct exd_process *p, int why, struct exd_error *error)
{
	if (why == -ETIMEDOUT)
		return exd_error_set(error, EXD_ERR_TIMEOUT, ETIMEDOUT,
				     "the monitor does not say how the start of '%s' went", p->id);
	if (why == -EMSGSIZE)
		return exd_error_set(error, EXD_ERR_SYSTEM, EMFILE,
				     "cannot take the descriptors of '%s' from its monitor", p->id);
	return exd_error_set(error, EXD_ERR_MONITOR, EPIPE,
			     "the monitor ended while '%s' was being started", p->id);
}

static void start_failed(struct exd_process *p, int why)
{
	struct exd_error error = EXD_ERROR_INIT;
	int r = start_error(p, why, &error), left;

	write_record(p);
	left = load_record(p);
	if (left == 0)
		left = clean_up(p);
	/* Without a record nobody would find what is left. */
	if (left >= 0 && !p->is_exec)
		(void)state_remove(p->engine->root_fd, p->id, NULL);
	process_failed(p, r, &error);
}

/* A monitor that only stands still must not go on with what is taken for failed by then. */
static void give_start_up(struct exd_process *p, int why)
{
	int32_t verdict = why;

	if (p->conn && p->phase <= EXD_PHASE_PARKED)
		(void)conn_send(p->conn, WIRE_ACK, &verdict, sizeof(verdict));
}

void process_monitor_gone(struct exd_process *p, int why)
{
	give_start_up(p, why);
	p->source = SOURCE_PIDFD;
	(void)watch_arm(p->engine, &p->watch, FD_NONE);
	p->conn = conn_close(p->conn);
	(void)monitor_reap(p->engine, 100);
	if (p->phase <= EXD_PHASE_PARKED) {
		start_failed(p, why);
		return;
	}
	engine_log(p->engine, EXD_LOG_WARNING, p->plugin->name, p->id, "its monitor is gone");
	if (p->tied && why != -EPIPE)
		p->severed = -why;
	(void)load_record(p);
	if (p->phase == EXD_PHASE_EXITED) {
		(void)clean_up(p);
		process_cleaned(p);
	}
}

/* How it ended, when that can be known now. */
static bool learn_exit(struct exd_process *p, struct exd_exit_status *status)
{
	int wait_status;

	if (p->record && record_status(p->record) == EXD_STATUS_STOPPED) {
		*status = p->record->exit;
		return true;
	}
	if (pidfd_exit_info(p->pidfd, &wait_status) < 0)
		return false;
	exit_status_from_wait(status, wait_status);
	return true;
}

/* Who reads the queue does not care who noticed. */
static void queue_exit(const struct exd_process *p, const struct exd_exit_status *status)
{
	struct exd_event event = {.type = EXD_EVENT_EXITED, .pid = p->pid, .exit = *status};

	memcpy(event.id, p->id,
	       sizeof(p->id) < sizeof(event.id) ? sizeof(p->id) : sizeof(event.id));
	event.id[sizeof(event.id) - 1] = '\0';
	events_add(p->engine, &event);
	/* Perhaps on another thread than the one that takes events. */
	engine_wake(p->engine);
}

/* What is tied to a line ends with it, and that must not look like its own end. */
static void note_severed(struct exd_process *p, const struct exd_exit_status *status)
{
	if (p->severed && p->result == 0 && status->signal == SIGKILL)
		p->result = exd_error_set(&p->error, EXD_ERR_MONITOR, p->severed,
					  "cannot talk to the monitor of '%s', which was killed "
					  "for that",
					  p->id);
}

static void orphan_exited(struct exd_process *p, struct exd_exit_status *status)
{
	note_severed(p, status);
	if (!status->finished_ns)
		status->finished_ns = clock_ns(CLOCK_REALTIME);
	if (p->record && !p->ephemeral && state_try_lock(&p->record->dir) == 0)
		(void)record_save_exit(p->record, status, NULL);
	if (!p->is_exec)
		queue_exit(p, status);
	p->source = SOURCE_NONE;
	process_exited(p, status);
	if (p->is_exec)
		return;
	(void)clean_up(p);
	process_cleaned(p);
}

static int start_timer(struct exd_process *p)
{
	struct itimerspec each = {
		.it_interval.tv_nsec = ASK_EVERY_MS * 1000000,
		.it_value.tv_nsec = ASK_EVERY_MS * 1000000,
	};

	p->timer_left = ASK_TIMES;
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->timer_fd < 0 || timerfd_settime(p->timer_fd, 0, &each, NULL) < 0)
		return -errno;
	p->source = SOURCE_TIMER;
	return 0;
}

int process_orphan_step(struct exd_process *p, int timeout_ms)
{
	struct exd_exit_status status = {.struct_size = sizeof(status), .lost = EXD_LOST_MONITOR};
	struct pollfd news = {.fd = process_source_fd(p), .events = POLLIN};
	uint64_t times;
	int r;

	do
		r = poll(&news, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return -ETIMEDOUT;
	if (p->source == SOURCE_TIMER && read(p->timer_fd, &times, sizeof(times)) == sizeof(times))
		p->timer_left -= (int)times;
	if (learn_exit(p, &status) || (p->source == SOURCE_TIMER && p->timer_left <= 0) ||
	    (p->source == SOURCE_PIDFD && start_timer(p) < 0))
		orphan_exited(p, &status);
	return 0;
}

/* ---- containers of a lost monitor that this engine has no handle of -------------------------- */

static bool known(struct exd_engine *engine, const char *id)
{
	bool found = false;

	pthread_mutex_lock(&engine->lock);
	for (struct watch *w = engine->watches; w && !found; w = w->next) {
		const struct exd_process *p = process_of_watch(w);

		found = p && !p->is_exec && strcmp(p->id, id) == 0;
	}
	pthread_mutex_unlock(&engine->lock);
	return found;
}

void process_adopt(struct exd_engine *engine, struct exd_record **record_take)
{
	struct exd_record *record = *record_take;
	struct exd_process *p = NULL;

	if (known(engine, record->dir.id) || process_new(engine, NULL, &p, NULL) < 0)
		return;
	memcpy(p->id, record->dir.id, sizeof(p->id));
	p->freed = true;
	p->phase = EXD_PHASE_RUNNING;
	p->pid = record->pid;
	p->ephemeral = !record->detached;
	p->source = SOURCE_PIDFD;
	(void)exd_record_pidfd(record);
	if (record->pidfd >= 0)
		p->pidfd = fcntl(record->pidfd, F_DUPFD_CLOEXEC, 0);
	if (launch_select_driver(engine, record, &p->plugin, NULL) == 0 && p->pidfd >= 0 &&
	    watch_add(engine, &p->watch, FD_NONE) == 0)
		p->record = take_ptr(record_take);
	process_release(p);
	watch_unref(engine, &p->watch);
}
