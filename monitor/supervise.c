/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From birth to exit: hooks of the host, signals, the host's own end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/execdriver.h>

#include "monitor/sys.h"
#include "monitor/worker.h"

#define LOOK_AGAIN_NS (20u * MS_NS)

struct task *task_find(struct monitor *m, const char *id)
{
	for (struct task *t = m->tasks; t; t = t->next)
		if (!(t->flags & WIRE_LAUNCH_EXEC) && strcmp(t->id, id) == 0)
			return t;
	return NULL;
}

struct task *task_of_request(struct monitor *m, const struct client *c, uint64_t request)
{
	for (struct task *t = m->tasks; t; t = t->next)
		if (t->client == c && t->request == request)
			return t;
	return NULL;
}

void task_kill(struct monitor *m, struct task *t)
{
	if (t->worker) {
		worker_kill(m, t);
		return;
	}
	t->killed = true;
	(void)sys_pidfd_signal(t->pidfd.fd, SIGKILL);
}

static bool has_ended(const struct task *t)
{
	siginfo_t info = {0};

	return t->state > TASK_RUNNING || t->pid <= 0 ||
	       (waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid);
}

int task_signal(struct monitor *m, struct task *t, int sig)
{
	if (sig < 0 || sig >= NSIG)
		return -EINVAL;
	if (t->worker)
		return worker_signal(m, t, sig);
	(void)rebirth_follow(m, t);
	/*
	 * One that is dead already was not killed by this: the verdict on its end must not hear of
	 * it.
	 */
	if (has_ended(t))
		return -ESRCH;
	if (sig == SIGKILL)
		t->killed = true;
	return sys_pidfd_signal(t->pidfd.fd, sig);
}

static void look_again(struct monitor *m, struct timer *timer)
{
	struct task *t = container_of(timer, struct task, timer);

	if (!task_try_reap(m, t))
		timer_arm(m, &t->timer, LOOK_AGAIN_NS);
}

/* The epoll set may take no more (fs.epoll.max_user_watches): then it is looked at now and then. */
void task_await_end(struct monitor *m, struct task *t)
{
	int r = watch_add(m, &t->pidfd, EPOLLIN);

	if (r == 0 || r == -EEXIST)
		return;
	t->timer.fn = look_again;
	timer_arm(m, &t->timer, LOOK_AGAIN_NS);
}

/*
 * With code 0 the failure was described by whoever found it; or nobody has, and the reaping will
 * tell.
 */
void task_abort(struct monitor *m, struct task *t, uint32_t code, int error, const char *object)
{
	if (t->state >= TASK_ABORTING)
		return;
	t->failed = true;
	timer_disarm(m, &t->timer);
	if (code)
		launch_fail(t, code, error, object);
	if (t->worker && t->worker->pid) {
		t->state = TASK_ABORTING;
		worker_abort(m, t);
		return;
	}
	if (t->pid <= 0) {
		t->state = TASK_CLEANUP;
		task_advance(m, t);
		return;
	}
	t->state = TASK_ABORTING;
	task_kill(m, t);
	task_await_end(m, t);
}

static void send_started(struct monitor *m, struct task *t, uint16_t type, int master)
{
	struct wire_started body = {
		.pid = t->pid,
		.flags = (m->task_count >= TASKS_FULL ? WIRE_STARTED_FULL : 0) |
			 (t->warm ? WIRE_STARTED_WARM : 0),
		.start_time = t->start_time,
	};
	struct iovec iov = {.iov_base = &body, .iov_len = sizeof(body)};
	int fds[2] = {t->pidfd.fd, master};
	struct message msg = {
		.type = type,
		.request = t->request,
		.body = &iov,
		.parts = 1,
		.fds = fds,
		.nfds = master >= 0 ? 2 : 1,
	};

	client_send(m, t->client, &msg);
}

void task_parked(struct monitor *m, struct task *t)
{
	if (t->state != TASK_STARTING)
		return;
	t->state = TASK_PARKED;
	send_started(m, t, WIRE_PARKED, -1);
}

void task_go(struct monitor *m, struct task *t, int32_t verdict)
{
	char go = 0;

	if (t->state != TASK_PARKED)
		return;
	if (verdict) {
		task_abort(m, t, EXD_ERR_HOOK, verdict < 0 ? -verdict : 0, "pre_start hook");
		return;
	}
	t->state = TASK_STARTING;
	if (t->worker)
		worker_go(m, t);
	else if (write(t->report.fd, &go, 1) != 1)
		task_abort(m, t, EXD_ERR_ABORTED, errno, "pre_start hook");
}

void task_started(struct monitor *m, struct task *t)
{
	bool outlives_host = task_outlives_host(m, t);
	int r = record_started(t);

	if (!r && t->output >= 0)
		r = tty_keep(m, t);
	if (r < 0) {
		task_abort(m, t, EXD_ERR_STATE, -r, "state.json");
		return;
	}
	t->exit.started_ns = clock_ns(CLOCK_REALTIME);
	t->state = TASK_STARTED;
	send_started(m, t, WIRE_STARTED, t->master);
	/* The rest is not what the host waits for: giving up the plan's memory takes its time. */
	if (!(t->flags & WIRE_LAUNCH_EXEC))
		event_add(m, EXD_EVENT_STARTED, t);
	watch_close(m, &t->report);
	close_fd(&t->master);
	launch_free(m, t);
	if (t->acked)
		task_ack(m, t, 0);
	/* It may have ended with that. */
	if (outlives_host && m->tasks)
		leaf_enter(m);
}

/*
 * Only now may the exit be seen: it can never be told before the start. A host without a start hook
 * may say so right after the launch, and spares everybody the way there and back.
 */
void task_ack(struct monitor *m, struct task *t, int32_t verdict)
{
	if (t->state < TASK_STARTED && verdict) {
		task_abort(m, t, EXD_ERR_ABORTED, verdict < 0 ? -verdict : 0,
			   "the host gave it up");
		return;
	}
	if (t->state < TASK_STARTED)
		t->acked = true;
	if (t->state != TASK_STARTED)
		return;
	timer_disarm(m, &t->timer);
	t->state = TASK_RUNNING;
	if (verdict)
		task_kill(m, t);
	if (t->worker)
		worker_acked(m, t);
	else if (!task_try_reap(m, t))
		task_await_end(m, t);
}

static const char *what_took_long(const struct task *t)
{
	if (t->state == TASK_PARKED)
		return "pre_start hook";
	return t->worker ? "report of the driver's worker" : "set-up of the process";
}

/* A hook that never returns is a hook that failed. */
void task_hook_timeout(struct monitor *m, struct timer *timer)
{
	struct task *t = container_of(timer, struct task, timer);

	if (t->state == TASK_STARTED)
		task_ack(m, t, -ETIMEDOUT);
	else
		task_abort(m, t, EXD_ERR_TIMEOUT, ETIMEDOUT, what_took_long(t));
}

void task_orphan(struct monitor *m, struct task *t)
{
	bool tied = t->flags & WIRE_LAUNCH_TIED;

	if (t->state < TASK_STARTED) {
		task_abort(m, t, EXD_ERR_ABORTED, 0, "the client has gone");
		return;
	}
	if (tied && t->state <= TASK_RUNNING)
		task_kill(m, t);
	task_ack(m, t, 0);
}
