/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child step: a time namespace of its own, entered once its clocks are set. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "monitor/sys.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int open_own(int proc, const char *path, uint64_t flags)
{
	return sys_openat2(proc, path, flags | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

static int set_offsets(int proc, const char *text)
{
	int fd = open_own(proc, "self/timens_offsets", O_WRONLY);
	int r;

	if (fd < 0)
		return fd;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	(void)close(fd);
	return r;
}

/*
 * By setns(2): a fork would give the program another parent, and execve(2) enters it only from Linux
 * 6.3 on.
 */
static int enter(int proc)
{
	int dir = open_own(proc, "self/ns", O_RDONLY | O_DIRECTORY);
	int fd, r;

	if (dir < 0)
		return dir;
	fd = openat(dir, "time_for_children", O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : neg_errno(setns(fd, CLONE_NEWTIME));
	if (fd >= 0)
		(void)close(fd);
	(void)close(dir);
	return r;
}

/* Offsets can be written as long as nobody is in it: between unshare(2) and setns(2). */
int child_time(struct child *c, const struct wire_step *s)
{
	const char *offsets = child_text(c, s, 0);
	int proc = child_slot(c, s, 0);
	int r = neg_errno(unshare(CLONE_NEWTIME));

	c->object = "a time namespace";
	if (!r && offsets) {
		r = set_offsets(proc, offsets);
		if (r == -ERANGE)
			c->object = "an offset that takes its clock below 0 or too far";
	}
	return r < 0 ? r : enter(proc);
}
