/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: standard descriptors and the terminal. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "monitor/sys.h"

#define DEVPTS_MAGIC 0x1cd1
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* Slots are above 2 from the beginning: none is overwritten on the way. */
static int do_stdio(const struct child *c, const struct wire_step *s)
{
	for (int i = 0; i < 3; i++) {
		int fd = child_slot(c, s, i);

		if (s->slot[i] != WIRE_NO_SLOT && dup2(fd, i) < 0)
			return -errno;
	}
	return 0;
}

/* A devpts that somebody put elsewhere, or something else in its place, gives no terminal. */
static int open_master(int root, const char *devpts)
{
	int dir = path_open(root, devpts, O_PATH | O_DIRECTORY);
	struct statfs fs;
	int master;

	if (dir < 0)
		return dir;
	if (fstatfs(dir, &fs) < 0 || fs.f_type != DEVPTS_MAGIC)
		master = -ENODEV;
	else
		master = neg_errno(openat(dir, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
	(void)close(dir);
	return master;
}

static int set_up_slave(int slave, const struct wire_step *s)
{
	struct winsize size = {
		.ws_row = (unsigned short)(s->num[0] >> 16),
		.ws_col = (unsigned short)s->num[0],
	};

	if (s->num[0] && ioctl(slave, TIOCSWINSZ, &size) < 0)
		return -errno;
	return (s->num[1] || s->num[2]) && fchown(slave, (uid_t)s->num[1], (gid_t)s->num[2]) < 0
		       ? -errno
		       : 0;
}

static int do_tty_open(struct child *c, const struct wire_step *s)
{
	int master = open_master(child_slot(c, s, 0), child_text(c, s, 0));
	struct wire_report r = {.type = WIRE_REPORT_TTY};
	int unlock = 0, slave = -1, e = 0;

	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) == 0)
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	e = slave < 0 ? -errno : set_up_slave(slave, s);
	if (!e && !child_report(c, &r, master))
		e = -ECANCELED;
	(void)close(master);
	if (!e)
		return child_fill(c, s, 1, slave);
	if (slave >= 0)
		(void)close(slave);
	return e;
}

int child_tty(struct child *c, const struct wire_step *s)
{
	if (s->op == WIRE_TTY_OPEN)
		return do_tty_open(c, s);
	if (s->op == WIRE_STDIO)
		return do_stdio(c, s);
	c->object = "stdin";
	return neg_errno(ioctl(0, TIOCSCTTY, 0));
}
