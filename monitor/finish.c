/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of the end: kill the rest, drain stdio, count OOM kills, record, tell, clean up. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/execdriver.h>

#include "base/treeremove.h"
#include "monitor/worker.h"

/* Entries that are removed before others have their turn. */
#define LAYER_TURN 256

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int raw_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

static uint64_t in_us(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000u + (uint64_t)tv.tv_usec;
}

/* Nobody said why it ended before its program began. */
static void explain_death(struct task *t, int status)
{
	char how[32];

	if (t->launch->failure.code)
		return;
	(void)snprintf(how, sizeof(how), WIFSIGNALED(status) ? "signal %d" : "exit code %d",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (oom_moved(t))
		launch_fail(t, EXD_ERR_LIMIT_TOO_SMALL, 0, how);
	else
		launch_fail(t, EXD_ERR_ABORTED, 0, how);
	t->launch->failure.stage = EXD_STAGE_CHILD;
}

static void take_exit(struct monitor *m, struct task *t, const siginfo_t *info,
		      const struct rusage *ru)
{
	struct wire_exit *e = &t->exit;

	e->status = raw_status(info);
	e->finished_ns = clock_ns(CLOCK_REALTIME);
	e->user_us = in_us(ru->ru_utime);
	e->system_us = in_us(ru->ru_stime);
	e->maxrss_kb = (uint64_t)ru->ru_maxrss;
	if (t->init.fd >= 0)
		init_ready(m, &t->init, EPOLLIN);
	if (t->init_reported)
		e->status = t->init_status;
	if (t->failed)
		explain_death(t, e->status);
	else
		oom_died(m, t);
}

bool task_try_reap(struct monitor *m, struct task *t)
{
	siginfo_t info = {0};
	struct rusage ru = {0};

	/* The library's waitid gives no resource usage. */
	if (syscall(SYS_waitid, P_PIDFD, t->pidfd.fd, &info, WEXITED | WNOHANG, &ru) < 0 ||
	    !info.si_pid)
		return false;
	if (rebirth_follow(m, t))
		return false;
	take_exit(m, t, &info, &ru);
	timer_disarm(m, &t->timer);
	watch_close(m, &t->report);
	watch_close(m, &t->init);
	watch_close(m, &t->pidfd);
	t->state = TASK_END;
	task_advance(m, t);
	return true;
}

void task_reap(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)events;
	(void)task_try_reap(m, container_of(w, struct task, pidfd));
}

static void again(struct monitor *m, struct timer *timer)
{
	struct task *t = container_of(timer, struct task, timer);

	/* The grace for stdio is over. */
	if (t->state == TASK_DRAIN) {
		t->exit.stdio_held_open = 1;
		watch_close(m, &t->drain[0]);
		watch_close(m, &t->drain[1]);
	}
	task_advance(m, t);
}

static void try_again(struct monitor *m, struct task *t, uint64_t in_ns)
{
	t->timer.fn = again;
	timer_arm(m, &t->timer, in_ns);
}

static bool hung_up(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static bool drained(struct monitor *m, struct task *t)
{
	for (int i = 0; i < 2; i++)
		if (t->drain[i].fd >= 0 && hung_up(t->drain[i].fd))
			watch_close(m, &t->drain[i]);
	return t->drain[0].fd < 0 && t->drain[1].fd < 0;
}

static void out_hung_up(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)events;
	task_advance(m, container_of(w, struct task, drain[0]));
}

static void err_hung_up(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)events;
	task_advance(m, container_of(w, struct task, drain[1]));
}

/* True when nobody can write to stdio any more, or the grace was none to begin with. */
static bool drain(struct monitor *m, struct task *t)
{
	bool first = !t->timer.at_ns;

	if (drained(m, t)) {
		timer_disarm(m, &t->timer);
		return true;
	}
	if (first) {
		t->drain[0].fn = out_hung_up;
		t->drain[1].fn = err_hung_up;
		for (int i = 0; i < 2; i++)
			if (t->drain[i].fd >= 0)
				(void)watch_add(m, &t->drain[i], 0);
		try_again(m, t, (uint64_t)t->drain_ms * MS_NS);
	}
	return false;
}

static void tell_exit(struct monitor *m, struct task *t)
{
	if (!(t->flags & WIRE_LAUNCH_EXEC))
		event_add(m, EXD_EVENT_EXITED, t);
	client_send_body(m, t->client, WIRE_EXITED, t->request, &t->exit, sizeof(t->exit));
	while (t->watchers) {
		struct watcher *w = t->watchers;

		t->watchers = w->next;
		client_send_body(m, w->client, WIRE_EXITED, w->request, &t->exit, sizeof(t->exit));
		free(w);
	}
}

/* Whoever hears of the exit is the only one who will know of it. */
static void warn_of_record(struct monitor *m, const struct task *t, int error)
{
	struct wire_failure f = {
		.code = EXD_ERR_STATE,
		.sys_errno = error,
		.stage = EXD_STAGE_CLEANUP,
		.step = -1,
		.object = "exit.json",
	};

	client_send_body(m, t->client, WIRE_WARNING, t->request, &f, sizeof(f));
}

