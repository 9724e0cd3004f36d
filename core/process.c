/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes: the object, who may work on it, and the turns of its life. */
#include "core/process.h"

#include <errno.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/leftover.h"
#include "core/log.h"
#include "core/record.h"
#include "core/sized.h"

#define HOOK_TIMEOUT_MS 30000 /* as the monitor has it */
#define ANSWER_MS 10000       /* for the monitor to abort a start that took too long, and say so */

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = FD_NONE;
}

static void release(struct exd_engine *engine, struct watch *watch)
{
	struct exd_process *p = (struct exd_process *)watch;

	conn_close(p->conn);
	state_dir_close(&p->dir);
	record_free(p->record);
	free(p->state);
	close_if_open(&p->timer_fd);
	close_if_open(&p->pidfd);
	close_if_open(&p->tty);
	close_if_open(&p->oom_fd);
	for (int i = 0; i < 3; i++)
		close_if_open(&p->stdio[i]);
	pthread_cond_destroy(&p->released);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Never blocks; a thread that waits for the process has it claimed and does the work itself. */
static int ready(struct exd_engine *engine, struct watch *watch)
{
	struct exd_process *p = (struct exd_process *)watch;
	int handled = 0;

	if (process_claim(p, 0) < 0)
		return 0;
	while (!process_over(p) && process_step(p, 0) == 0)
		handled++;
	process_release(p);
	return handled;
}

int process_new(struct exd_engine *engine, const struct exd_hooks *hooks, struct exd_process **out,
		struct exd_error *err)
{
	struct exd_process *p = calloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	if (!p)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot make a process");
	p->watch = (struct watch){.refs = 1, .fd = FD_NONE, .ready = ready, .release = release};
	p->engine = engine;
	p->dir = STATE_DIR_INIT;
	p->timer_fd = p->pidfd = p->tty = p->oom_fd = FD_NONE;
	p->stdio[0] = p->stdio[1] = p->stdio[2] = FD_NONE;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->released, &monotonic);
	pthread_condattr_destroy(&monotonic);
	p->busy = true;
	p->owner = pthread_self();
	if (hooks)
		sized_take(&p->hooks, hooks, sizeof(p->hooks));
	p->hook_timeout_ms = p->hooks.timeout_ms;
	*out = p;
	return 0;
}

struct exd_process *process_of_watch(struct watch *watch)
{
	return watch->ready == ready ? (struct exd_process *)watch : NULL;
}

int process_claim(struct exd_process *p, int64_t deadline_ms)
{
	struct timespec until = {.tv_sec = deadline_ms / 1000,
				 .tv_nsec = deadline_ms % 1000 * 1000000};
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (p->busy && pthread_equal(p->owner, pthread_self()))
		r = EDEADLK;
	while (p->busy && r == 0) {
		if (deadline_ms < 0)
			r = pthread_cond_wait(&p->released, &p->lock);
		else
			r = pthread_cond_timedwait(&p->released, &p->lock, &until);
	}
	if (r == 0) {
		p->busy = true;
		p->owner = pthread_self();
	}
	pthread_mutex_unlock(&p->lock);
	return -r;
}

void process_release(struct exd_process *p)
{
	pthread_mutex_lock(&p->lock);
	p->busy = false;
	pthread_cond_broadcast(&p->released);
	/* In one with the claim: whoever has it next finds the entry as it belongs. */
	(void)watch_arm(p->engine, &p->watch, process_source_fd(p));
	pthread_mutex_unlock(&p->lock);
}

int process_source_fd(const struct exd_process *p)
{
	switch (p->source) {
	case SOURCE_MONITOR:
		return p->conn ? p->conn->fd : FD_NONE;
	case SOURCE_PIDFD:
		return p->pidfd;
	case SOURCE_TIMER:
		return p->timer_fd;
	case SOURCE_NONE:
		break;
	}
	return FD_NONE;
}

int process_step(struct exd_process *p, int timeout_ms)
{
	struct message message = MESSAGE_INIT;
	int r;

	if (p->source != SOURCE_MONITOR)
		return process_orphan_step(p, timeout_ms);
	r = conn_receive(p->conn, &message, timeout_ms);
	if (r == -ETIMEDOUT)
		return r;
	if (r == 0)
		process_handle(p, &message);
	else
		process_monitor_gone(p, r);
	message_clear(&message);
	return 0;
}

