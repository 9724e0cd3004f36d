/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount namespaces of tests. */
#include "tests/mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Joining the namespace one is in leads to its true root, the way back is a descriptor. */
static int from_root(int root, int here, unsigned long propagation)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int r = self < 0 ? -1 : setns(self, CLONE_NEWNS);

	if (self >= 0)
		close(self);
	if (r == 0)
		r = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (r == 0 && propagation != MS_PRIVATE)
		r = mount(NULL, "/", NULL, MS_REC | propagation, NULL);
	if (r < 0 || fchdir(root) < 0 || chroot(".") < 0)
		return -1;
	return fchdir(here);
}

int mounts_cut_off(unsigned long propagation)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 || here < 0 ? -1 : from_root(root, here, propagation);

	if (root >= 0)
		close(root);
	if (here >= 0)
		close(here);
	return r;
}

int mounts_own(void)
{
	return unshare(CLONE_NEWNS) < 0 ? -1 : mounts_cut_off(MS_PRIVATE);
}
