/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages with descriptors over SOCK_SEQPACKET. */
#ifndef EXECDRIVER_BASE_SEQPACKET_H
#define EXECDRIVER_BASE_SEQPACKET_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define SEQ_FDS_MAX 253u

/* One message. Returns its size; -EAGAIN on a full non-blocking socket; never raises SIGPIPE. */
ssize_t seq_send(int sock, const struct iovec *iov, int iovcnt, const int *fds, unsigned int nfds);

/*
 * One message; 0 is the peer's end. *nfds is the room in fds and becomes how many came,
 * close-on-exec. `flags` as for recvmsg (MSG_DONTWAIT). -EMSGSIZE when data or descriptors were
 * cut: what came is closed.
 */
ssize_t seq_recv(int sock, void *buf, size_t size, int *fds, unsigned int *nfds, int flags);

/* A message of wire.h with its header. Returns 0. */
int wire_send(int sock, uint16_t type, uint64_t request, const struct iovec *body, int n,
	      const int *fds, unsigned int nfds);

#endif
