/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor of a test's own, plans by hand, and messages one by one. */
#include "tests/root/monitor_rig.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/memfd.h"
#include "base/seqpacket.h"
#include "base/sockpath.h"

#define PATIENCE_MS 10000

void plan_init(struct plan *p, uint64_t clone_flags)
{
	memset(p, 0, sizeof(*p));
	p->head.magic = WIRE_PLAN_MAGIC;
	p->head.version = WIRE_VERSION;
	p->head.pidns_slot = WIRE_NO_SLOT;
	p->head.into_cgroup_slot = WIRE_NO_SLOT;
	p->head.clone_flags = clone_flags;
}

uint16_t plan_fd(struct plan *p, int fd)
{
	p->fds[p->head.fds++] = fd;
	return p->head.slots++;
}

uint16_t plan_slot(struct plan *p)
{
	return p->head.slots++;
}

struct wire_step *plan_step(struct plan *p, enum wire_phase phase, enum wire_op op, uint32_t code)
{
	struct wire_step *s = &p->steps[p->count++];

	s->op = (uint16_t)op;
	s->code = (uint16_t)code;
	for (int i = 0; i < 4; i++)
		s->slot[i] = WIRE_NO_SLOT;
	p->head.phase_steps[phase]++;
	return s;
}

struct wire_span plan_data(struct plan *p, const void *bytes, size_t size)
{
	struct wire_span span = {.offset = (uint32_t)p->used, .size = (uint32_t)size};

	memcpy(p->data + p->used, bytes, size);
	p->used += size;
	return span;
}

struct wire_span plan_text(struct plan *p, const char *text)
{
	return plan_data(p, text, strlen(text) + 1);
}

void plan_exec(struct plan *p, const char *const *argv)
{
	struct wire_step *s = plan_step(p, WIRE_CHILD, WIRE_EXEC, EXD_ERR_EXEC);
	size_t at;

	s->str[0] = plan_text(p, argv[0]);
	at = p->used;
	for (; argv[s->num[0]]; s->num[0]++)
		(void)plan_text(p, argv[s->num[0]]);
	s->str[1] = (struct wire_span){.offset = (uint32_t)at, .size = (uint32_t)(p->used - at)};
	s->str[2] = plan_text(p, "A=1");
	s->num[1] = 1;
	s->num[2] = 1;
}

void plan_shell(struct plan *p, const char *script)
{
	plan_exec(p, (const char *const[]){"/bin/sh", "-c", script, NULL});
}

int plan_seal(struct plan *p)
{
	size_t steps = p->count * sizeof(p->steps[0]);
	size_t size = sizeof(p->head) + steps + p->used;
	char *bytes = malloc(size);
	int fd;

	p->head.size = (uint32_t)size;
	p->head.data_size = (uint32_t)p->used;
	memcpy(bytes, &p->head, sizeof(p->head));
	memcpy(bytes + sizeof(p->head), p->steps, steps);
	memcpy(bytes + sizeof(p->head) + steps, p->data, p->used);
	fd = memfd_sealed("plan", bytes, size, false);
	ck_assert_int_ge(fd, 0);
	free(bytes);
	return fd;
}

static void __attribute__((noreturn)) become_monitor(int sock, int dir, int root)
{
	char path[512];
	int moved[3] = {fcntl(sock, F_DUPFD, 20), fcntl(dir, F_DUPFD, 20),
			fcntl(root, F_DUPFD, 20)};

	for (int i = 0; i < 3; i++)
		dup2(moved[i], 3 + i);
	(void)snprintf(path, sizeof(path), "%s/monitor/execdriver-monitor",
		       getenv("EXD_TEST_BUILDDIR"));
	execle(path, "execdriver-monitor", NULL, (char *const[]){NULL});
	_exit(99);
}

static void greet(int sock)
{
	struct wire_hello hello = {.version = WIRE_VERSION};
	struct reply reply;

	rig_send(sock, WIRE_HELLO, 1, &hello, sizeof(hello), -1);
	rig_expect(sock, WIRE_WELCOME, &reply);
	ck_assert_uint_eq(reply.welcome.version, WIRE_VERSION);
}

