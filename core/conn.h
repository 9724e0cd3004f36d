/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to a monitor, and the engine's pool of them. */
#ifndef EXECDRIVER_CORE_CONN_H
#define EXECDRIVER_CORE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <execdriver/execdriver.h>

#include "base/wire.h"
#include "core/engine.h"

#define MESSAGE_BODY_MAX 1024 /* the monitor's longest is an event with its id */
#define MESSAGE_FDS_MAX 4

/* Serves one launch, watch or question at a time, by one thread at a time. */
struct conn {
	struct conn *next; /* in the pool */
	int fd;
	uint64_t request; /* the newest one: answers to older ones are of no interest */
	pid_t monitor_pid;
	uint64_t monitor_start_time;
	bool full;                      /* it has enough containers, and wants no more */
	char monitor[MONITOR_NAME_MAX]; /* directory below .monitor */
};

/*
 * A message as received, in the order of its bytes. Its descriptors are the receiver's, to be taken
 * out or closed by message_clear().
 */
struct message {
	struct wire_msg head;
	uint64_t body[MESSAGE_BODY_MAX / 8];
	size_t size;              /* of the body */
	int fds[MESSAGE_FDS_MAX]; /* FD_NONE behind the last */
};

#define MESSAGE_INIT ((struct message){.fds = {FD_NONE, FD_NONE, FD_NONE, FD_NONE}})

void message_clear(struct message *message);
/* The body when it is at least so long, else NULL. */
const void *message_body(const struct message *message, size_t size);

/* What a living monitor never needs to answer; one that was stopped does. */
#define CONN_TIMEOUT_MS 10000

/*
 * Connects to the monitor of that directory, says hello and waits at most timeout_ms for the
 * answer. With 0 it does not wait: the first message to receive is WIRE_WELCOME, for
 * conn_welcome(). With linger_s the monitor will stay at least so long after its last client. -errno;
 * no monitor there: -ENOENT or -ECONNREFUSED.
 */
int conn_open(int root_fd, const char *monitor, uint32_t linger_s, int timeout_ms,
	      struct conn **out);
/* Takes the monitor's answer to the hello. -EPROTO, -EPROTONOSUPPORT. */
int conn_welcome(struct conn *conn, const struct message *message);
/* The same on a connected socket, which is closed on failure. */
int conn_hello_consume(int fd, const char *monitor, uint32_t linger_s, int timeout_ms,
		       struct conn **out);
struct conn *conn_close(struct conn *conn);
void conn_closep(struct conn **conn);
#define cleanup_conn CLEANUP(conn_closep)

/* Sends one message with conn->request. -errno; -EPIPE and -ECONNRESET: the monitor is gone. */
int conn_send(struct conn *conn, enum wire_type type, const void *body, size_t size);
/* The same with a body in up to 4 parts, and descriptors (lent). */
int conn_send_parts(struct conn *conn, enum wire_type type, const struct iovec *parts, size_t count,
		    const int *fds, size_t fd_count);

/*
 * Takes the next message of conn->request, waiting at most timeout_ms (negative: without limit).
 * -ETIMEDOUT, -EPIPE at the monitor's end, -EPROTO. With 0 it does not block. The message must have
 * been cleared.
 */
int conn_receive(struct conn *conn, struct message *message, int timeout_ms);

/* Asks and waits for WIRE_RESULT: what it says, or -errno. */
int conn_ask(struct conn *conn, enum wire_type type, const struct iovec *parts, size_t count,
	     const int *fds, size_t fd_count);

/* ---- the pool: core/pool.c ------------------------------------------------------------------- */

/*
 * An idle or new connection with a fresh request number to this monitor: -ECONNREFUSED when it is
 * gone or does not answer within timeout_ms (more than CONN_TIMEOUT_MS, or negative, is that).
 */
int pool_take(struct exd_engine *engine, const char *monitor, int timeout_ms, struct conn **out);
/* The same to the engine's own monitor, which is found or started. EXD_ERR_MONITOR. */
int pool_take_own(struct exd_engine *engine, struct conn **out, struct exd_error *err);
/*
 * Gives it back for another use; NULL is fine. One whose request is not over must be closed
 * instead.
 */
void pool_give(struct exd_engine *engine, struct conn *conn);
/* Closes all idle ones. */
void pool_drain(struct exd_engine *engine);
/* New containers are for another monitor, if this one is the engine's. */
void pool_forget(struct exd_engine *engine, const char *monitor);

#endif
