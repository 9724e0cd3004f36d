/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets in directories whose path may be longer than a socket address. */
#ifndef EXECDRIVER_BASE_SOCKPATH_H
#define EXECDRIVER_BASE_SOCKPATH_H

/* A listening SOCK_SEQPACKET socket `name` (mode 0600) in the directory, non-blocking. */
int sock_bind_at(int dirfd, const char *name);

/*
 * A SOCK_SEQPACKET connection to it: -ECONNREFUSED, -ENOENT when nobody is there. It waits at most
 * timeout_ms (0: not at all) for a listener whose queue is full, and so do all later sends on a
 * full socket: -EAGAIN.
 */
int sock_connect_at(int dirfd, const char *name, int timeout_ms);

#endif
