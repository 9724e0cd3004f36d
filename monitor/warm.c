/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which boxes are kept, when they are made, and when they are thrown away. */
#include "monitor/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fdio.h"

#define SHAPES_MAX 4u
#define PARENTS_MAX 16384u
/* A launch is dearer to somebody than a box is: those are made when none was begun for so long. */
#define IDLE_NS (2u * MS_NS)

struct warm {
	struct shape *shapes;
	struct watch mounts; /* of the host; readable when they changed */
	struct timer refill;
	unsigned int serial;
	char name[NAME_MAX + 1]; /* of the monitor */
	char *parents;           /* of cgroups of boxes, each behind a newline, as gc finds them */
	size_t parents_size;
};

/* ---- throwing away --------------------------------------------------------------------------- */

static void drop_shape(struct monitor *m, struct shape *s)
{
	struct shape **p = &m->warm->shapes;

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	while (s->boxes)
		box_discard(m, s->boxes);
	shape_free(s);
}

static void drop_all(struct monitor *m)
{
	while (m->warm->shapes)
		drop_shape(m, m->warm->shapes);
	timer_disarm(m, &m->warm->refill);
	/* Nothing is there that it could make stale. */
	watch_close(m, &m->warm->mounts);
}

static unsigned int count_boxes(const struct warm *w)
{
	unsigned int n = 0;

	for (const struct shape *s = w->shapes; s; s = s->next)
		n += s->count;
	return n;
}

/*
 * What was mounted below a source since a box was born is not in it, and what was unmounted is kept
 * in use by it.
 */
static void mounts_changed(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	drop_all(m);
}

static bool mounts_moved(const struct warm *w)
{
	struct pollfd p = {.fd = w->mounts.fd, .events = POLLPRI};

	return poll(&p, 1, 0) != 0;
}

static int watch_mounts(struct monitor *m)
{
	struct watch *w = &m->warm->mounts;
	int r;

	if (w->fd >= 0)
		return 0;
	w->fn = mounts_changed;
	w->fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (w->fd < 0)
		return -errno;
	r = watch_add(m, w, EPOLLPRI);
	if (r < 0)
		close_fd(&w->fd);
	return r;
}

/* Who only listens starts nothing. */
static bool has_host(const struct monitor *m)
{
	const struct client *c = m->clients;

	while (c && (c->dead || (c->subscribed && !c->launched)))
		c = c->next;
	return c;
}

