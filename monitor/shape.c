/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When do two plans ask for the same up to their cuts? Their bytes and their descriptors decide. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/sys.h"
#include "monitor/warm.h"

/* Prepare steps and those of the child come first, in this order. */
static unsigned int before_cut(const struct launch *l)
{
	return (unsigned int)l->plan->phase_steps[WIRE_PREPARE] + l->plan->cut;
}

void shape_mark(const struct launch *l, unsigned int first, unsigned int count, bool *used)
{
	for (unsigned int i = first; i < first + count; i++)
		for (int k = 0; k < 4; k++)
			if (l->steps[i].slot[k] < l->nslots)
				used[l->steps[i].slot[k]] = true;
}

static int identify(int fd, struct identity *out)
{
	struct statx st;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -errno;
	*out = (struct identity){
		.device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
		.inode = st.stx_ino,
		.mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0,
	};
	return 0;
}

static bool same_files(const struct shape *s, const struct launch *l)
{
	bool used[WIRE_SLOTS_MAX] = {false};

	shape_mark(l, 0, before_cut(l), used);
	for (unsigned int i = 0; i < l->plan->fds; i++) {
		const struct identity *known = &s->identity[i];
		struct identity now;

		if (!used[i])
			continue;
		if (identify(l->slots[i], &now) < 0 || now.device != known->device ||
		    now.inode != known->inode || now.mount != known->mount)
			return false;
	}
	return true;
}

static bool same_span(const struct launch *a, struct wire_span x, const struct launch *b,
		      struct wire_span y)
{
	return x.size == y.size && memcmp(a->data + x.offset, b->data + y.offset, x.size) == 0;
}

/* But for the last component, which a box has a name of its own for. */
static bool same_parent(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t n = x ? (size_t)(x - a) + 1 : 0;

	return n == (y ? (size_t)(y - b) + 1 : 0) && memcmp(a, b, n) == 0;
}

static bool same_step(const struct launch *a, const struct launch *b, unsigned int i)
{
	const struct wire_step *x = &a->steps[i], *y = &b->steps[i];

	if (x->op != y->op || x->code != y->code || x->flags != y->flags ||
	    memcmp(x->slot, y->slot, sizeof(x->slot)) != 0 ||
	    memcmp(x->num, y->num, sizeof(x->num)) != 0)
		return false;
	for (int k = 0; k < 3; k++) {
		if (k == 0 && x->op == WIRE_CGROUP_MAKE) {
			if (!same_parent(a->data + x->str[k].offset, b->data + y->str[k].offset))
				return false;
		} else if (!same_span(a, x->str[k], b, y->str[k])) {
			return false;
		}
	}
	return true;
}

static bool same_steps(const struct launch *a, const struct launch *b)
{
	const struct wire_plan *p = a->plan, *q = b->plan;

	if (p->cut != q->cut || p->fds != q->fds || p->slots != q->slots ||
	    p->clone_flags != q->clone_flags || p->into_cgroup_slot != q->into_cgroup_slot ||
	    p->phase_steps[WIRE_PREPARE] != q->phase_steps[WIRE_PREPARE])
		return false;
	for (unsigned int i = 0; i < before_cut(a); i++)
		if (!same_step(a, b, i))
			return false;
	return true;
}

bool shape_fits(const struct shape *s, const struct launch *l)
{
	return same_steps(&s->like, l) && same_files(s, l);
}

static int identify_all(struct shape *s, const struct launch *l)
{
	bool used[WIRE_SLOTS_MAX] = {false};
	int r = 0;

	shape_mark(l, 0, before_cut(l), used);
	for (unsigned int i = 0; i < l->plan->fds && !r; i++)
		if (used[i])
			r = identify(l->slots[i], &s->identity[i]);
	return r;
}

struct shape *shape_new(const struct launch *l, int plan_fd)
{
	struct shape *s = calloc(1, sizeof(*s));
	struct launch *like = s ? &s->like : NULL;
	void *map = MAP_FAILED;

	if (s) {
		s->identity = calloc(l->nslots + 1u, sizeof(*s->identity));
		like->slots = malloc((l->nslots + 1u) * sizeof(int));
		map = mmap(NULL, l->size, PROT_READ, MAP_PRIVATE, plan_fd, 0);
	}
	if (map != MAP_FAILED)
		launch_point(like, map, l->size);
	if (map == MAP_FAILED || !s->identity || !like->slots || identify_all(s, l) < 0) {
		if (s)
			shape_free(s);
		return NULL;
	}
	like->nslots = l->nslots;
	for (unsigned int i = 0; i < l->nslots; i++)
		like->slots[i] = -1;
	return s;
}

void shape_mark_tail(const struct launch *l, bool *used)
{
	const struct wire_plan *p = l->plan;

	shape_mark(l, (unsigned int)p->phase_steps[WIRE_PREPARE] + p->phase_steps[WIRE_CHILD],
		   (unsigned int)p->phase_steps[WIRE_END] + p->phase_steps[WIRE_CLEANUP], used);
}

int shape_hold(struct shape *s, const struct launch *l)
{
	bool used[WIRE_SLOTS_MAX] = {false};
	int r = 0;

	shape_mark(l, 0, before_cut(l), used);
	shape_mark_tail(l, used);
	for (unsigned int i = 0; i < l->plan->fds && !r; i++) {
		if (!used[i] || s->like.slots[i] >= 0)
			continue;
		s->like.slots[i] = fcntl(l->slots[i], F_DUPFD_CLOEXEC, 3);
		r = s->like.slots[i] < 0 ? -errno : 0;
	}
	if (r < 0)
		shape_let_go(s);
	return r;
}

void shape_let_go(struct shape *s)
{
	bool used[WIRE_SLOTS_MAX] = {false};

	shape_mark_tail(&s->like, used);
	for (unsigned int i = 0; i < s->like.nslots; i++)
		if (!used[i])
			close_fd(&s->like.slots[i]);
}

void shape_free(struct shape *s)
{
	for (unsigned int i = 0; i < s->like.nslots; i++)
		close_fd(&s->like.slots[i]);
	if (s->like.plan)
		(void)munmap((void *)s->like.plan, s->like.size);
	free(s->like.slots);
	free(s->identity);
	free(s);
}
