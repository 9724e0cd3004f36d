/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is told of the system calls of a process: the way of its seccomp listener to that socket. */
#include "monitor/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <execdriver/error.h>

/* We wait for nobody: who is too busy to take it is not there. */
int listener_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(path);
	int sock, r;

	if (size >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, size + 1);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0)
		return sock;
	r = -errno;
	(void)close(sock);
	return r;
}

/* The pieces of the step's text with the process id between them. */
static char *state_text(const struct launch *l, const struct wire_step *s, int32_t pid)
{
	const char *piece = l->data + s->str[1].offset, *end = piece + s->str[1].size;
	char number[16], *text;
	size_t pieces = 0;

	(void)snprintf(number, sizeof(number), "%d", pid);
	for (const char *p = piece; p < end; p += strlen(p) + 1)
		pieces++;
	text = malloc(s->str[1].size + pieces * sizeof(number));
	if (!text)
		return NULL;
	text[0] = '\0';
	for (char *to = text; piece < end; piece += strlen(piece) + 1) {
		to = stpcpy(to, piece);
		if (--pieces > 0)
			to = stpcpy(to, number);
	}
	return text;
}

static int send_listener(int sock, const char *text, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *h = (struct cmsghdr *)(void *)control;
	ssize_t n;

	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	return (size_t)n == iov.iov_len ? 0 : -EMSGSIZE;
}

void listener_told(struct monitor *m, struct task *t, int fd)
{
	struct launch *l = t->launch;
	const struct wire_step *s = launch_find(l, WIRE_SECCOMP_NOTIFY);
	char go = 0, *text = NULL;
	int r = s && fd >= 0 ? 0 : -EBADMSG;

	if (!r) {
		text = state_text(l, s, t->pid);
		r = text ? send_listener(l->slots[s->slot[0]], text, fd) : -ENOMEM;
	}
	free(text);
	if (!r) {
		close_fd(&l->slots[s->slot[0]]);
		if (write(t->report.fd, &go, 1) != 1)
			r = -errno;
	}
	if (r < 0)
		task_abort(m, t, EXD_ERR_SECCOMP, -r, "seccomp listener");
}