/* Nobody may hear of an exit that a crash could still undo. */
static void record(struct monitor *m, struct task *t)
{
	int r = record_exit(t);

	if (r < 0)
		warn_of_record(m, t, -r);
	oom_stop(m, t);
	oom_close_channels(t);
	tell_exit(m, t);
}

static void refuse_watchers(struct monitor *m, struct task *t)
{
	int32_t r = -ENOENT;

	while (t->watchers) {
		struct watcher *w = t->watchers;

		t->watchers = w->next;
		client_send_body(m, w->client, WIRE_RESULT, w->request, &r, sizeof(r));
		free(w);
	}
}

static void tell_failure(struct monitor *m, struct task *t)
{
	const char *words = t->worker ? t->worker->text : "";
	struct iovec iov[2] = {
		{.iov_base = &t->launch->failure, .iov_len = sizeof(t->launch->failure)},
		{.iov_base = (void *)words, .iov_len = strlen(words) + 1},
	};
	struct message msg = {
		.type = WIRE_FAILED,
		.request = t->request,
		.body = iov,
		.parts = *words ? 2 : 1,
	};

	client_send(m, t->client, &msg);
}

static void tell_end(struct monitor *m, struct task *t)
{
	struct message cleaned = {.type = WIRE_CLEANED, .request = t->request};

	if (t->failed)
		tell_failure(m, t);
	else
		client_send(m, t->client, &cleaned);
	refuse_watchers(m, t);
}

static void task_free(struct monitor *m, struct task *t)
{
	struct task **p = &m->tasks;

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	m->task_count--;
	timer_disarm(m, &t->timer);
	launch_free(m, t);
	tail_free(m, t->tail);
	oom_stop(m, t);
	oom_close_channels(t);
	worker_free(m, t);
	rebirth_forget(m, t);
	watch_close(m, &t->report);
	watch_close(m, &t->init);
	watch_close(m, &t->pidfd);
	watch_close(m, &t->tty);
	watch_close(m, &t->drain[0]);
	watch_close(m, &t->drain[1]);
	close_fd(&t->master);
	close_fd(&t->output);
	close_fd(&t->state_dir);
	dir_release(m, &t->root_dir);
	close_fd(&t->lock);
	free(t->id);
	free(t);
}

/* One state's work: true when it is done. */
static bool finish_step(struct monitor *m, struct task *t)
{
	switch ((enum task_state)t->state) {
	case TASK_END:
		return tail_run(t->tail, WIRE_END) != -EAGAIN;
	case TASK_DRAIN:
		tty_finish(m, t);
		return t->failed || drain(m, t);
	case TASK_COUNT:
		return t->failed || oom_settle(m, t);
	case TASK_RECORD:
		if (!t->failed)
			record(m, t);
		return true;
	case TASK_CLEANUP:
		if (!worker_over(m, t))
			return false;
		oom_stop(m, t);
		tail_skip(t->tail, WIRE_CLEANUP);
		if (tail_run(t->tail, WIRE_CLEANUP) == -EAGAIN)
			return false;
		/* In turns: it may be large, and others are waiting. What cannot go is left to gc. */
		return !t->layered || tree_remove(t->state_dir, WIRE_LAYER_DIR, LAYER_TURN) != -EAGAIN;
	case TASK_STARTING:
	case TASK_PARKED:
	case TASK_STARTED:
	case TASK_RUNNING:
	case TASK_ABORTING:
	case TASK_DONE:
		break;
	}
	return true;
}

/* Unless a host is there that may start more: who deletes the last container waits for this. */
static void leave_leaf_with_last(struct monitor *m, const struct task *t)
{
	const struct client *c = m->clients;

	while (c && (c->dead || !c->launched))
		c = c->next;
	if (!c && !m->linger_s && m->tasks == t && !t->next)
		leaf_leave(m);
}

/* A descriptor, or the end of the worker, calls again by itself. */
static bool needs_timer(struct monitor *m, struct task *t)
{
	if (t->state == TASK_CLEANUP)
		return worker_over(m, t);
	return t->state != TASK_DRAIN;
}

/* Goes on until a state has to wait for something, by a timer or a descriptor. */
static void advance(struct monitor *m, struct task *t)
{
	while (t->state < TASK_DONE) {
		if (!finish_step(m, t)) {
			if (needs_timer(m, t))
				try_again(m, t, MS_NS);
			return;
		}
		t->state++;
	}
	leave_leaf_with_last(m, t);
	record_remove(t);
	/* Who hears of the end may remove what is left, and needs the lock for that. */
	close_fd(&t->lock);
	tell_end(m, t);
	task_free(m, t);
}

void task_advance(struct monitor *m, struct task *t)
{
	spare_use(m, true);
	advance(m, t);
	spare_use(m, false);
}
