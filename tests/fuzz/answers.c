/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: what a monitor says to the library about a process. First byte: what the hooks
 * return, whether it is an exec, tied; then messages: TYPE REQUEST NFDS FD... SIZE BODY. In the end
 * the monitor goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/seqpacket.h"
#include "core/engine.h"
#include "core/plugin.h"
#include "core/process.h"
#include "tests/fuzz/fuzz.h"

#define TURNS_MAX 32
#define LAST_TURNS 4

static struct exd_engine engine;
static struct config config;
static char driver_name[] = "fuzz";
static int hook_result;

static int forget(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self, (void)record, (void)err;
	return 0;
}

static struct exd_plugin plugin = {
	.name = driver_name,
	.driver = {.terminate = forget, .clean = forget},
};

static int before_start(void *ctx, struct exd_process *process, pid_t pid)
{
	(void)ctx, (void)process, (void)pid;
	return hook_result;
}

static int at_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	(void)ctx, (void)oom_fd;
	fuzz_require(exd_process_pid(process) == pid, "the hook is told the pid");
	return hook_result;
}

static void log_line(void *arg, enum exd_log_level level, const char *driver, const char *id,
		     const char *text)
{
	(void)arg, (void)level, (void)driver, (void)id;
	for (; *text; text++)
		fuzz_require((unsigned char)*text >= ' ', "the log has one line each");
}

static void set_up(void)
{
	if (engine.config)
		return;
	engine.config = &config;
	engine.root_fd = fuzz_folder(NULL);
	engine.log = log_line;
	engine.log_level = EXD_LOG_DEBUG;
	engine.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	engine.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	engine.deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	pthread_mutex_init(&engine.lock, NULL);
	pthread_cond_init(&engine.settled, NULL);
}

static struct exd_process *begin(uint8_t how, int *monitor)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks)};
	struct exd_process *p = NULL;
	int pair[2];

	hook_result = how & 1 ? -EPERM : 0;
	if (how & 2) {
		hooks.pre_start = before_start;
		hooks.start = at_start;
	}
	fuzz_require(process_new(&engine, &hooks, &p, NULL) == 0, "a process");
	p->plugin = &plugin;
	memcpy(p->id, "box", sizeof("box"));
	p->is_exec = how & 4;
	p->tied = how & 8;
	p->rows = how & 16;
	p->launched_ms = clock_ms();
	p->conn = calloc(1, sizeof(*p->conn));
	fuzz_require(p->conn && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
					   0, pair) == 0,
		     "a connection");
	memcpy(p->conn->monitor, "01234567", sizeof("01234567"));
	p->conn->request = 1;
	p->conn->fd = pair[0];
	*monitor = pair[1];
	return p;
}

/* A head of its own when the type says so: then the body begins with it. */
static void send_one(int monitor, struct input *in)
{
	uint8_t type = input_byte(in);
	uint64_t request = input_byte(in) % 4;
	unsigned int nfds = input_byte(in) % 6;
	struct iovec part;
	int fds[6];

	for (unsigned int i = 0; i < nfds; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	part.iov_len = input_word(in);
	if (part.iov_len > in->left)
		part.iov_len = in->left;
	part.iov_base = (void *)in->at;
	if (type == 0xff)
		(void)seq_send(monitor, &part, 1, fds, nfds);
	else
		(void)wire_send(monitor, type, request, &part, 1, fds, nfds);
	in->at += part.iov_len;
	in->left -= part.iov_len;
	while (nfds > 0)
		(void)close(fds[--nfds]);
}

/* A connection that has just said hello, and then asks something. */
static void welcome(struct input *in)
{
	struct conn *conn = NULL;
	int pair[2];

	fuzz_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ==
			     0,
		     "a connection");
	send_one(pair[1], in);
	if (conn_hello_consume(pair[0], "01234567", 0, 1, &conn) < 0) {
		(void)close(pair[1]);
		return;
	}
	conn->request = 0;
	send_one(pair[1], in);
	(void)shutdown(pair[1], SHUT_WR);
	(void)conn_ask(conn, WIRE_WATCH, NULL, 0, NULL, 0);
	(void)close(pair[1]);
	conn_close(conn);
}

static void check(const struct exd_process *p)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;

	if (process_result(p, &status, &err) < 0)
		fuzz_require(err.code != EXD_OK && err.text[0] &&
				     memchr(err.text, '\0', sizeof(err.text)),
			     "a failure says why");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct exd_process *p;
	int lowest, monitor;

	set_up();
	lowest = fuzz_lowest_fd();
	p = begin(input_byte(&in), &monitor);
	for (int i = 0; i < TURNS_MAX && in.left && !process_over(p); i++) {
		send_one(monitor, &in);
		(void)process_step(p, 0);
	}
	(void)close(monitor);
	for (int i = 0; i < LAST_TURNS && !process_over(p); i++)
		(void)process_step(p, 0);
	check(p);
	watch_unref(&engine, &p->watch);
	if (in.left)
		welcome(&in);
	pool_drain(&engine);
	fuzz_require(fuzz_lowest_fd() == lowest, "no descriptor is left");
	return 0;
}
