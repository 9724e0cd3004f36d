/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor inside a fuzz target: messages go in by sockets, as from hosts, children and workers. */
#include "tests/fuzz/monitor_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/seqpacket.h"
#include "tests/fuzz/monitor_stubs.h"

#define TURNS_MAX 64
#define TIMERS_MAX 4096
#define FDS_KINDS 9

static struct rig rig;
static int folder = -1;
static int lowest;

/* ---- plans ----------------------------------------------------------------------------------- */

struct draft {
	struct wire_plan head;
	struct wire_step step[6];
	char data[64];
};

static void add_step(struct draft *d, enum wire_phase phase, uint16_t op)
{
	unsigned int i = 0;

	for (int p = 0; p < WIRE_PHASES; p++)
		i += d->head.phase_steps[p];
	d->step[i] = (struct wire_step){.op = op, .slot = {0, 0, 0, 0}};
	d->head.phase_steps[phase]++;
	if (op != WIRE_EXEC && op != WIRE_WORKER)
		return;
	d->step[i].num[0] = 1;
	d->step[i].str[0] = d->step[i].str[1] = (struct wire_span){0, sizeof("/x")};
}

static int seal(const struct draft *d)
{
	unsigned int steps = 0;
	struct wire_plan head = d->head;
	int fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool good;

	for (int p = 0; p < WIRE_PHASES; p++)
		steps += head.phase_steps[p];
	head.data_size = sizeof(d->data);
	head.size = (uint32_t)(sizeof(head) + steps * sizeof(d->step[0]) + sizeof(d->data));
	good = write(fd, &head, sizeof(head)) == sizeof(head) &&
	       write(fd, d->step, steps * sizeof(d->step[0])) > 0 &&
	       write(fd, d->data, sizeof(d->data)) == sizeof(d->data) &&
	       fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
	fuzz_require(good, "a plan");
	return fd;
}

static int make_plan(enum rig_plan plan)
{
	static const uint64_t flags[RIG_PLANS] = {
		[RIG_WORKER_PARKS] = WIRE_WORKER_PARK | WIRE_WORKER_TTY,
		[RIG_REMOTE] = WIRE_WORKER_REMOTE | WIRE_WORKER_PARK,
	};
	struct draft d = {.head = {.magic = WIRE_PLAN_MAGIC,
				   .version = WIRE_VERSION,
				   .fds = 1,
				   .slots = 2,
				   .pidns_slot = WIRE_NO_SLOT,
				   .into_cgroup_slot = WIRE_NO_SLOT},
			  .data = "/x"};

	if (plan == RIG_WITH_INIT) {
		add_step(&d, WIRE_CHILD, WIRE_PARK);
		add_step(&d, WIRE_CHILD, WIRE_INIT);
	}
	add_step(&d, WIRE_CHILD, plan < RIG_WORKER ? WIRE_EXEC : WIRE_WORKER);
	d.step[d.head.phase_steps[WIRE_CHILD] - 1].num[2] = flags[plan];
	return seal(&d);
}

