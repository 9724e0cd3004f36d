/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages with descriptors over SOCK_SEQPACKET. */
#include "base/seqpacket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wire.h"

#define BODY_PARTS_MAX 4

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * SEQ_FDS_MAX)];
};

static void attach_fds(struct msghdr *msg, union control *control, const int *fds,
		       unsigned int nfds)
{
	struct cmsghdr *c;

	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
	memset(control->bytes, 0, CMSG_SPACE(sizeof(int) * nfds));
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
}

ssize_t seq_send(int sock, const struct iovec *iov, int iovcnt, const int *fds, unsigned int nfds)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)iov};
	union control control;
	ssize_t n;

	msg.msg_iovlen = (__typeof__(msg.msg_iovlen))iovcnt;
	if (nfds > SEQ_FDS_MAX)
		return -EINVAL;
	if (nfds)
		attach_fds(&msg, &control, fds, nfds);
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Takes descriptors as far as there is room and closes those beyond. */
static int take_fds(struct msghdr *msg, int *fds, unsigned int *nfds)
{
	unsigned int room = *nfds, count = 0;
	int r = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		unsigned int n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (unsigned int i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (count < room) {
				fds[count++] = fd;
			} else {
				(void)close(fd);
				r = -EMSGSIZE;
			}
		}
	}
	*nfds = count;
	return r;
}

ssize_t seq_recv(int sock, void *buf, size_t size, int *fds, unsigned int *nfds, int flags)
{
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	int r;
	ssize_t n;

	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	/*
	 * A peer that goes with unread messages leaves an error, once, in front of what it had
	 * sent.
	 */
	do
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0) {
		*nfds = 0;
		return -errno;
	}
	r = take_fds(&msg, fds, nfds);
	if (r < 0 || msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (unsigned int i = 0; i < *nfds; i++)
			(void)close(fds[i]);
		*nfds = 0;
		return -EMSGSIZE;
	}
	return n;
}

int wire_send(int sock, uint16_t type, uint64_t request, const struct iovec *body, int n,
	      const int *fds, unsigned int nfds)
{
	struct wire_msg msg = {.type = type, .fds = (uint16_t)nfds, .request = request};
	struct iovec iov[1 + BODY_PARTS_MAX] = {{.iov_base = &msg, .iov_len = sizeof(msg)}};
	size_t size = sizeof(msg);
	ssize_t r;

	if (n < 0 || n > BODY_PARTS_MAX)
		return -EINVAL;
	for (int i = 0; i < n; i++) {
		iov[1 + i] = body[i];
		size += body[i].iov_len;
	}
	if (size > WIRE_MSG_MAX)
		return -EMSGSIZE;
	msg.size = (uint32_t)size;
	r = seq_send(sock, iov, 1 + n, fds, nfds);
	return r < 0 ? (int)r : 0;
}
