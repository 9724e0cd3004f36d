/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories that all containers have in common, such as the roots of cgroup hierarchies: each is
 * held open once, or a thousand containers would need more descriptors than many systems allow.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/monitor.h"

struct dir {
	struct dir *next;
	dev_t dev;
	ino_t ino;
	int fd;
	unsigned int users;
};

int dir_share(struct monitor *m, int fd_take)
{
	struct stat st;
	struct dir *d;

	if (fstat(fd_take, &st) < 0)
		return fd_take;
	for (d = m->dirs; d && (d->dev != st.st_dev || d->ino != st.st_ino); d = d->next)
		;
	if (d) {
		(void)close(fd_take);
		d->users++;
		return d->fd;
	}
	/* Without the memory to tell of it, it is this one user's alone. */
	d = malloc(sizeof(*d));
	if (d) {
		*d = (struct dir){m->dirs, st.st_dev, st.st_ino, fd_take, 1};
		m->dirs = d;
	}
	return fd_take;
}

void dir_release(struct monitor *m, int *fd)
{
	struct dir **p = &m->dirs;

	while (*p && (*p)->fd != *fd)
		p = &(*p)->next;
	if (*p && --(*p)->users > 0) {
		*fd = -1;
		return;
	}
	if (*p) {
		struct dir *d = *p;

		*p = d->next;
		free(d);
	}
	close_fd(fd);
}
