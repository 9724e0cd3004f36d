/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is the process that a worker calls init one that it started? */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/procstat.h"
#include "monitor/worker.h"

#define GENERATIONS_MAX 64

bool worker_pidfd_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return pidfd < 0 || (poll(&p, 1, 0) == 1 && p.revents);
}

bool worker_init_ended(const struct task *t)
{
	return worker_pidfd_ended(t->pidfd.fd);
}

/* The pid that a pidfd stands for; -1: it was reaped; -EBADF: that is no pidfd. */
static int pid_of_pidfd(int fd, long *pid)
{
	char path[40], text[512];
	const char *p;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (read_file_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -EBADF;
	p = strstr(text, "\nPid:");
	if (!p)
		return -EBADF;
	*pid = strtol(p + strlen("\nPid:"), NULL, 10);
	return 0;
}

static bool descends(int32_t pid, int32_t ancestor)
{
	pid_t parent = pid;

	for (int i = 0; i < GENERATIONS_MAX && parent > 1; i++) {
		if (proc_parent(parent, &parent) < 0)
			return false;
		if (parent == ancestor)
			return true;
	}
	return false;
}

const char *worker_check_init(const struct worker *w, int32_t pid, int pidfd)
{
	bool remote = w->flags & WIRE_WORKER_REMOTE;
	long now;

	if (pid < 0 || (pid == 0 && !remote))
		return "no pid of init";
	if (pidfd < 0)
		return remote ? NULL : "no pidfd of init";
	if (pid_of_pidfd(pidfd, &now) < 0)
		return "something else than a pidfd of init";
	/* Reaped, so nothing can be asked about it: neither can it be mistaken for another. */
	if (remote || now <= 0)
		return NULL;
	if (now != pid)
		return "a pidfd of another process than init";
	if (descends(pid, w->pid))
		return NULL;
	/* What was read about the pid was of this process only if it is still there. */
	if (pid_of_pidfd(pidfd, &now) == 0 && now <= 0)
		return NULL;
	/* Its children are others' by then. */
	return worker_pidfd_ended(w->pidfd.fd) ? "an init that nobody can vouch for, and ended"
					       : "a process as init that it did not start";
}
