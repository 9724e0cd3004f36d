/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets in directories whose path may be longer than a socket address. */
#include "base/sockpath.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/cleanup.h"

#define BACKLOG 128

static int address(struct sockaddr_un *a, int dirfd, const char *name)
{
	int n;

	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/%s", dirfd, name);
	return n < 0 || (size_t)n >= sizeof(a->sun_path) ? -ENAMETOOLONG : 0;
}

int sock_bind_at(int dirfd, const char *name)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = {0};
	int r = address(&a, dirfd, name);

	if (fd < 0)
		return -errno;
	if (r < 0)
		return r;
	/* The mode of the socket before bind becomes the file's: nobody gets in between. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(&fd);
}

int sock_connect_at(int dirfd, const char *name, int timeout_ms)
{
	const struct timeval timeout = {.tv_sec = timeout_ms / 1000,
					.tv_usec = timeout_ms % 1000 * 1000};
	cleanup_close int fd = socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (timeout_ms ? 0 : SOCK_NONBLOCK), 0);
	struct sockaddr_un a = {0};
	int r = address(&a, dirfd, name);

	if (fd < 0)
		return -errno;
	if (timeout_ms && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	if (r < 0)
		return r;
	while (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		if (errno != EINTR)
			return -errno;
	return take_fd(&fd);
}
