/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The phase prepare: what the monitor does before the process is born. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/cgroupfs.h"
#include "base/fdio.h"
#include "monitor/task.h"

static const char *text_of(const struct launch *l, const struct wire_step *s, int i)
{
	return s->str[i].size ? l->data + s->str[i].offset : NULL;
}

static int slot_of(const struct launch *l, const struct wire_step *s, int i)
{
	return s->slot[i] == WIRE_NO_SLOT ? -1 : l->slots[s->slot[i]];
}

/* Takes the descriptor, or passes its error on. */
static int fill_slot(struct launch *l, const struct wire_step *s, int i, int fd)
{
	if (fd < 0)
		return fd;
	close_fd(&l->slots[s->slot[i]]);
	l->slots[s->slot[i]] = fd;
	return 0;
}

static int do_cgroup_make(struct launch *l, const struct wire_step *s)
{
	struct cgroup_make make = {
		.root = slot_of(l, s, 0),
		.path = text_of(l, s, 0),
		.enable = text_of(l, s, 1),
		.cpuset = s->num[0] != 0,
	};

	return fill_slot(l, s, 1, cgroup_make(&make));
}

static int do_open(struct launch *l, const struct wire_step *s)
{
	int dir = s->slot[0] == WIRE_NO_SLOT ? AT_FDCWD : l->slots[s->slot[0]];
	int fd = openat(dir, text_of(l, s, 0), (int)s->num[0] | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	return fill_slot(l, s, 1, fd < 0 ? -errno : fd);
}

static int do_step(struct monitor *m, struct task *t, const struct wire_step *s)
{
	struct launch *l = t->launch;

	/* A first slot that an optional step before it did not fill. */
	if (s->slot[0] != WIRE_NO_SLOT && slot_of(l, s, 0) < 0)
		return -EBADF;
	switch (s->op) {
	case WIRE_CGROUP_MAKE:
		return do_cgroup_make(l, s);
	case WIRE_WRITE:
		return write_file_at(slot_of(l, s, 0), text_of(l, s, 0), text_of(l, s, 1),
				     s->str[1].size - 1);
	case WIRE_OPEN:
		return do_open(l, s);
	case WIRE_OOM_WATCH:
		return oom_watch(m, t, slot_of(l, s, 0), (int)s->num[0]);
	default:
		return -EINVAL;
	}
}

static void describe(struct task *t, int step, int error)
{
	const struct wire_step *s = &t->launch->steps[step];
	struct wire_failure *f = &t->launch->failure;

	launch_fail(t, s->code, error, text_of(t->launch, s, 0));
	f->step = step;
	f->op = s->op;
}

int prepare_run(struct monitor *m, struct task *t)
{
	struct launch *l = t->launch;

	for (int i = 0; i < l->plan->phase_steps[WIRE_PREPARE]; i++) {
		const struct wire_step *s = &l->steps[i];
		int r = do_step(m, t, s);

		if (r >= 0 || (r == -ENOENT && s->flags & WIRE_SKIP_MISSING))
			continue;
		describe(t, i, -r);
		if (!(s->flags & WIRE_OPTIONAL))
			return r;
		client_send_body(m, t->client, WIRE_WARNING, t->request, &l->failure,
				 sizeof(l->failure));
	}
	return 0;
}