void warm_sweep(struct monitor *m)
{
	if (!m->warm || has_host(m) || m->linger.at_ns)
		return;
	drop_all(m);
	free(m->warm->parents);
	free(m->warm);
	m->warm = NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool busy(const struct monitor *m)
{
	const struct task *t = m->tasks;

	while (t && (t->is_box || t->state != TASK_STARTING))
		t = t->next;
	return t;
}

static struct shape *hungry(const struct warm *w)
{
	struct shape *s = w->shapes;

	while (s && s->count >= s->want)
		s = s->next;
	return s;
}

/* Room for one more, if need be where it has not been asked for the longest. */
static bool make_room(struct monitor *m, const struct shape *s)
{
	while (count_boxes(m->warm) >= WIRE_WARM_MAX) {
		struct shape *last = s->next;

		if (!last)
			return false;
		while (last->next)
			last = last->next;
		drop_shape(m, last);
	}
	return true;
}

static void add_box(struct monitor *m, struct shape *s)
{
	char name[WARM_NAME_SIZE];

	if (!make_room(m, s)) {
		s->want = s->count;
		shape_let_go(s);
		return;
	}
	(void)snprintf(name, sizeof(name), WIRE_WARM_PREFIX "%.20s-%x", m->warm->name,
		       ++m->warm->serial);
	box_birth(m, s, name);
}

static bool is_bearing(const struct warm *w)
{
	for (const struct shape *s = w->shapes; s; s = s->next)
		for (const struct task *b = s->boxes; b; b = b->next)
			if (b->state == TASK_STARTING)
				return true;
	return false;
}

/* One at a time: the next when this one is ready, whatever was launched meanwhile. */
static void refill(struct monitor *m, struct timer *timer)
{
	struct warm *w = container_of(timer, struct warm, refill);
	struct shape *s = is_bearing(w) ? NULL : hungry(w);

	if (s && busy(m))
		timer_arm(m, &w->refill, IDLE_NS);
	else if (s)
		add_box(m, s);
}

void warm_ready(struct monitor *m, struct task *box)
{
	struct shape *s = box->shape;

	if (s->count >= s->want)
		shape_let_go(s);
	if (hungry(m->warm))
		timer_arm(m, &m->warm->refill, 0);
}

/* Not tried again before the next launch of this shape, which says what is wrong, if anything is. */
void warm_failed(struct monitor *m, struct task *box)
{
	struct shape *s = box->shape;

	s->want = 0;
	shape_let_go(s);
	box_discard(m, box);
	if (hungry(m->warm))
		timer_arm(m, &m->warm->refill, IDLE_NS);
}

/* ---- keeping --------------------------------------------------------------------------------- */

static struct shape *find_shape(const struct warm *w, const struct launch *l)
{
	struct shape *s = w->shapes;

	while (s && !shape_fits(s, l))
		s = s->next;
	return s;
}

static void move_to_front(struct warm *w, struct shape *s)
{
	struct shape **p = &w->shapes;

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	s->next = w->shapes;
	w->shapes = s;
}

/* Written before the first directory is made there: should we be killed, gc reads it. */
static int note_parent(struct monitor *m, const char *path)
{
	struct warm *w = m->warm;
	const char *last = strrchr(path, '/');
	size_t size = last ? (size_t)(last - path) : 0;
	char line[PATH_MAX + 3], *grown;
	int r;

	if (size > PATH_MAX || memchr(path, '\n', size))
		return -EINVAL;
	(void)snprintf(line, sizeof(line), "\n%.*s\n", (int)size, path);
	if (w->parents && strstr(w->parents, line))
		return 0;
	if (w->parents_size + size > PARENTS_MAX)
		return -ENOSPC;
	grown = realloc(w->parents, w->parents_size + size + 3);
	if (!grown)
		return -ENOMEM;
	/* Each line ends with the newline that the next one begins with. */
	strcpy(grown + w->parents_size, w->parents_size ? line + 1 : line);
	w->parents = grown;
	size = strlen(grown + w->parents_size);
	r = replace_file_at(m->dir, "warm", grown + 1, w->parents_size + size - 1, 0600, false);
	/* What is not on disk is written the next time. */
	if (r < 0)
		grown[w->parents_size] = '\0';
	else
		w->parents_size += size;
	return r;
}

static int note_parents(struct monitor *m, const struct launch *l)
{
	int r = 0;

	for (int i = 0; i < l->plan->phase_steps[WIRE_PREPARE] && !r; i++)
		if (l->steps[i].op == WIRE_CGROUP_MAKE)
			r = note_parent(m, l->data + l->steps[i].str[0].offset);
	return r;
}

static struct shape *add_shape(struct monitor *m, const struct launch *l, int plan_fd)
{
	struct warm *w = m->warm;
	struct shape *s, *last = w->shapes;
	unsigned int count = 0;

	if (note_parents(m, l) < 0)
		return NULL;
	s = shape_new(l, plan_fd);
	if (!s)
		return NULL;
	for (struct shape *at = w->shapes; at; at = at->next, count++)
		last = at;
	if (count >= SHAPES_MAX)
		drop_shape(m, last);
	s->next = w->shapes;
	w->shapes = s;
	return s;
}

static bool begin(struct monitor *m)
{
	if (!m->warm) {
		m->warm = calloc(1, sizeof(*m->warm));
		if (!m->warm)
			return false;
		m->warm->mounts.fd = -1;
		m->warm->refill.fn = refill;
	}
	return (m->warm->name[0] || own_name(m, m->warm->name)) && watch_mounts(m) == 0;
}

void warm_keep(struct monitor *m, const struct task *t, int plan_fd, unsigned int count)
{
	const struct launch *l = t->launch;
	struct shape *s;

	if (!count || !l->plan->cut || t->flags & WIRE_LAUNCH_EXEC || !begin(m))
		return;
	s = t->shape ? t->shape : find_shape(m->warm, l);
	if (!s)
		s = add_shape(m, l, plan_fd);
	if (!s)
		return;
	move_to_front(m->warm, s);
	s->want = count;
	if (s->count >= s->want)
		return;
	if (shape_hold(s, l) < 0)
		s->want = 0;
	else
		timer_arm(m, &m->warm->refill, IDLE_NS);
}

/* ---- finding --------------------------------------------------------------------------------- */

static struct task *ready_box(const struct shape *s)
{
	struct task *b = s ? s->boxes : NULL;

	while (b && b->state != TASK_PARKED)
		b = b->next;
	return b;
}

/* One that was killed meanwhile has closed its line. */
static bool is_alive(const struct task *b)
{
	struct pollfd p = {.fd = b->report.fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* The record names the box: its cgroup v2 keeps that name. */
static bool name_launch(struct launch *l, const char *box)
{
	size_t size = l->state_size + sizeof(l->box) + sizeof(",\"warm\":\"\"");
	char *grown = l->state ? realloc(l->state, size) : NULL;

	if (!grown)
		return !l->state;
	l->state = grown;
	l->state_size += (size_t)snprintf(grown + l->state_size, size - l->state_size,
					  ",\"warm\":\"%s\"", box);
	return true;
}

struct task *warm_match(struct monitor *m, struct task *t)
{
	struct launch *l = t->launch;
	struct task *b;

	if (!l->plan->cut || t->flags & WIRE_LAUNCH_EXEC)
		return NULL;
	if (m->warm && m->warm->mounts.fd >= 0 && mounts_moved(m->warm))
		drop_all(m);
	t->shape = m->warm ? find_shape(m->warm, l) : NULL;
	b = ready_box(t->shape);
	if (!b || !is_alive(b) || !name_launch(l, b->launch->box))
		return NULL;
	memcpy(l->box, b->launch->box, sizeof(l->box));
	l->taken = true;
	return b;
}

/* For tests: a monitor by which every start that can be is a warm one, the first of a shape too. */
#ifdef EXD_WARM_ALWAYS
#define PATIENCE_MS 10000

void warm_make(struct monitor *m, struct task *t, int plan_fd)
{
	struct pollfd p = {.events = POLLIN};
	struct shape *s;

	if (!t->launch->plan->cut)
		return;
	warm_keep(m, t, plan_fd, 1);
	s = m->warm ? m->warm->shapes : NULL;
	if (!s || s->want != 1 || s->count != 0)
		return;
	timer_disarm(m, &m->warm->refill);
	add_box(m, s);
	if (!s->boxes)
		return;
	p.fd = s->boxes->report.fd;
	(void)poll(&p, 1, PATIENCE_MS);
	s->boxes->report.fn(m, &s->boxes->report, EPOLLIN);
}
#endif
