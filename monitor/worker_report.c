/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker says: each report is checked in full before any of it is believed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/procstat.h"
#include "base/seqpacket.h"
#include "monitor/sys.h"
#include "monitor/worker.h"

/* How much of one flood is heard before others get their turn. */
#define REPORTS_A_TURN 32
#define WITH_ALL (EXD_WORKER_WITH_PIDFD | EXD_WORKER_WITH_TTY | EXD_WORKER_WITH_MEMORY)
#define FDS_MAX 3

enum { FD_PIDFD,
       FD_TTY,
       FD_MEMORY };

struct heard {
	struct exd_worker_report report;
	int fds[FDS_MAX]; /* in the order of enum exd_worker_report_with; -1: not there */
};

static void heard_clear(struct heard *h)
{
	for (int i = 0; i < FDS_MAX; i++)
		close_fd(&h->fds[i]);
}

static bool names_process(const struct exd_worker_report *r)
{
	return r->kind == EXD_WORKER_PARKED || r->kind == EXD_WORKER_READY;
}

static bool well_formed(const struct exd_worker_report *r, size_t size, unsigned int nfds)
{
	return size == sizeof(*r) && r->struct_size == sizeof(*r) && r->kind >= EXD_WORKER_PARKED &&
	       r->kind <= EXD_WORKER_WARNING && memchr(r->text, '\0', sizeof(r->text)) &&
	       !(r->with & ~(uint32_t)WITH_ALL) &&
	       nfds == (unsigned int)__builtin_popcount(r->with) &&
	       (names_process(r) || !r->with);
}

/* 1: a report; 0: the end; -EAGAIN: nothing yet; -EBADMSG: not a report. */
static int hear(int sock, struct heard *h)
{
	unsigned int nfds = FDS_MAX, next = 0;
	int fds[FDS_MAX];
	ssize_t n;

	memset(h, 0, sizeof(*h));
	h->fds[FD_PIDFD] = h->fds[FD_TTY] = h->fds[FD_MEMORY] = -1;
	n = seq_recv(sock, &h->report, sizeof(h->report), fds, &nfds, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return -EAGAIN;
	if (n == 0 || (n < 0 && n != -EMSGSIZE))
		return 0;
	if (n < 0 || !well_formed(&h->report, (size_t)n, nfds)) {
		while (nfds > 0)
			(void)close(fds[--nfds]);
		return -EBADMSG;
	}
	for (int i = 0; i < FDS_MAX; i++)
		if (h->report.with & 1u << i)
			h->fds[i] = fds[next++];
	return 1;
}

/* ---- the process ----------------------------------------------------------------------------- */

static bool is_pty_master(int fd)
{
	unsigned int number;

	return ioctl(fd, TIOCGPTN, &number) == 0;
}

/* A pid says who it is only while its process is there: of one that has ended, so has the other. */
static bool is_same_init(const struct task *t, const struct heard *h)
{
	return h->report.pid == t->pid && (t->worker->flags & WIRE_WORKER_REMOTE ||
					   !worker_init_ended(t) ||
					   worker_pidfd_ended(h->fds[FD_PIDFD]));
}

static const char *check_process(const struct task *t, const struct heard *h)
{
	const struct worker *w = t->worker;
	const char *wrong = worker_check_init(w, h->report.pid, h->fds[FD_PIDFD]);

	if (wrong)
		return wrong;
	if (w->stage >= WORKER_PARKED && !is_same_init(t, h))
		return "another process as init than before";
	if (h->fds[FD_TTY] >= 0 &&
	    (!(w->flags & WIRE_WORKER_TTY) || !is_pty_master(h->fds[FD_TTY])))
		return "a terminal that is none or was not asked for";
	if (w->flags & WIRE_WORKER_TTY && h->report.kind == EXD_WORKER_READY &&
	    h->fds[FD_TTY] < 0 && t->master < 0)
		return "no terminal";
	return NULL;
}

static int cgroup_version(int dir)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) < 0)
		return -errno;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return 2;
	return fs.f_type == CGROUP_SUPER_MAGIC ? 1 : -EINVAL;
}

/* Of an exec it is the container's, which is watched already. */
static void watch_memory(struct monitor *m, struct task *t, int dir)
{
	int r;

	if (dir < 0 || t->oom || t->flags & WIRE_LAUNCH_EXEC)
		return;
	r = cgroup_version(dir);
	if (r > 0)
		r = oom_watch(m, t, dir, r);
	if (r < 0)
		worker_warn(m, t,
			    "OOM kills are not seen: the driver's worker named a cgroup that cannot "
			    "be watched");
}

/* Where there is no pidfd, what is passed on in its place ends with the container. */
static int stand_in(struct task *t)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	t->pidfd.fd = ends[0];
	t->worker->alive = ends[1];
	return 0;
}

