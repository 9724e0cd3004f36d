/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers: from their birth to their end, and what that means for what they started. */
#include "monitor/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/execdriver.h>

#include "monitor/sys.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define PATIENCE_MS 10000
#define WARNINGS_MAX 64
/* More than its socket holds: what comes behind that is not from a dead one. */
#define LAST_TURNS 16

static void be_patient(struct monitor *m, struct task *t)
{
	uint32_t ms = t->hook_timeout_ms < PATIENCE_MS ? t->hook_timeout_ms : PATIENCE_MS;

	timer_arm(m, &t->worker->patience, (uint64_t)ms * MS_NS);
}

void worker_warn(struct monitor *m, struct task *t, const char *text)
{
	struct wire_failure f = {.stage = EXD_STAGE_CHILD, .step = -1};
	struct iovec iov[2] = {
		{.iov_base = &f, .iov_len = sizeof(f)},
		{.iov_base = (void *)text, .iov_len = strlen(text) + 1},
	};
	struct message msg = {
		.type = WIRE_WARNING, .request = t->request, .body = iov, .parts = 2};

	/* A client that is not read to must not be flooded until it is dropped. */
	if (t->worker->warnings++ < WARNINGS_MAX)
		client_send(m, t->client, &msg);
	else
		t->worker->warnings = WARNINGS_MAX;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static int order(const struct worker *w, enum exd_worker_order_kind kind)
{
	struct exd_worker_order o = {.struct_size = sizeof(o), .kind = kind};

	if (w->line.fd < 0)
		return -EPIPE;
	return neg_errno(send(w->line.fd, &o, sizeof(o), MSG_NOSIGNAL | MSG_DONTWAIT));
}

static void kill_worker(struct worker *w)
{
	w->killed = true;
	if (w->pidfd.fd >= 0)
		(void)sys_pidfd_signal(w->pidfd.fd, SIGKILL);
}

static void kill_init(struct task *t)
{
	struct worker *w = t->worker;

	if (w->stage < WORKER_PARKED)
		return;
	t->killed = true;
	if (w->flags & WIRE_WORKER_REMOTE)
		(void)order(w, EXD_WORKER_STOP);
	else
		(void)sys_pidfd_signal(t->pidfd.fd, SIGKILL);
}

void worker_kill(struct monitor *m, struct task *t)
{
	kill_init(t);
	/* Of a process of this host the end is seen: patience begins with that. */
	if (t->worker->flags & WIRE_WORKER_REMOTE && t->state <= TASK_RUNNING)
		be_patient(m, t);
}

int worker_signal(struct monitor *m, struct task *t, int sig)
{
	struct worker *w = t->worker;

	if (t->state > TASK_RUNNING || w->stage != WORKER_READY || worker_init_ended(t))
		return -ESRCH;
	if (sig == SIGKILL) {
		worker_kill(m, t);
		return 0;
	}
	/* The driver has a way of its own. */
	if (w->flags & WIRE_WORKER_REMOTE)
		return -EOPNOTSUPP;
	return sys_pidfd_signal(t->pidfd.fd, sig);
}

void worker_go(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;
	int r;

	w->stage = WORKER_SENT_ON;
	r = order(w, EXD_WORKER_GO);
	if (r < 0)
		task_abort(m, t, EXD_ERR_ABORTED, -r, "pre_start hook");
}

/* ---- a start that is given up ---------------------------------------------------------------- */

/* Nobody said why it ended before its program began. */
static void explain(struct task *t)
{
	const struct worker *w = t->worker;
	char text[96];

	if (t->launch->failure.code)
		return;
	if (w->killed)
		(void)snprintf(text, sizeof(text), "the driver's worker closed its line");
	else
		(void)snprintf(text, sizeof(text),
			       WIFSIGNALED(w->status)
				       ? "the driver's worker ended too early, by signal %d"
				       : "the driver's worker ended too early, with exit code %d",
			       WIFSIGNALED(w->status) ? WTERMSIG(w->status)
						      : WEXITSTATUS(w->status));
	launch_fail(t, oom_moved(t) ? EXD_ERR_LIMIT_TOO_SMALL : EXD_ERR_ABORTED, 0, text);
	t->launch->failure.stage = EXD_STAGE_CHILD;
}

static void aborted(struct monitor *m, struct task *t)
{
	kill_init(t);
	explain(t);
	t->state = TASK_END;
	task_advance(m, t);
}

void worker_abort(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	/* Parked ones are undone by the worker; once it runs, the end of the line stops nothing. */
	if (w->stage >= WORKER_READY)
		kill_init(t);
	watch_close(m, &t->report);
	watch_close(m, &w->line);
	if (w->gone)
		aborted(m, t);
	else
		be_patient(m, t);
}

/* ---- the end --------------------------------------------------------------------------------- */

void worker_settle(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	if (t->state != TASK_RUNNING || (w->stage != WORKER_TOLD && !w->broken))
		return;
	if (w->stage != WORKER_TOLD) {
		t->exit.lost = EXD_LOST_WORKER;
		t->exit.finished_ns = clock_ns(CLOCK_REALTIME);
	}
	watch_close(m, &w->line);
	close_fd(&w->alive);
	if (!w->gone)
		be_patient(m, t);
	t->state = TASK_END;
	task_advance(m, t);
}

void worker_lose(struct monitor *m, struct task *t, const char *why)
{
	struct worker *w = t->worker;

	if (w->broken || w->stage == WORKER_TOLD)
		return;
	w->broken = true;
	worker_warn(m, t, why);
	kill_init(t);
	/* The way to what runs elsewhere is through it. */
	if (!(w->flags & WIRE_WORKER_REMOTE))
		kill_worker(w);
	watch_close(m, &w->line);
	worker_settle(m, t);
}

static void init_gone(struct monitor *m, struct watch *watch, uint32_t events)
{
	struct task *t = container_of(watch, struct task, pidfd);

	(void)events;
	/* It stays open: a pidfd tells for ever that its process has ended. */
	watch_remove(m, watch);
	if (t->state == TASK_CLEANUP) {
		task_advance(m, t);
	} else if (t->state == TASK_RUNNING) {
		/* The worker may remove the cgroup next. */
		if (t->oom)
			oom_follow(m, t->oom);
		be_patient(m, t);
	}
}

static void watch_init(struct monitor *m, struct task *t)
{
	t->pidfd.fn = init_gone;
	(void)watch_add(m, &t->pidfd, EPOLLIN);
}

void worker_acked(struct monitor *m, struct task *t)
{
	if (t->worker->alive < 0)
		watch_init(m, t);
	worker_settle(m, t);
}

bool worker_over(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	if (!w || !w->pid || w->given_up)
		return true;
	if (!w->patience.at_ns)
		be_patient(m, t);
	if (!w->gone)
		return false;
	if (w->flags & WIRE_WORKER_REMOTE || worker_init_ended(t))
		return true;
	/* A second time is no mistake: it says that it is there. */
	watch_init(m, t);
	return false;
}

static void gone(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	w->gone = true;
	watch_close(m, &w->pidfd);
	watch_close(m, &w->line);
	if (t->state == TASK_ABORTING)
		aborted(m, t);
	else if (t->state < TASK_ABORTING && w->stage < WORKER_READY)
		task_abort(m, t, 0, 0, NULL);
	else if (w->stage < WORKER_TOLD && !w->broken)
		worker_lose(m, t, "the driver's worker ended without telling how it went on");
	else if (t->state == TASK_CLEANUP)
		task_advance(m, t);
}

/* Whether it was reaped; the task may have gone with it. */
static bool try_reap(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;
	siginfo_t info = {0};

	if (syscall(SYS_waitid, P_PIDFD, w->pidfd.fd, &info, WEXITED | WNOHANG, NULL) < 0 ||
	    !info.si_pid)
		return false;
	w->status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status;
	gone(m, t);
	return true;
}

static void ended(struct monitor *m, struct watch *watch, uint32_t events)
{
	struct worker *w = container_of(watch, struct worker, pidfd);
	struct task *t = w->task;

	/* What it said last counts. */
	if (t->report.fd >= 0)
		report_ready(m, &t->report, events);
	for (int i = 0; i < LAST_TURNS && w->line.fd >= 0 && worker_hear(m, t) > 0; i++)
		;
	(void)try_reap(m, t);
}

static void out_of_patience(struct monitor *m, struct timer *timer)
{
	struct worker *w = container_of(timer, struct worker, patience);
	struct task *t = w->task;

	if (t->state <= TASK_RUNNING) {
		worker_lose(m, t, "the driver's worker did not tell how the container ended");
	} else if (!w->killed) {
		kill_worker(w);
		kill_init(t);
		be_patient(m, t);
	} else if (w->gone || !try_reap(m, t)) {
		/* Not even SIGKILL ends it: gc finds what stays. */
		w->given_up = true;
		if (t->state == TASK_ABORTING)
			aborted(m, t);
		else if (t->state == TASK_CLEANUP)
			task_advance(m, t);
	}
}

/* ---- the beginning --------------------------------------------------------------------------- */

int worker_new(struct task *t)
{
	const struct wire_plan *p = t->launch->plan;
	const struct wire_step *program =
		&t->launch->steps[p->phase_steps[WIRE_PREPARE] + p->phase_steps[WIRE_CHILD] - 1];
	struct worker *w;

	if (program->op != WIRE_WORKER)
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->task = t;
	w->flags = (uint32_t)program->num[2];
	w->line.fd = w->pidfd.fd = w->alive = -1;
	w->patience.fn = out_of_patience;
	t->worker = w;
	return 0;
}

int worker_born(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	w->pid = t->pid;
	w->pidfd.fd = t->pidfd.fd;
	w->pidfd.fn = ended;
	t->pid = 0;
	t->start_time = 0;
	t->pidfd.fd = -1;
	return watch_add(m, &w->pidfd, EPOLLIN);
}

static void line_ready(struct monitor *m, struct watch *watch, uint32_t events)
{
	struct worker *w = container_of(watch, struct worker, line);
	struct task *t = w->task;

	(void)events;
	if (worker_hear(m, t) >= 0)
		return;
	watch_close(m, &w->line);
	if (w->stage >= WORKER_READY)
		worker_lose(m, t, "the driver's worker ended without telling how it went on");
	else
		task_abort(m, t, 0, 0, NULL);
}

void worker_begin(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;
	int r;

	watch_close(m, &t->report);
	w->line.fn = line_ready;
	r = watch_add(m, &w->line, EPOLLIN);
	if (r < 0)
		task_abort(m, t, EXD_ERR_SYSTEM, -r, "watch the driver's worker");
}

void worker_free(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	if (!w)
		return;
	timer_disarm(m, &w->patience);
	watch_close(m, &w->line);
	watch_close(m, &w->pidfd);
	close_fd(&w->alive);
	free(w);
	t->worker = NULL;
}
