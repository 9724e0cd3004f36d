/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the child says while it walks, and what a small init says in the end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/procstat.h"
#include "monitor/listener.h"
#include "monitor/worker.h"

#define FLAG_FORKNOEXEC 0x40u

struct heard {
	struct wire_report report;
	int fd;
	pid_t pid; /* 0: the line does not tell */
};

static void take_control(struct msghdr *msg, struct heard *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			close_fd(&h->fd);
			memcpy(&h->fd, CMSG_DATA(c), sizeof(h->fd));
		} else if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred cred;

			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			h->pid = cred.pid;
		}
	}
}

/* 1: a report; 0: the end; -EAGAIN: nothing yet; -ENOMEM: it is still there to be read. */
static int hear(int sock, struct heard *h)
{
	struct iovec iov = {.iov_base = &h->report, .iov_len = sizeof(h->report)};
	_Alignas(struct cmsghdr) char
		control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	h->fd = -1;
	h->pid = 0;
	do
		n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == ENOMEM ? -errno : 0;
	take_control(&msg, h);
	if (n != 0 && n != (ssize_t)sizeof(h->report))
		h->report.type = 0;
	return n != 0;
}

static void on_report(struct monitor *m, struct task *t, struct heard *h)
{
	struct launch *l = t->launch;

	switch (h->report.type) {
	case WIRE_REPORT_FAILURE:
		l->failure = h->report.failure;
		t->failed = true;
		break;
	case WIRE_REPORT_WARNING:
		client_send_body(m, t->client, WIRE_WARNING, t->request, &h->report.failure,
				 sizeof(h->report.failure));
		break;
	case WIRE_REPORT_PARKED:
		task_parked(m, t);
		break;
	case WIRE_REPORT_TTY:
		close_fd(&t->master);
		t->master = h->fd;
		h->fd = -1;
		break;
	case WIRE_REPORT_LISTENER:
		listener_told(m, t, h->fd);
		break;
	case WIRE_REPORT_EXECUTING:
		l->executing = true;
		if (t->init.fd >= 0)
			t->program = h->pid;
		break;
	default:
		break;
	}
	close_fd(&h->fd);
}

/*
 * A line that closed after "execve is next" closed with the execve, or with a death in the middle
 * of it, which is out of memory's. The kernel tells which, of the dead too: by the flag "forked,
 * but no exec yet", field 9.
 */
static bool died_in_execve(struct task *t)
{
	uint64_t flags;

	return oom_moved(t) && proc_flags(t->program ? t->program : t->pid, &flags) == 0 &&
	       flags & FLAG_FORKNOEXEC;
}

static void give_up(struct monitor *m, struct task *t)
{
	watch_close(m, &t->report);
	task_abort(m, t, 0, 0, NULL);
}

void report_ready(struct monitor *m, struct watch *w, uint32_t events)
{
	struct task *t = container_of(w, struct task, report);
	struct heard h;
	int r;

	(void)events;
	(void)rebirth_follow(m, t);
	while ((r = hear(t->report.fd, &h)) > 0)
		on_report(m, t, &h);
	if (r < 0)
		return;
	if (t->state == TASK_ABORTING) {
		watch_close(m, &t->report);
		return;
	}
	/* Its end of the line closed with execve, or with its death. */
	if (t->launch->executing && !t->failed && t->worker)
		worker_begin(m, t);
	else if (t->launch->executing && !t->failed && !died_in_execve(t))
		task_started(m, t);
	else
		give_up(m, t);
}

void init_ready(struct monitor *m, struct watch *w, uint32_t events)
{
	struct task *t = container_of(w, struct task, init);
	struct heard h;
	int r, tries = 3;

	(void)events;
	/* Nobody comes back for what could not be read for a moment: it may be the program's end. */
	while ((r = hear(t->init.fd, &h)) > 0 || (r == -ENOMEM && tries-- > 0)) {
		if (r < 0)
			continue;
		if (h.report.type == WIRE_REPORT_INIT_EXIT) {
			t->init_status = h.report.status;
			t->init_reported = true;
		}
		close_fd(&h.fd);
	}
	if (r == 0)
		watch_close(m, &t->init);
}