static int take_process(struct monitor *m, struct task *t, struct heard *h)
{
	if (t->pidfd.fd < 0 && h->fds[FD_PIDFD] >= 0) {
		t->pidfd.fd = h->fds[FD_PIDFD];
		h->fds[FD_PIDFD] = -1;
	}
	if (t->pidfd.fd < 0 && stand_in(t) < 0)
		return -errno;
	/* What the kernel's log says of this pid from now on is about this process. */
	if (!t->pid)
		kmsg_drain(m);
	t->pid = h->report.pid;
	if (t->pid > 0)
		(void)proc_start_time(t->pid, &t->start_time);
	if (h->fds[FD_TTY] >= 0) {
		close_fd(&t->master);
		t->master = h->fds[FD_TTY];
		h->fds[FD_TTY] = -1;
	}
	watch_memory(m, t, h->fds[FD_MEMORY]);
	if (t->worker->flags & WIRE_WORKER_REMOTE && !t->oom)
		oom_give_up(t);
	return 0;
}

/* ---- reports --------------------------------------------------------------------------------- */

static const char *on_parked(struct monitor *m, struct task *t, struct heard *h)
{
	struct worker *w = t->worker;
	const char *wrong;

	if (w->stage != WORKER_SILENT || !(w->flags & WIRE_WORKER_PARK))
		return "PARKED, out of order";
	wrong = check_process(t, h);
	if (wrong)
		return wrong;
	if (take_process(m, t, h) < 0)
		return "more descriptors than there is room for";
	w->stage = WORKER_PARKED;
	task_parked(m, t);
	return NULL;
}

static const char *on_ready(struct monitor *m, struct task *t, struct heard *h)
{
	struct worker *w = t->worker;
	uint8_t before = w->flags & WIRE_WORKER_PARK ? WORKER_SENT_ON : WORKER_SILENT;
	const char *wrong;

	if (w->stage != before)
		return "READY, out of order";
	wrong = check_process(t, h);
	if (wrong)
		return wrong;
	if (take_process(m, t, h) < 0)
		return "more descriptors than there is room for";
	w->stage = WORKER_READY;
	record_stage(m, t);
	if (t->state == TASK_STARTING)
		task_started(m, t);
	return NULL;
}

static bool is_wait_status(uint32_t status)
{
	int s = (int)status;

	return status <= 0xffff && (WIFEXITED(s) || (WIFSIGNALED(s) && WTERMSIG(s) < NSIG));
}

/* Of a process of this host that still lives no end is believed. */
static const char *on_end(struct monitor *m, struct task *t, const struct exd_worker_report *r)
{
	struct worker *w = t->worker;

	if (w->stage != WORKER_READY)
		return "the end of a program that it has not started";
	if (!(w->flags & WIRE_WORKER_REMOTE) && !worker_init_ended(t))
		return "the end of an init that is still there";
	if (r->kind == EXD_WORKER_EXIT && !is_wait_status(r->status))
		return "something else than a wait status";
	w->stage = WORKER_TOLD;
	t->exit.finished_ns = clock_ns(CLOCK_REALTIME);
	if (r->kind == EXD_WORKER_EXIT) {
		t->exit.status = (int32_t)r->status;
	} else {
		t->exit.coded = 1;
		t->exit.code = r->status;
	}
	worker_settle(m, t);
	return NULL;
}

static const char *on_failed(struct monitor *m, struct task *t, const struct exd_worker_report *r)
{
	struct worker *w = t->worker;
	bool known = r->code > EXD_OK && r->code <= EXD_ERR_INTERNAL;
	bool number = r->error_num >= 0 && r->error_num < 4096;

	if (w->stage >= WORKER_READY)
		return "a failure to start what it had started";
	memcpy(w->text, r->text, sizeof(w->text));
	task_abort(m, t, known ? r->code : EXD_ERR_INTERNAL, number ? r->error_num : 0,
		   "the driver's worker gave no reason");
	return NULL;
}

static const char *on_report(struct monitor *m, struct task *t, struct heard *h)
{
	switch ((enum exd_worker_report_kind)h->report.kind) {
	case EXD_WORKER_PARKED:
		return on_parked(m, t, h);
	case EXD_WORKER_READY:
		return on_ready(m, t, h);
	case EXD_WORKER_EXIT:
	case EXD_WORKER_CODE:
		return on_end(m, t, &h->report);
	case EXD_WORKER_FAILED:
		return on_failed(m, t, &h->report);
	case EXD_WORKER_WARNING:
		worker_warn(m, t, h->report.text);
		return NULL;
	}
	return "an unknown report";
}

/* From here on nothing that it says counts. */
static void misbehaved(struct monitor *m, struct task *t, const char *what)
{
	struct worker *w = t->worker;
	char text[128];

	(void)snprintf(text, sizeof(text), "the driver's worker reported %s", what);
	if (w->stage >= WORKER_READY)
		worker_lose(m, t, text);
	else
		task_abort(m, t, EXD_ERR_PROTOCOL, EBADMSG, text);
}

int worker_hear(struct monitor *m, struct task *t)
{
	struct worker *w = t->worker;

	for (int i = 0; i < REPORTS_A_TURN && w->line.fd >= 0; i++) {
		const char *wrong = NULL;
		struct heard h;
		int r = hear(w->line.fd, &h);

		if (r == -EAGAIN || r == 0)
			return r ? 0 : -1;
		wrong = r < 0 ? "something that is no report" : on_report(m, t, &h);
		heard_clear(&h);
		if (wrong)
			misbehaved(m, t, wrong);
	}
	return w->line.fd >= 0;
}
