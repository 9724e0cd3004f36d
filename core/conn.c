/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to a monitor: one message at a time over SOCK_SEQPACKET. */
#include "core/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/procstat.h"
#include "base/seqpacket.h"
#include "base/sockpath.h"

void message_clear(struct message *message)
{
	for (size_t i = 0; i < MESSAGE_FDS_MAX; i++) {
		if (message->fds[i] >= 0)
			(void)close(message->fds[i]);
		message->fds[i] = FD_NONE;
	}
	message->size = 0;
}

const void *message_body(const struct message *message, size_t size)
{
	return message->size >= size ? message->body : NULL;
}

int conn_send_parts(struct conn *conn, enum wire_type type, const struct iovec *parts, size_t count,
		    const int *fds, size_t fd_count)
{
	return wire_send(conn->fd, (uint16_t)type, conn->request, parts, (int)count, fds,
			 (unsigned int)fd_count);
}

int conn_send(struct conn *conn, enum wire_type type, const void *body, size_t size)
{
	struct iovec part = {.iov_base = (void *)body, .iov_len = size};

	return conn_send_parts(conn, type, &part, 1, NULL, 0);
}

/* One message of any request. -EAGAIN: none there. */
static int receive(struct conn *conn, struct message *message)
{
	unsigned int count = MESSAGE_FDS_MAX;
	ssize_t n = seq_recv(conn->fd, message, offsetof(struct message, size), message->fds,
			     &count, MSG_DONTWAIT);

	for (size_t i = count; i < MESSAGE_FDS_MAX; i++)
		message->fds[i] = FD_NONE;
	if (n <= 0)
		return n == 0 || n == -ECONNRESET ? -EPIPE : (int)n;
	if ((size_t)n < sizeof(message->head) || message->head.size != (size_t)n) {
		message_clear(message);
		return -EPROTO;
	}
	message->size = (size_t)n - sizeof(message->head);
	return 0;
}

static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r;

	do
		r = poll(&p, 1, clock_left_ms(deadline));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

int conn_receive(struct conn *conn, struct message *message, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	int r;

	for (;;) {
		r = receive(conn, message);
		if (r == 0 &&
		    (message->head.request == conn->request || message->head.type == WIRE_EVENT))
			return 0;
		if (r == 0) {
			message_clear(message);
			continue;
		}
		if (r != -EAGAIN)
			return r;
		if (timeout_ms == 0)
			return -ETIMEDOUT;
		r = wait_readable(conn->fd, deadline);
		if (r < 0)
			return r;
	}
}

int conn_ask(struct conn *conn, enum wire_type type, const struct iovec *parts, size_t count,
	     const int *fds, size_t fd_count)
{
	struct message message = MESSAGE_INIT;
	const int32_t *result;
	int r;

	conn->request++;
	r = conn_send_parts(conn, type, parts, count, fds, fd_count);
	if (r == 0)
		r = conn_receive(conn, &message, CONN_TIMEOUT_MS);
	if (r < 0)
		return r;
	result = message_body(&message, sizeof(*result));
	r = message.head.type == WIRE_RESULT && result ? *result : -EPROTO;
	message_clear(&message);
	return r;
}

int conn_welcome(struct conn *conn, const struct message *message)
{
	const struct wire_welcome *welcome = message_body(message, sizeof(*welcome));

	if (message->head.type != WIRE_WELCOME || !welcome)
		return -EPROTO;
	if (welcome->version != WIRE_VERSION)
		return -EPROTONOSUPPORT;
	conn->monitor_pid = (pid_t)welcome->pid;
	conn->full = welcome->full;
	return proc_start_time(conn->monitor_pid, &conn->monitor_start_time);
}

static int say_hello(struct conn *conn, uint32_t linger_s, int timeout_ms)
{
	struct wire_hello hello = {.version = WIRE_VERSION, .linger_s = linger_s};
	struct message message = MESSAGE_INIT;
	int r = conn_send(conn, WIRE_HELLO, &hello, sizeof(hello));

	if (r < 0 || timeout_ms == 0)
		return r;
	r = conn_receive(conn, &message, timeout_ms);
	if (r == 0)
		r = conn_welcome(conn, &message);
	message_clear(&message);
	return r;
}

int conn_hello_consume(int fd, const char *monitor, uint32_t linger_s, int timeout_ms,
		       struct conn **out)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	int r = -ENOMEM;

	if (conn) {
		conn->fd = fd;
		conn->request = 1;
		(void)snprintf(conn->monitor, sizeof(conn->monitor), "%s", monitor);
		r = say_hello(conn, linger_s, timeout_ms);
	} else {
		(void)close(fd);
	}
	if (r < 0)
		conn_close(conn);
	else
		*out = conn;
	return r;
}

int conn_open(int root_fd, const char *monitor, uint32_t linger_s, int timeout_ms,
	      struct conn **out)
{
	cleanup_close int dir = FD_NONE;
	cleanup_close int fd = FD_NONE;
	char path[64];

	(void)snprintf(path, sizeof(path), ".monitor/%s", monitor);
	dir = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = sock_connect_at(dir, "sock", timeout_ms);
	if (fd < 0)
		return fd;
	return conn_hello_consume(take_fd(&fd), monitor, linger_s, timeout_ms, out);
}

struct conn *conn_close(struct conn *conn)
{
	if (conn) {
		(void)close(conn->fd);
		free(conn);
	}
	return NULL;
}

void conn_closep(struct conn **conn)
{
	int saved = errno;

	*conn = conn_close(*conn);
	errno = saved;
}
