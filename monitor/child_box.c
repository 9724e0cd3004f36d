/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child at the cut: it waits without anything of the host's, until it is told who it is. */
#include "monitor/child.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/sys.h"

struct taken {
	struct wire_take take;
	int fds[WIRE_FDS_MAX];
	unsigned int nfds;
};

/*
 * The sources of its mounts are of the host, whose mounts they would keep busy, and those of other
 * boxes' lines would keep them from hearing of the monitor's end.
 */
static void let_go(struct child *c)
{
	for (unsigned int i = 0; i < c->launch->plan->fds; i++) {
		if (c->slots[i] >= 0)
			(void)close(c->slots[i]);
		c->slots[i] = -1;
	}
	child_close_others(c);
}

static bool receive(int sock, struct taken *t)
{
	struct iovec iov = {.iov_base = &t->take, .iov_len = sizeof(t->take)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(t->fds))];
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *h;
	ssize_t n;

	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	h = n == (ssize_t)sizeof(t->take) && !(msg.msg_flags & MSG_CTRUNC) ? CMSG_FIRSTHDR(&msg)
									   : NULL;
	if (!h || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
		return false;
	t->nfds = (unsigned int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(t->fds, CMSG_DATA(h), t->nfds * sizeof(int));
	return t->nfds == t->take.slots + 1u;
}

/* It is sealed, and the monitor has checked it. */
static bool map_plan(struct launch *l, int fd)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return false;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	launch_point(l, map, (size_t)st.st_size);
	return true;
}

static bool lay_out_vectors(struct launch *l)
{
	void *room = mmap(NULL, launch_vectors_size(l), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return false;
	launch_vectors(l, room);
	return true;
}

void child_box(struct child *c, int cut)
{
	struct wire_report r = {.type = WIRE_REPORT_BOX};
	struct launch launch = *c->launch;
	struct child me = *c;
	int slots[WIRE_SLOTS_MAX];
	struct taken t;

	let_go(c);
	/* It has all rights, and for longer than others that set themselves up. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!child_report(c, &r, -1) || !receive(c->report, &t) || !map_plan(&launch, t.fds[0]) ||
	    !lay_out_vectors(&launch))
		return;
	for (unsigned int i = 0; i < launch.plan->slots; i++)
		slots[i] = i < c->launch->plan->slots ? c->slots[i] : -1;
	for (unsigned int i = 0; i < t.take.slots; i++)
		slots[t.take.slot[i]] = t.fds[i + 1];
	me.launch = &launch;
	me.slots = launch.slots = slots;
	(void)child_walk(&me, cut, launch.plan->phase_steps[WIRE_CHILD]);
}
