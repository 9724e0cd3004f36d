/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a box: born for nobody, then taken by one launch, or ended. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/seqpacket.h"
#include "monitor/warm.h"

#define PATH_SIZE 4352 /* of a path and the name of a box */

/* ---- birth ----------------------------------------------------------------------------------- */

/* It says one thing: that it is ready. Whatever else it says, or its end, makes it useless. */
static void heard(struct monitor *m, struct watch *w, uint32_t events)
{
	struct task *b = container_of(w, struct task, report);
	struct wire_report r = {0};
	ssize_t n = recv(w->fd, &r, sizeof(r), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == (ssize_t)sizeof(r) && r.type == WIRE_REPORT_BOX && b->state == TASK_STARTING) {
		timer_disarm(m, &b->timer);
		b->state = TASK_PARKED;
		warm_ready(m, b);
	} else {
		warm_failed(m, b);
	}
}

static void took_long(struct monitor *m, struct timer *timer)
{
	warm_failed(m, container_of(timer, struct task, timer));
}

/* Sources that are the shape's, for the time of the birth. */
static int lend_slots(struct launch *l, const struct shape *s)
{
	l->slots = malloc((s->like.nslots + 1u) * sizeof(int));
	if (!l->slots)
		return -ENOMEM;
	l->nslots = s->like.nslots;
	memcpy(l->slots, s->like.slots, l->nslots * sizeof(int));
	return 0;
}

/* What the start of a container needs, as that of any other; of the rest only the tail knows. */
static void keep_slots(struct launch *l)
{
	bool used[WIRE_SLOTS_MAX] = {false};

	shape_mark_tail(l, used);
	for (unsigned int i = 0; i < l->nslots; i++) {
		if (i < l->plan->fds)
			l->slots[i] = -1;
		else if (!used[i])
			close_fd(&l->slots[i]);
	}
}

void box_birth(struct monitor *m, struct shape *s, const char *name)
{
	/* No client can ask for this id. */
	struct task *b = task_blank("+box");
	struct launch *l;
	int r;

	if (!b) {
		s->want = 0;
		shape_let_go(s);
		return;
	}
	b->is_box = true;
	l = b->launch;
	r = lend_slots(l, s);
	l->plan = s->like.plan;
	l->size = s->like.size;
	l->steps = s->like.steps;
	l->data = s->like.data;
	(void)snprintf(l->box, sizeof(l->box), "%s", name);
	b->shape = s;
	b->next = s->boxes;
	s->boxes = b;
	s->count++;
	if (!r)
		b->tail = tail_new(l);
	if (!r && !b->tail)
		r = -ENOMEM;
	if (!r)
		r = prepare_run(m, b);
	if (!r)
		r = birth(m, b);
	if (l->slots)
		keep_slots(l);
	if (!r) {
		b->timer.fn = took_long;
		b->report.fn = heard;
		watch_set(m, &b->report, EPOLLIN);
	}
	if (r < 0 || b->warned)
		warm_failed(m, b);
}

/* ---- the end that is nobody's ---------------------------------------------------------------- */

static void leave_shape(struct task *b)
{
	struct task **p = &b->shape->boxes;

	while (*p != b)
		p = &(*p)->next;
	*p = b->next;
	b->shape->count--;
}

/* The tail gets descriptors of its own: those of the shape may end before it has come to run. */
static void equip_tail(struct monitor *m, struct task *b, const struct shape *s)
{
	struct launch *l = b->launch;

	for (unsigned int i = 0; i < l->plan->fds; i++)
		if (s->like.slots[i] >= 0)
			l->slots[i] = fcntl(s->like.slots[i], F_DUPFD_CLOEXEC, 3);
	tail_adopt(m, b->tail, l);
	for (unsigned int i = 0; i < l->nslots; i++)
		close_fd(&l->slots[i]);
}