int rig_plan(enum rig_plan plan)
{
	static int plans[RIG_PLANS];

	if (!plans[plan])
		plans[plan] = make_plan(plan);
	return plans[plan];
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static int reaped_pidfd(void)
{
	static int fd;

	if (!fd)
		fd = stub_reaped_pidfd();
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static int unsealed(void)
{
	int fd = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	fuzz_require(write(fd, "loose", 5) == 5, "a file");
	return fd;
}

int rig_fd(struct rig *r, uint8_t kind)
{
	int ends[2] = {-1, -1};

	switch (kind % FDS_KINDS) {
	case 0:
		return fcntl(rig_plan((enum rig_plan)(kind / FDS_KINDS % RIG_PLANS)),
			     F_DUPFD_CLOEXEC, 0);
	case 1:
		return fcntl(r->folder, F_DUPFD_CLOEXEC, 0);
	case 2:
		return reaped_pidfd();
	case 3:
		return unsealed();
	case 4:
		return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	case 5:
	case 6:
		fuzz_require(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "a pipe");
		(void)close(ends[kind % 2]);
		return ends[(kind + 1) % 2];
	case 7:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	default:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	}
}

/* ---- messages -------------------------------------------------------------------------------- */

void rig_send(int sock, const void *data, size_t size, int *fds, unsigned int nfds)
{
	struct iovec part = {.iov_base = (void *)data, .iov_len = size};

	if (sock >= 0)
		(void)seq_send(sock, &part, 1, fds, nfds);
	while (nfds > 0)
		(void)close(fds[--nfds]);
}

void rig_message(struct rig *r, uint16_t type, uint64_t request, const void *body, size_t size,
		 int *fds, unsigned int nfds)
{
	struct iovec part = {.iov_base = (void *)body, .iov_len = size};

	if (r->host >= 0)
		(void)wire_send(r->host, type, request, &part, 1, fds, nfds);
	while (nfds > 0)
		(void)close(fds[--nfds]);
}

void rig_launch(struct rig *r, enum rig_plan plan, uint32_t flags, uint32_t with)
{
	static const uint8_t kinds[] = {1, 1, 7, 6, 5, 5, 7};
	struct {
		struct wire_launch head;
		char texts[sizeof("box") + sizeof("{\"id\":\"box\"")];
	} body = {.head = {.flags = flags,
			   .with = with & 0x7f,
			   .slot_fds = 1,
			   .drain_ms = 5,
			   .id_size = sizeof("box"),
			   .state_size = sizeof("{\"id\":\"box\"")}};
	int fds[8], slot = rig_fd(r, 7);
	unsigned int n = 0;

	memcpy(body.texts, "box\0{\"id\":\"box\"", sizeof(body.texts));
	rig_message(r, WIRE_FDS, r->request, NULL, 0, &slot, 1);
	fds[n++] = fcntl(rig_plan(plan), F_DUPFD_CLOEXEC, 0);
	for (unsigned int i = 0; i < sizeof(kinds); i++)
		if (body.head.with & 1u << i)
			fds[n++] = rig_fd(r, kinds[i]);
	rig_message(r, WIRE_LAUNCH, ++r->request, &body,
		    offsetof(__typeof__(body), texts) + sizeof(body.texts), fds, n);
	rig_turn(r);
}

/* ---- its life -------------------------------------------------------------------------------- */

void rig_connect(struct rig *r)
{
	int pair[2];

	close_fd(&r->host);
	rig_turn(r);
	fuzz_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ==
			     0,
		     "a connection");
	r->host = pair[0];
	fuzz_require(client_add(&r->monitor, pair[1]) == 0, "a client");
}

static void drain_host(const struct rig *r)
{
	static char message[WIRE_MSG_MAX];
	int fds[WIRE_FDS_MAX];
	unsigned int nfds = WIRE_FDS_MAX;
	ssize_t n;

	while (r->host >= 0 && (n = seq_recv(r->host, message, sizeof(message), fds, &nfds,
					     MSG_DONTWAIT)) > 0) {
		const struct wire_msg *head = (const void *)message;

		fuzz_require((size_t)n >= sizeof(*head) && head->size == (size_t)n &&
				     head->fds == nfds,
			     "what the monitor says is a message");
		while (nfds > 0)
			(void)close(fds[--nfds]);
		nfds = WIRE_FDS_MAX;
	}
}

void rig_turn(struct rig *r)
{
	struct epoll_event e;

	for (int i = 0; i < TURNS_MAX && epoll_wait(r->monitor.epoll, &e, 1, 0) == 1; i++) {
		struct watch *w = e.data.ptr;

		w->fn(&r->monitor, w, e.events);
		clients_sweep(&r->monitor);
	}
	clients_sweep(&r->monitor);
	drain_host(r);
}

void rig_timer(struct rig *r)
{
	struct timer *t = r->monitor.timers;

	if (t) {
		timer_disarm(&r->monitor, t);
		t->fn(&r->monitor, t);
	}
	rig_turn(r);
}

void rig_kill(struct rig *r)
{
	stub_end(r->life);
	rig_turn(r);
}

struct rig *rig_begin(void)
{
	struct monitor *m = &rig.monitor;

	if (folder < 0) {
		folder = fuzz_folder(NULL);
		for (int i = 0; i < RIG_PLANS; i++)
			(void)rig_plan((enum rig_plan)i);
		(void)close(reaped_pidfd());
	}
	lowest = fuzz_lowest_fd();
	memset(&rig, 0, sizeof(rig));
	rig.folder = folder;
	rig.host = rig.report = rig.init = rig.line = rig.life = -1;
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	m->dir = m->root = m->lock = m->own_pidns = m->asker = -1;
	m->listener.fd = m->kmsg.fd = -1;
	stub_use(&rig);
	rig_connect(&rig);
	return &rig;
}

static void forget_events(struct monitor *m)
{
	for (unsigned int i = 0; i < EVENTS_KEPT; i++)
		stub_event_free(m->event[i]);
}

void rig_end(struct rig *r)
{
	struct monitor *m = &r->monitor;

	rig_turn(r);
	close_fd(&r->host);
	close_fd(&r->report);
	close_fd(&r->init);
	close_fd(&r->line);
	rig_turn(r);
	for (int i = 0; i < TIMERS_MAX && (m->tasks || m->clients); i++) {
		stub_end(-1);
		rig_timer(r);
	}
	fuzz_require(!m->tasks && !m->clients && !m->task_count, "all tasks come to an end");
	fuzz_require(!m->timers && !m->dirs, "nothing of them is left");
	forget_events(m);
	(void)close(m->epoll);
	fuzz_require(fuzz_lowest_fd() == lowest, "no descriptor is left");
}
