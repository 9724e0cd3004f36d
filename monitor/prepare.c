/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The phase prepare: what the monitor does before the process is born. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/cgroupfs.h"
#include "base/fdio.h"
#include "monitor/listener.h"
#include "monitor/program.h"
#include "monitor/task.h"

#define PATH_SIZE 1024

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
	char path[PATH_SIZE];
	struct cgroup_make make = {
		.root = slot_of(l, s, 0),
		.path = path,
		.enable = text_of(l, s, 1),
		.cpuset = s->num[0] != 0,
		.file = text_of(l, s, 2),
	};

	if (!launch_cgroup_path(l, s, path, sizeof(path)))
		return -ENAMETOOLONG;
	return fill_slot(l, s, 1, cgroup_make(&make));
}

static int do_open(struct launch *l, const struct wire_step *s)
{
	int dir = s->slot[0] == WIRE_NO_SLOT ? AT_FDCWD : l->slots[s->slot[0]];
	int fd = openat(dir, text_of(l, s, 0), (int)s->num[0] | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
			0600);

	return fill_slot(l, s, 1, fd < 0 ? -errno : fd);
}

static int make_scratch(struct task *t, const struct wire_step *s, int i, const char *path,
			mode_t mode)
{
	int fd;

	/* The upper directory is what the root will look like, whatever our umask. */
	if (mkdirat(t->state_dir, path, mode) < 0 || fchmodat(t->state_dir, path, mode, 0) < 0)
		return -errno;
	fd = openat(t->state_dir, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fill_slot(t->launch, s, i, fd < 0 ? -errno : fd);
}

/* What was made of it goes with the task, also when this fails half-way. */
static int do_scratch(struct task *t, const struct wire_step *s)
{
	int r;

	if (t->state_dir < 0 || t->flags & WIRE_LAUNCH_EXEC)
		return -EBADF;
	t->layered = true;
	if (mkdirat(t->state_dir, WIRE_LAYER_DIR, 0700) < 0)
		return -errno;
	r = make_scratch(t, s, 1, WIRE_LAYER_DIR "/upper", 0755);
	return r < 0 ? r : make_scratch(t, s, 2, WIRE_LAYER_DIR "/work", 0700);
}

/* The file of the step before: the rules of the devices controller are many lines for one. */
struct kept {
	int dir;
	int fd;
	const char *name;
};

static int keep_open(struct kept *k, int dir, const char *name)
{
	if (k->fd >= 0 && k->dir == dir && strcmp(k->name, name) == 0)
		return 0;
	close_fd(&k->fd);
	k->fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	k->dir = dir;
	k->name = name;
	return k->fd < 0 ? -errno : 0;
}

static int do_write(const struct launch *l, const struct wire_step *s, struct kept *k)
{
	size_t size = s->str[1].size - 1;
	int r = keep_open(k, slot_of(l, s, 0), text_of(l, s, 0));
	ssize_t n;

	if (r < 0)
		return r;
	do
		n = write(k->fd, text_of(l, s, 1), size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

static int do_step(struct monitor *m, struct task *t, const struct wire_step *s, struct kept *k)
{
	struct launch *l = t->launch;

	/* A first slot that an optional step before it did not fill. */
	if (s->slot[0] != WIRE_NO_SLOT && slot_of(l, s, 0) < 0)
		return -EBADF;
	switch (s->op) {
	case WIRE_CGROUP_MAKE:
		return do_cgroup_make(l, s);
	case WIRE_WRITE:
		return do_write(l, s, k);
	case WIRE_OPEN:
		return do_open(l, s);
	case WIRE_CONNECT:
		return fill_slot(l, s, 1, listener_connect(text_of(l, s, 0)));
	case WIRE_DEVICES:
		return program_rule_devices(slot_of(l, s, 0), l->data + s->str[1].offset,
					    s->str[1].size);
	case WIRE_SCRATCH:
		return do_scratch(t, s);
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
	int end = l->plan->phase_steps[WIRE_PREPARE];
	struct kept k = {.fd = -1};
	int r = 0;

	for (int i = 0; i < end && r >= 0; i++) {
		const struct wire_step *s = &l->steps[i];

		if (s->op != WIRE_WRITE)
			close_fd(&k.fd);
		r = do_step(m, t, s, &k);
		if (r == -ENOENT && s->flags & WIRE_SKIP_MISSING)
			r = 0;
		if (r >= 0)
			continue;
		describe(t, i, -r);
		if (!(s->flags & WIRE_OPTIONAL))
			break;
		r = 0;
		t->warned = true;
		client_send_body(m, t->client, WIRE_WARNING, t->request, &l->failure,
				 sizeof(l->failure));
	}
	close_fd(&k.fd);
	return r < 0 ? r : 0;
}
