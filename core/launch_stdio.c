/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both ends of a process's stdin, stdout and stderr, and its OOM channel. */
#include "core/launch.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "core/sized.h"

static int take_one(int value, const char *name, bool output, struct exd_error *err)
{
	if (value >= EXD_FD_PIPE || (value == EXD_FD_OUTPUT && output))
		return 0;
	return exd_error_set(err, EXD_ERR_INVALID, EINVAL,
			     "%s: %d is neither a descriptor nor one of EXD_FD_*", name, value);
}

int launch_take_stdio(struct launch *l, const struct exd_stdio *stdio, struct exd_error *err)
{
	int r;

	l->stdio = (struct exd_stdio){.in = EXD_FD_NULL, .out = EXD_FD_NULL, .err = EXD_FD_NULL};
	r = sized_check(stdio, "exd_stdio", err);
	if (r < 0 || !stdio)
		return r;
	sized_take(&l->stdio, stdio, sizeof(l->stdio));
	r = take_one(l->stdio.in, "stdin", false, err);
	if (r == 0)
		r = take_one(l->stdio.out, "stdout", !l->id, err);
	if (r == 0)
		r = take_one(l->stdio.err, "stderr", !l->id, err);
	return r;
}

/* Returns the process's end; *host is the other, if there is one. */
static int open_pipe(bool in, int *host)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*host = ends[in ? 1 : 0];
	return ends[in ? 0 : 1];
}

static int open_output(struct launch *l)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

	if (l->output < 0)
		l->output = openat(l->process->dir.fd, "output", flags, 0600);
	return l->output < 0 ? -errno : l->output;
}

static int open_null(struct launch *l)
{
	if (l->null < 0)
		l->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return l->null < 0 ? -errno : l->null;
}

static int open_one(struct launch *l, int which, int value)
{
	switch (value) {
	case EXD_FD_PIPE:
		l->pipe[which] = open_pipe(which == 0, &l->process->stdio[which]);
		return l->pipe[which];
	case EXD_FD_NULL:
		return open_null(l);
	case EXD_FD_OUTPUT:
		return open_output(l);
	default:
		/* Told here: later only that some descriptor could not be sent. */
		return fcntl(value, F_GETFD) < 0 ? -errno : value;
	}
}

static int open_oom(struct launch *l)
{
	int ends[2];

	if (!l->want_oom)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	l->process->oom_fd = ends[0];
	/*
	 * An exec's channel is at its end from the beginning, unless it has a cgroup of its own: OOM
	 * kills are told to the container's.
	 */
	if (l->id && !exd_command_bool(l->command, EXD_KEY_CGROUP_CHILD)) {
		(void)close(ends[1]);
		return 0;
	}
	l->oom_write = ends[1];
	return fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int launch_open_stdio(struct launch *l, struct exd_error *err)
{
	const int values[3] = {l->stdio.in, l->stdio.out, l->stdio.err};
	static const char *const names[3] = {"stdin", "stdout", "stderr"};
	int child[3];
	int r = open_oom(l);

	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot make the OOM channel");
	if (l->process->wants_tty) {
		r = l->stdio.out == EXD_FD_OUTPUT ? open_output(l) : 0;
		if (r < 0)
			return exd_error_set(err, EXD_ERR_STATE, -r,
					     "cannot open the output file of '%s'", l->process->id);
		return 0;
	}
	for (int i = 0; i < 3; i++) {
		r = child[i] = open_one(l, i, values[i]);
		if (r < 0)
			return exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot open %s of '%s'",
					     names[i], l->process->id);
	}
	return plan_set_stdio(l->plan, child[0], child[1], child[2], err);
}

void launch_close_stdio(struct launch *l)
{
	const int ends[] = {l->pipe[0], l->pipe[1], l->pipe[2], l->null, l->output, l->oom_write};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i] >= 0)
			(void)close(ends[i]);
}