void box_discard(struct monitor *m, struct task *b)
{
	struct shape *s = b->shape;

	spare_use(m, true);
	if (b->tail && b->launch->slots)
		equip_tail(m, b, s);
	spare_use(m, false);
	leave_shape(b);
	/* These are the shape's. */
	b->launch->plan = NULL;
	b->shape = NULL;
	watch_close(m, &b->report);
	b->next = m->tasks;
	m->tasks = b;
	m->task_count++;
	task_abort(m, b, 0, 0, NULL);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static int rename_one(const struct launch *l, const struct wire_step *s, bool back)
{
	const char *path = l->data + s->str[0].offset, *last = strrchr(path, '/');
	char box[PATH_SIZE];
	int n = snprintf(box, sizeof(box), "%.*s%s", last ? (int)(last - path) + 1 : 0, path,
			 l->box);
	int root = l->slots[s->slot[0]];

	if (n < 0 || (size_t)n >= sizeof(box))
		return -ENAMETOOLONG;
	return renameat(root, back ? path : box, root, back ? box : path) < 0 ? -errno : 0;
}

static bool is_renamed(const struct launch *l, const struct wire_step *s)
{
	return s->op == WIRE_CGROUP_MAKE && s->slot[1] != l->plan->into_cgroup_slot;
}

/* A name that is taken is a failure, as it is when the directory is made. */
static int rename_cgroups(struct task *t)
{
	const struct launch *l = t->launch;
	int count = l->plan->phase_steps[WIRE_PREPARE], i, r = 0;

	for (i = 0; i < count && !r; i++)
		if (is_renamed(l, &l->steps[i]))
			r = rename_one(l, &l->steps[i], false);
	if (!r)
		return 0;
	i--;
	launch_fail(t, l->steps[i].code, -r, l->data + l->steps[i].str[0].offset);
	t->launch->failure.step = i;
	t->launch->failure.op = WIRE_CGROUP_MAKE;
	while (--i >= 0)
		if (is_renamed(l, &l->steps[i]))
			(void)rename_one(l, &l->steps[i], true);
	return r;
}

/* From now on the task is what the box was. */
static void inherit(struct task *t, struct task *b)
{
	struct launch *l = t->launch, *old = b->launch;

	t->pid = b->pid;
	t->start_time = b->start_time;
	t->pidfd.fd = b->pidfd.fd;
	t->report.fd = b->report.fd;
	t->oom = b->oom;
	if (t->oom)
		t->oom->task = t;
	t->warm = true;
	l->log_pids = old->log_pids;
	for (unsigned int i = l->plan->fds; i < l->nslots; i++)
		l->slots[i] = old->slots[i];
}

/* An empty shell. */
static void shell_free(struct task *b)
{
	leave_shape(b);
	free(b->tail);
	free(b->launch->slots);
	free(b->launch);
	free(b->id);
	free(b);
}

/* The plan, and the descriptors that the steps behind the cut name. */
static int tell(const struct task *t, int plan_fd)
{
	const struct launch *l = t->launch;
	const struct wire_plan *p = l->plan;
	unsigned int first = (unsigned int)p->phase_steps[WIRE_PREPARE] + p->cut, nfds = 0;
	bool used[WIRE_SLOTS_MAX] = {false};
	struct wire_take take = {0};
	struct iovec iov = {.iov_base = &take, .iov_len = sizeof(take)};
	int fds[WIRE_FDS_MAX];
	ssize_t n;

	shape_mark(l, first, (unsigned int)p->phase_steps[WIRE_CHILD] - p->cut, used);
	fds[nfds++] = plan_fd;
	for (unsigned int i = 0; i < p->fds; i++) {
		if (!used[i])
			continue;
		if (nfds == WIRE_FDS_MAX)
			return -E2BIG;
		take.slot[take.slots++] = (uint16_t)i;
		fds[nfds++] = l->slots[i];
	}
	n = seq_send(t->report.fd, &iov, 1, fds, nfds);
	return n < 0 ? (int)n : 0;
}

int box_take(struct monitor *m, struct task *t, struct task *b, int plan_fd)
{
	int r;

	record_claim(t, false);
	r = rename_cgroups(t);
	if (r < 0) {
		box_discard(m, b);
		return r;
	}
	record_claim(t, true);
	inherit(t, b);
	shell_free(b);
	birth_of_box(m, t);
	r = tell(t, plan_fd);
	if (r < 0)
		launch_fail(t, EXD_ERR_ABORTED, -r, "the box that was kept for it");
	return r;
}
