/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that is born while there is still something to prepare: what its new namespaces cost
 * it and what its cgroups cost the monitor is then paid at the same time.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "monitor/child.h"
#include "monitor/sys.h"

/* One of these is dear, and all three may as well be unshared as born in. */
#define LATER ((uint64_t)(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))

/* Which slots the descriptors beside it are for. */
struct handover {
	uint16_t count;
	uint16_t slot[WIRE_FDS_MAX];
};

static int prepare_steps(const struct launch *l)
{
	return l->plan->phase_steps[WIRE_PREPARE];
}

/* How many steps it takes until all is there that clone3 takes. */
static int birth_needs(const struct launch *l)
{
	int n = 0;

	for (int i = 0; i < prepare_steps(l); i++) {
		uint16_t out = l->steps[i].slot[1];

		if (out != WIRE_NO_SLOT &&
		    (out == l->plan->into_cgroup_slot || out == l->plan->pidns_slot))
			n = i + 1;
	}
	return n;
}

/* The limits of a cgroup must not count what the namespaces of one that is born in it take. */
static bool limits_birth(const struct launch *l, int first)
{
	for (int i = first; i < prepare_steps(l); i++)
		if (l->steps[i].slot[0] == l->plan->into_cgroup_slot &&
		    l->steps[i].slot[0] != WIRE_NO_SLOT)
			return true;
	return false;
}

int early_steps(const struct launch *l)
{
	int all = prepare_steps(l), first = birth_needs(l);

	if (!(l->plan->clone_flags & CLONE_NEWNET) || all - first > (int)WIRE_FDS_MAX ||
	    limits_birth(l, first))
		return all;
	return first;
}

uint64_t early_flags(const struct launch *l)
{
	return l->prepared < prepare_steps(l) ? l->plan->clone_flags & LATER : 0;
}

static bool child_needs(const struct launch *l, uint16_t slot)
{
	const struct wire_step *s = l->steps + prepare_steps(l);

	for (unsigned int i = 0; i < l->plan->phase_steps[WIRE_CHILD]; i++)
		for (int k = 0; k < 4; k++)
			if (s[i].slot[k] == slot)
				return true;
	return false;
}

static unsigned int collect(const struct launch *l, struct handover *h, int *fds)
{
	for (int i = l->prepared; i < prepare_steps(l); i++) {
		uint16_t out = l->steps[i].slot[1];

		if (out == WIRE_NO_SLOT || l->slots[out] < 0 || !child_needs(l, out))
			continue;
		fds[h->count] = l->slots[out];
		h->slot[h->count++] = out;
	}
	return h->count;
}

int early_hand_over(const struct task *t)
{
	struct handover h = {0};
	struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[WIRE_FDS_MAX];
	size_t size;

	if (!early_flags(t->launch))
		return 0;
	size = collect(t->launch, &h, fds) * sizeof(int);
	if (size) {
		struct cmsghdr *c = (struct cmsghdr *)(void *)control;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(size);
		memset(control, 0, msg.msg_controllen);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), fds, size);
	}
	iov.iov_len = offsetof(struct handover, slot) + h.count * sizeof(h.slot[0]);
	/* One that has failed in the meantime has said so, and its report is read in time. */
	if (sendmsg(t->report.fd, &msg, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		return -errno;
	return 0;
}

int early_wait(struct child *c)
{
	struct handover h = {0};
	struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *rights;
	ssize_t n;

	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	do
		n = recvmsg(c->report, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	rights = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (n <= 0 || (h.count && (!rights || rights->cmsg_len != CMSG_LEN(h.count * sizeof(int)))))
		return -ECANCELED;
	for (unsigned int i = 0; i < h.count; i++)
		memcpy(&c->slots[h.slot[i]], CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
	return 0;
}
