/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The phases end and cleanup: what of a plan outlives the start, small, and its walker. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/cgroupfs.h"
#include "monitor/task.h"

/* A step that does not get there is left: gc finds what stays. */
#define STEP_PATIENCE_NS 5000000000u
/* How long one call may keep the loop: killing takes its time, and it is not the only container. */
#define TURN_MS 10
#define PATH_SIZE 4352 /* of a path and the name of a box */

static unsigned int tail_steps(const struct wire_plan *p)
{
	return p->phase_steps[WIRE_END] + (unsigned int)p->phase_steps[WIRE_CLEANUP];
}

static const struct wire_step *tail_first(const struct launch *l)
{
	return l->steps + l->plan->phase_steps[WIRE_PREPARE] + l->plan->phase_steps[WIRE_CHILD];
}

/* One path is mostly that of all hierarchies: it is kept once. */
static const char *keep_path(struct tail *tail, unsigned int count, char **text, const char *path)
{
	char *kept;

	for (unsigned int i = 0; i < count; i++)
		if (tail->step[i].path && strcmp(tail->step[i].path, path) == 0)
			return tail->step[i].path;
	kept = *text;
	*text += strlen(strcpy(kept, path)) + 1;
	return kept;
}

static size_t paths_size(const struct wire_step *s, unsigned int count)
{
	size_t size = 0;

	for (unsigned int i = 0; i < count; i++) {
		bool again = false;

		for (unsigned int k = 0; k < i && !again; k++)
			again = s[k].str[0].size == s[i].str[0].size &&
				s[k].str[0].offset == s[i].str[0].offset;
		size += again ? 0 : s[i].str[0].size;
	}
	return size;
}

/* With a box it is another than the plan's, for some of them. */
static const char *path_of(const struct launch *l, const struct wire_step *s, char *text)
{
	return launch_cgroup_path(l, s, text, PATH_SIZE) ? text : l->data + s->str[0].offset;
}

/* Everything it will need is allocated before anything is made that it would have to undo. */
struct tail *tail_new(const struct launch *l)
{
	const struct wire_step *s = tail_first(l);
	unsigned int count = tail_steps(l->plan);
	size_t fixed = sizeof(struct tail) + count * sizeof(struct tail_step);
	size_t named = l->box[0] ? count * sizeof(l->box) + paths_size(s, count) : 0;
	struct tail *tail =
		calloc(1, fixed + 2 * count * sizeof(int) + paths_size(s, count) + named);
	char path[PATH_SIZE], *text;

	if (!tail)
		return NULL;
	tail->fds = (int *)((char *)tail + fixed);
	text = (char *)(tail->fds + 2 * count);
	for (unsigned int i = 0; i < count; i++, s++) {
		struct tail_step *to = &tail->step[i];

		to->op = s->op;
		to->phase = i < l->plan->phase_steps[WIRE_END] ? WIRE_END : WIRE_CLEANUP;
		to->version = (uint32_t)s->num[0];
		to->fd[0] = to->fd[1] = -1;
		if (s->str[0].size)
			to->path = keep_path(tail, i, &text, path_of(l, s, path));
	}
	tail->count = count;
	return tail;
}

/* One descriptor serves all steps that name its slot. */
static int16_t adopt(struct tail *tail, struct launch *l, int16_t *place, uint16_t slot)
{
	if (slot == WIRE_NO_SLOT)
		return -1;
	if (place[slot] < 0 && l->slots[slot] >= 0) {
		tail->fds[tail->nfds] = l->slots[slot];
		l->slots[slot] = -1;
		place[slot] = (int16_t)tail->nfds++;
	}
	return place[slot];
}

void tail_adopt(struct monitor *m, struct tail *tail, struct launch *l)
{
	const struct wire_step *s = tail_first(l);
	int16_t place[WIRE_SLOTS_MAX];

	memset(place, 0xff, l->plan->slots * sizeof(place[0]));
	for (unsigned int i = 0; i < tail->count; i++, s++) {
		/*
		 * Of a leaf that is to be removed only counts that it was made: an open one costs a
		 * number.
		 */
		bool made = s->slot[1] != WIRE_NO_SLOT &&
			    (l->slots[s->slot[1]] >= 0 || place[s->slot[1]] >= 0);

		if (s->op == WIRE_CGROUP_REMOVE && !made)
			continue;
		tail->step[i].fd[0] = adopt(tail, l, place, s->slot[0]);
		if (s->op == WIRE_CGROUP_KILL)
			tail->step[i].fd[1] = adopt(tail, l, place, s->slot[1]);
	}
	for (unsigned int i = 0; i < tail->nfds; i++)
		tail->fds[i] = dir_share(m, tail->fds[i]);
}

static int run_step(const struct tail *tail, const struct tail_step *s)
{
	int first = s->fd[0] >= 0 ? tail->fds[s->fd[0]] : -1;
	int second = s->fd[1] >= 0 ? tail->fds[s->fd[1]] : -1;

	if (first < 0)
		return 0;
	if (s->op == WIRE_CGROUP_KILL)
		return cgroup_kill(first, second, (int)s->version, TURN_MS);
	return cgroup_remove(first, s->path, 0);
}

int tail_run(struct tail *tail, enum wire_phase phase)
{
	while (tail && tail->next < tail->count && tail->step[tail->next].phase == phase) {
		int r = run_step(tail, &tail->step[tail->next]);
		uint64_t now = r == -EBUSY ? clock_ns(CLOCK_MONOTONIC) : 0;

		if (r == -EBUSY && !tail->give_up_ns)
			tail->give_up_ns = now + STEP_PATIENCE_NS;
		if (r == -EBUSY && now < tail->give_up_ns)
			return -EAGAIN;
		if (r < 0 && tail->step[tail->next].op == WIRE_CGROUP_REMOVE)
			tail->left = true;
		tail->give_up_ns = 0;
		tail->next++;
	}
	return 0;
}

void tail_skip(struct tail *tail, enum wire_phase phase)
{
	while (tail && tail->next < tail->count && tail->step[tail->next].phase < phase)
		tail->next++;
}

void tail_free(struct monitor *m, struct tail *tail)
{
	if (!tail)
		return;
	for (unsigned int i = 0; i < tail->nfds; i++)
		dir_release(m, &tail->fds[i]);
	free(tail);
}