static void make_dirs(struct rig *r, const char *parent)
{
	unsigned int number;
	char below[32];

	(void)snprintf(r->path, sizeof(r->path), "%s/exd-monitor-XXXXXX", parent);
	ck_assert_ptr_nonnull(mkdtemp(r->path));
	r->root = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(r->root, ".monitor", 0700), 0);
	ck_assert_int_eq(getrandom(&number, sizeof(number), 0), sizeof(number));
	(void)snprintf(r->name, sizeof(r->name), "%08x", number);
	(void)snprintf(below, sizeof(below), ".monitor/%s", r->name);
	ck_assert_int_eq(mkdirat(r->root, below, 0700), 0);
	r->dir = openat(r->root, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void rig_open_with(struct rig *r, const char *parent, void (*before)(void))
{
	int pair[2];

	memset(r, 0, sizeof(*r));
	make_dirs(r, parent);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	r->monitor = fork();
	if (r->monitor == 0) {
		if (before)
			before();
		become_monitor(pair[1], r->dir, r->root);
	}
	close(pair[1]);
	r->sock = pair[0];
	r->request = 100;
	greet(r->sock);
}

void rig_open(struct rig *r)
{
	rig_open_with(r, "/tmp", NULL);
}

void rig_close(struct rig *r)
{
	int status;

	close(r->sock);
	ck_assert_int_eq(waitpid(r->monitor, &status, 0), r->monitor);
	ck_assert_int_eq(status, 0);
	/* It took its own directory along; what is left is ours. */
	ck_assert_int_eq(unlinkat(r->root, ".monitor", AT_REMOVEDIR), 0);
	ck_assert_msg(rmdir(r->path) == 0, "something was left in %s", r->path);
	close(r->dir);
	close(r->root);
}

int rig_connect(struct rig *r)
{
	int sock = sock_connect_at(r->dir, "sock", 10000);

	ck_assert_int_ge(sock, 0);
	greet(sock);
	return sock;
}

static int make_state_dir(struct rig *r, const char *id)
{
	int fd;

	ck_assert_int_eq(mkdirat(r->root, id, 0700), 0);
	fd = openat(r->root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static unsigned int collect(struct rig *r, const struct launch_options *o, struct wire_launch *head,
			    int fds[8])
{
	unsigned int n = 1;

	if (o->state) {
		head->with |= WIRE_WITH_STATE_DIR | WIRE_WITH_ROOT_DIR;
		fds[n++] = make_state_dir(r, o->id);
		fds[n++] = r->root;
	}
	if (o->oom) {
		head->with |= WIRE_WITH_OOM;
		fds[n++] = o->oom;
	}
	if (o->drain_out) {
		head->with |= WIRE_WITH_DRAIN_OUT;
		fds[n++] = o->drain_out;
	}
	if (o->output) {
		head->with |= WIRE_WITH_OUTPUT;
		fds[n++] = o->output;
	}
	return n;
}

uint64_t rig_launch_fd(struct rig *r, struct plan *p, int memfd, const struct launch_options *o)
{
	const char *id = o->id ? o->id : "box";
	struct wire_launch head = {
		.flags = o->flags,
		.hook_timeout_ms = o->hook_timeout_ms,
		.drain_ms = o->drain_ms,
		.slot_fds = p->head.fds,
		.id_size = (uint16_t)(strlen(id) + 1),
	};
	char state[64];
	struct iovec iov[3] = {
		{.iov_base = &head, .iov_len = sizeof(head)},
		{.iov_base = (void *)id, .iov_len = head.id_size},
		{.iov_base = state, .iov_len = 0},
	};
	int fds[8] = {memfd};
	unsigned int n = collect(r, o, &head, fds);

	if (o->state) {
		(void)snprintf(state, sizeof(state), "{\"id\":\"%s\"", id);
		iov[2].iov_len = head.state_size = (uint32_t)strlen(state) + 1;
	}
	if (p->head.fds)
		ck_assert_int_eq(wire_send(r->sock, WIRE_FDS, 0, NULL, 0, p->fds, p->head.fds), 0);
	ck_assert_int_eq(wire_send(r->sock, WIRE_LAUNCH, ++r->request, iov, 3, fds, n), 0);
	if (o->state)
		close(fds[1]);
	return r->request;
}

uint64_t rig_launch(struct rig *r, struct plan *p, const struct launch_options *o)
{
	int memfd = plan_seal(p);
	uint64_t request = rig_launch_fd(r, p, memfd, o);

	close(memfd);
	return request;
}

bool rig_next(int sock, struct reply *reply)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};
	struct {
		struct wire_msg head;
		char body[4096];
	} msg;
	ssize_t n;

	ck_assert_msg(poll(&p, 1, PATIENCE_MS) == 1, "the monitor says nothing");
	reply->nfds = 8;
	n = seq_recv(sock, &msg, sizeof(msg), reply->fds, &reply->nfds, 0);
	if (n == 0 || n == -ECONNRESET)
		return false;
	ck_assert_int_ge(n, (ssize_t)sizeof(msg.head));
	reply->head = msg.head;
	ck_assert_uint_eq(msg.head.size, (uint32_t)n);
	memcpy(reply->bytes, msg.body, (size_t)n - sizeof(msg.head));
	return true;
}

void rig_expect(int sock, uint16_t type, struct reply *reply)
{
	ck_assert_msg(rig_next(sock, reply), "the monitor closed the connection; wanted %u", type);
	for (unsigned int i = 0; i < reply->nfds; i++)
		close(reply->fds[i]);
	if (reply->head.type == WIRE_FAILED && type != WIRE_FAILED)
		ck_abort_msg("FAILED code %u errno %d stage %u step %d op %u '%s', wanted %u",
			     reply->failure.code, reply->failure.sys_errno, reply->failure.stage,
			     reply->failure.step, reply->failure.op, reply->failure.object, type);
	ck_assert_uint_eq(reply->head.type, type);
}

bool rig_silent(int sock, int ms)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};

	return poll(&p, 1, ms) == 0;
}

