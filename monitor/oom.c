/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OOM kills: notifications are hints, the counter is the truth. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "base/cgroupfs.h"
#include "base/cgroupwalk.h"
#include "base/fdio.h"
#include "monitor/task.h"

/* Of v2 the file itself must be read each time, also for nothing: that re-arms its notification. */
static uint64_t read_kills(const struct oom *o)
{
	char text[512];
	const char *p = NULL;
	uint64_t own = 0, all = 0;

	if (read_file_fd(o->counter, text, sizeof(text)) >= 0)
		p = strstr(text, "oom_kill ");
	if (p)
		own = strtoull(p + strlen("oom_kill "), NULL, 10);
	/* The counter of v1 knows its own cgroup only, and v2 can be mounted that way. */
	if (!cgroup_has_children(o->dir) || cgroup_oom_kills(o->dir, o->version, &all) < 0)
		return own;
	return all > own ? all : own;
}

/* Those behind it move up. */
static void drop_channel(int *fd)
{
	(void)close(*fd);
	for (int *next = fd; (*next = next[1]) >= 0; next++)
		;
}

static void write_channels(struct task *t, const struct exd_oom_event *e)
{
	for (int *fd = t->channels; fd && *fd >= 0; fd++) {
		/*
		 * A full channel has an event in it that its reader has yet to see: the next read
		 * tells.
		 */
		if (write(*fd, e, sizeof(*e)) < 0 && errno == EPIPE)
			drop_channel(fd--);
	}
}

void oom_look(struct monitor *m, struct oom *o)
{
	struct task *t = o->task;
	uint64_t kills;

	/* Of a box its own end tells enough, and nobody is there to hear more. */
	if (t->is_box)
		return;
	kills = read_kills(o);
	if (kills <= o->kills) {
		oom_suspect(o);
		return;
	}
	oom_moved_now(o);
	while (o->kills < kills) {
		struct exd_oom_event e = {.struct_size = sizeof(e)};

		o->kills++;
		t->exit.oom_kills = o->kills;
		e.oom_kills = o->kills;
		e.time_ns = clock_ns(CLOCK_REALTIME);
		write_channels(t, &e);
		/* Events are of containers: of an exec's cgroup theirs tell. */
		if (!(t->flags & WIRE_LAUNCH_EXEC))
			event_add(m, EXD_EVENT_OOM, t);
	}
	/* Behind the news: what /proc tells of one that is dying can take milliseconds. */
	oom_suspect(o);
}

static void tick(struct monitor *m, struct timer *timer)
{
	struct oom *o = container_of(timer, struct oom, tick);

	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	oom_look(m, o);
	if (now < o->until_ns || now < o->follow_ns)
		timer_arm(m, &o->tick, MS_NS);
}

void oom_hint(struct monitor *m, struct oom *o)
{
	o->until_ns = clock_ns(CLOCK_MONOTONIC) + OOM_SETTLE_NS;
	oom_look(m, o);
	timer_arm(m, &o->tick, MS_NS);
}

void oom_follow(struct monitor *m, struct oom *o)
{
	o->follow_ns = clock_ns(CLOCK_MONOTONIC) + OOM_SETTLE_NS;
	oom_look(m, o);
	timer_arm(m, &o->tick, MS_NS);
}

static void hinted(struct monitor *m, struct watch *w, uint32_t events)
{
	struct oom *o = container_of(w, struct oom, hint);
	uint64_t count;

	(void)events;
	/* Of v2 the counter itself is watched: looking at it is what re-arms it. */
	if (o->version == 1 && read(w->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	kmsg_drain(m);
	oom_hint(m, o);
}

/* v1: "<eventfd> <descriptor of memory.oom_control>". */
static int subscribe_v1(struct oom *o)
{
	char text[32];
	int n;

	o->hint.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->hint.fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%d %d", o->hint.fd, o->counter);
	return write_file_at(o->dir, "cgroup.event_control", text, (size_t)n);
}

static int subscribe(struct monitor *m, struct oom *o)
{
	const char *file = o->version == 1 ? "memory.oom_control" : "memory.events";
	int r = 0;

	o->counter = openat(o->dir, file, O_RDONLY | O_CLOEXEC);
	if (o->counter < 0)
		return -errno;
	if (o->version == 1)
		r = subscribe_v1(o);
	else
		o->hint.fd = fcntl(o->counter, F_DUPFD_CLOEXEC, 3);
	if (o->version == 2)
		(void)read_kills(o);
	if (r < 0 || o->hint.fd < 0)
		return r < 0 ? r : -errno;
	return watch_add(m, &o->hint, o->version == 1 ? EPOLLIN : EPOLLPRI);
}

int oom_watch(struct monitor *m, struct task *t, int dir, int version)
{
	struct oom *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->task = t;
	o->version = version;
	o->hint.fn = hinted;
	o->tick.fn = tick;
	o->hint.fd = o->counter = -1;
	o->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	t->oom = o;
	r = o->dir < 0 ? -errno : subscribe(m, o);
	if (r < 0)
		oom_stop(m, t);
	else
		kmsg_open(m, version);
	return r;
}

bool oom_moved(struct task *t)
{
	return t->oom && (t->oom->kills || read_kills(t->oom) > 0);
}

/* Who stopped reading before there was anything to write makes room for others. */
static void drop_unread_channels(struct task *t)
{
	for (int *fd = t->channels; fd && *fd >= 0; fd++) {
		struct pollfd p = {.fd = *fd};

		if (poll(&p, 1, 0) == 1 && p.revents & POLLERR)
			drop_channel(fd--);
	}
}

int oom_attach(struct task *t, int channel)
{
	unsigned int n = 0;
	int *grown;

	if (t->state >= TASK_RECORD)
		return -ESRCH;
	if (t->oom_blind) {
		(void)close(channel);
		return 0;
	}
	drop_unread_channels(t);
	while (t->channels && t->channels[n] >= 0)
		n++;
	if (n >= OOM_CHANNELS_MAX)
		return -EMFILE;
	grown = realloc(t->channels, (n + 2) * sizeof(int));
	if (!grown)
		return -ENOMEM;
	t->channels = grown;
	grown[n] = channel;
	grown[n + 1] = -1;
	(void)fcntl(channel, F_SETFL, O_WRONLY | O_NONBLOCK);
	return 0;
}

void oom_close_channels(struct task *t)
{
	for (int *fd = t->channels; fd && *fd >= 0; fd++)
		(void)close(*fd);
	free(t->channels);
	t->channels = NULL;
}

void oom_give_up(struct task *t)
{
	t->oom_blind = true;
	oom_close_channels(t);
}

void oom_stop(struct monitor *m, struct task *t)
{
	struct oom *o = t->oom;

	if (!o)
		return;
	timer_disarm(m, &o->tick);
	watch_close(m, &o->hint);
	close_fd(&o->counter);
	close_fd(&o->dir);
	free(o);
	t->oom = NULL;
}
