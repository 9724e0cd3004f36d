/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A new container. liblxc's start() blocks in a child of the worker until the container has ended,
 * so that the worker can report, and see liblxc itself die.
 */
#include <errno.h>
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/memfd.h"
#include "base/seqpacket.h"
#include "drivers/lxc/start.h"
#include "drivers/lxc/worker.h"

/* What start() came to, from the child to the worker. */
struct outcome {
	bool ok;
	int status;
};

struct starting {
	struct worker *w;
	int first[2];   /* to the first program */
	int outcome[2]; /* of start() */
	int init;       /* the sealed copy of that program */
	pid_t lxc;
	bool aborted;
};

static bool send_token(struct starting *s)
{
	char byte = START_TOKEN;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	const int fds[3] = {0, 1, 2};
	int on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->first) < 0 ||
	    fcntl(s->first[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    setsockopt(s->first[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return false;
	return seq_send(s->first[0], &iov, 1, fds, 3) == 1;
}

/* What runs in a container is a copy: nobody can write to the installed file through /proc. */
static bool open_init(struct starting *s)
{
	int fd = open(s->w->init, O_RDONLY | O_CLOEXEC);

	s->init = fd < 0 ? -errno : memfd_seal_copy("execdriver-lxc-init", fd, true);
	if (fd >= 0)
		(void)close(fd);
	return s->init >= 0;
}

static void __attribute__((noreturn)) run_liblxc(struct starting *s)
{
	char program[32], recipe[16], first[16];
	char *argv[] = {program, recipe, first, NULL};
	struct outcome outcome = {0};
	struct lxc_container *container = worker_container(s->w);

	if (!container)
		_exit(EXIT_FAILURE);
	(void)close(s->w->monitor);
	(void)close(s->first[0]);
	(void)close(s->outcome[0]);
	(void)snprintf(program, sizeof(program), "/proc/self/fd/%d", s->init);
	(void)snprintf(recipe, sizeof(recipe), "%d", WORKER_RECIPE_FD);
	(void)snprintf(first, sizeof(first), "%d", s->first[1]);
	(void)container->want_daemonize(container, false);
	(void)container->want_close_all_fds(container, false);
	outcome.ok = container->start(container, 0, argv);
	outcome.status = container->error_num;
	if (write(s->outcome[1], &outcome, sizeof(outcome)) != (ssize_t)sizeof(outcome))
		_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

/* The pid is the kernel's word, in the numbers of this process. */
static void read_hello(struct starting *s)
{
	struct worker *w = s->w;
	char byte = 0;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} room;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room.bytes,
			     .msg_controllen = sizeof(room.bytes)};
	struct ucred who = {0};
	int fds[2] = {-1, -1};

	if (recvmsg(s->first[0], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(c), sizeof(who));
		else if (c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fds)))
			memcpy(fds, CMSG_DATA(c), sizeof(fds));
	}
	w->again |= byte == START_AGAIN;
	if (byte != START_HELLO || w->pidfd >= 0)
		return;
	w->pid = who.pid;
	w->line = fds[0];
	w->pidfd = fds[1];
}

static void kill_all(struct starting *s)
{
	s->aborted = true;
	if (s->w->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, s->w->pidfd, SIGKILL, NULL, 0);
	else
		(void)kill(s->lxc, SIGKILL);
}

static void read_monitor(struct starting *s)
{
	struct worker *w = s->w;

	if (worker_read_order(w))
		return;
	(void)close(w->monitor);
	w->monitor = -1;
	if (!w->ready)
		kill_all(s);
}

/* Until liblxc is done, which is when the container has ended and was cleaned up. */
static void supervise(struct starting *s)
{
	for (;;) {
		struct pollfd p[] = {{.fd = s->w->monitor, .events = POLLIN},
				     {.fd = s->first[0], .events = POLLIN},
				     {.fd = s->w->line, .events = POLLIN},
				     {.fd = s->w->below, .events = POLLIN},
				     {.fd = s->outcome[0], .events = POLLIN}};

		if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0)
			continue;
		if (p[1].revents & POLLIN)
			read_hello(s);
		worker_read_line(s->w);
		if (p[0].revents)
			read_monitor(s);
		if (p[4].revents)
			return;
		if (p[1].revents & (POLLHUP | POLLERR) && !(p[1].revents & POLLIN)) {
			(void)close(s->first[0]);
			s->first[0] = -1;
		}
	}
}

/* A step that failed said so; else it was killed on the way, or never begun. */
static void report_failure(struct starting *s)
{
	struct worker *w = s->w;

	if (w->failure.kind || w->pid == 0)
		worker_explain(w, "the container died before RUNNING");
	else
		worker_failed(w, EXD_ERR_ABORTED, 0,
			      "the container was killed before its program began");
}

/* liblxc writes an end by a signal as a wait status of one that is stopped. */
static uint32_t wait_status(int status)
{
	return (uint32_t)(WIFSTOPPED(status) ? WSTOPSIG(status) : status) & 0xffff;
}

/* A reboot is an end by SIGHUP; what liblxc says of a second start means nothing. */
static int conclude(struct starting *s)
{
	struct worker *w = s->w;
	struct outcome outcome;
	bool told = read(s->outcome[0], &outcome, sizeof(outcome)) == (ssize_t)sizeof(outcome);
	int status;

	while (waitpid(s->lxc, &status, 0) < 0 && errno == EINTR)
		;
	read_hello(s);
	worker_read_line(w);
	if (s->aborted || (!told && WIFEXITED(status) && !w->pid))
		return EXIT_FAILURE;
	if (!w->ready) {
		report_failure(s);
		return EXIT_FAILURE;
	}
	if (w->again)
		worker_exit(w, SIGHUP);
	else if (w->has_status)
		worker_exit(w, w->status);
	else if (told && outcome.ok)
		worker_exit(w, wait_status(outcome.status));
	return EXIT_SUCCESS;
}

int worker_start(struct worker *w)
{
	struct starting s = {.w = w, .first = {-1, -1}, .outcome = {-1, -1}, .init = -1};

	if (!open_init(&s)) {
		worker_failed(w, EXD_ERR_SYSTEM, -s.init,
			      "cannot copy the container's first program");
		return EXIT_FAILURE;
	}
	if (!send_token(&s) || pipe2(s.outcome, O_CLOEXEC) < 0) {
		worker_failed(w, EXD_ERR_SYSTEM, errno, "cannot make its pipes");
		return EXIT_FAILURE;
	}
	worker_let_go();
	s.lxc = fork();
	if (s.lxc < 0) {
		worker_failed(w, EXD_ERR_SYSTEM, errno, "cannot fork");
		return EXIT_FAILURE;
	}
	if (s.lxc == 0)
		run_liblxc(&s);
	(void)syscall(SYS_close_range, (unsigned int)s.first[1], (unsigned int)s.first[1], 0);
	(void)close(s.outcome[1]);
	(void)close(s.init);
	supervise(&s);
	return conclude(&s);
}