void rig_send(int sock, uint16_t type, uint64_t request, const void *body, size_t size, int fd)
{
	struct iovec iov = {.iov_base = (void *)body, .iov_len = size};

	ck_assert_int_eq(wire_send(sock, type, request, &iov, 1, &fd, fd >= 0), 0);
}

void rig_verdict(int sock, uint16_t type, uint64_t request, int32_t verdict)
{
	rig_send(sock, type, request, &verdict, sizeof(verdict), -1);
}

int32_t rig_kill(int sock, const char *id, int signal)
{
	struct wire_kill kill = {.signal = signal, .id_size = (uint32_t)strlen(id) + 1};
	struct iovec iov[2] = {
		{.iov_base = &kill, .iov_len = sizeof(kill)},
		{.iov_base = (void *)id, .iov_len = kill.id_size},
	};
	struct reply reply;

	ck_assert_int_eq(wire_send(sock, WIRE_KILL, 9, iov, 2, NULL, 0), 0);
	rig_expect(sock, WIRE_RESULT, &reply);
	return reply.result;
}

struct wire_exit rig_run(struct rig *r, struct plan *p, const struct launch_options *o)
{
	uint64_t request = rig_launch(r, p, o);
	struct reply reply;
	struct wire_exit exit;

	rig_expect(r->sock, WIRE_STARTED, &reply);
	ck_assert_uint_eq(reply.head.request, request);
	ck_assert_int_gt(reply.started.pid, 0);
	rig_verdict(r->sock, WIRE_ACK, request, 0);
	rig_expect(r->sock, WIRE_EXITED, &reply);
	exit = reply.exit;
	rig_expect(r->sock, WIRE_CLEANED, &reply);
	return exit;
}

struct wire_failure rig_run_failing(struct rig *r, struct plan *p, const struct launch_options *o)
{
	struct reply reply;

	(void)rig_launch(r, p, o);
	rig_expect(r->sock, WIRE_FAILED, &reply);
	return reply.failure;
}