bool process_over(const struct exd_process *p)
{
	return p->phase == EXD_PHASE_DONE || p->phase == EXD_PHASE_FAILED;
}

int process_finish(struct exd_process *p, int64_t deadline_ms)
{
	int64_t answer_ms = process_answer_ms(p);
	int r = 0;

	while (r == 0 && !process_over(p)) {
		bool starting = p->source == SOURCE_MONITOR && p->phase <= EXD_PHASE_PARKED;
		bool answer_first = starting && (deadline_ms < 0 || answer_ms < deadline_ms);

		r = process_step(p, clock_left_ms(answer_first ? answer_ms : deadline_ms));
		if (r == -ETIMEDOUT && answer_first) {
			process_monitor_gone(p, r);
			r = 0;
		}
	}
	return r;
}

int process_result(const struct exd_process *p, struct exd_exit_status *status,
		   struct exd_error *err)
{
	if (p->status.struct_size && status)
		sized_give(status, &p->status, sizeof(p->status));
	if (p->result < 0 && err)
		*err = p->error;
	return p->result;
}

void process_set_phase(struct exd_process *p, enum exd_phase phase)
{
	pthread_mutex_lock(&p->lock);
	p->phase = phase;
	pthread_mutex_unlock(&p->lock);
}

void process_end(struct exd_process *p, enum exd_phase phase)
{
	bool freed;

	/* Out of the epoll set first: the next user of the connection brings it in again. */
	p->source = SOURCE_NONE;
	(void)watch_arm(p->engine, &p->watch, FD_NONE);
	pool_give(p->engine, take_ptr(&p->conn));
	state_dir_close(&p->dir);
	pthread_mutex_lock(&p->lock);
	p->phase = phase;
	freed = p->freed;
	pthread_mutex_unlock(&p->lock);
	if (freed)
		watch_remove(p->engine, &p->watch);
}

int64_t process_hook_ms(const struct exd_process *p)
{
	return p->hook_timeout_ms ? p->hook_timeout_ms : HOOK_TIMEOUT_MS;
}

int64_t process_answer_ms(const struct exd_process *p)
{
	return p->launched_ms + process_hook_ms(p) + ANSWER_MS;
}

struct exd_hooks process_hooks(struct exd_process *p)
{
	struct exd_hooks hooks;

	pthread_mutex_lock(&p->lock);
	hooks = p->hooks;
	pthread_mutex_unlock(&p->lock);
	return hooks;
}

static void run_post_stop(struct exd_process *p)
{
	struct exd_hooks hooks = process_hooks(p);

	if (hooks.post_stop && !p->is_exec)
		hooks.post_stop(hooks.ctx, p);
}

void process_failed(struct exd_process *p, int result, const struct exd_error *error)
{
	if (p->result == 0) {
		p->result = result;
		p->error = *error;
	}
	engine_log(p->engine, EXD_LOG_INFO, p->plugin->name, p->id, "start failed: %s",
		   p->error.text);
	if (p->pre_started)
		run_post_stop(p);
	process_end(p, EXD_PHASE_FAILED);
}

void process_exited(struct exd_process *p, const struct exd_exit_status *status)
{
	struct exd_hooks hooks = process_hooks(p);

	p->status = *status;
	if (status->lost && p->result == 0)
		p->result = exd_error_set(&p->error, EXD_ERR_LOST, ESRCH, "%s '%s': %s",
					  p->is_exec ? "a process in" : "container", p->id,
					  exd_lost_reason(status->lost));
	process_set_phase(p, EXD_PHASE_EXITED);
	engine_log(p->engine, EXD_LOG_DEBUG, p->plugin->name, p->id, "%s %d ended: exit code %u",
		   p->is_exec ? "process" : "init", (int)p->pid, status->exit_code);
	if (hooks.exit)
		hooks.exit(hooks.ctx, p, &p->status);
	if (p->is_exec)
		process_end(p, EXD_PHASE_DONE);
}

void process_cleaned(struct exd_process *p)
{
	if (p->ephemeral)
		leftover_remove(p->engine, p->id);
	run_post_stop(p);
	process_end(p, EXD_PHASE_DONE);
}
