/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: how the process is scheduled, and which kernel it believes to run on. */
#include "monitor/child.h"

#include <errno.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "monitor/sys.h"

#define IOPRIO_WHO_PROCESS 1

static const void *bytes(const struct child *c, const struct wire_step *s, int i)
{
	return c->launch->data + s->str[i].offset;
}

int child_scheduling(struct child *c, const struct wire_step *s)
{
	switch (s->op) {
	case WIRE_SCHEDULER:
		return neg_errno(syscall(SYS_sched_setattr, 0, bytes(c, s, 1), 0));
	case WIRE_NICE:
		return neg_errno(setpriority(PRIO_PROCESS, 0, (int)(int64_t)s->num[0]));
	case WIRE_IOPRIO:
		return neg_errno(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, (int)s->num[0]));
	case WIRE_AFFINITY:
		return neg_errno(syscall(SYS_sched_setaffinity, 0, (size_t)s->str[1].size,
					 bytes(c, s, 1)));
	case WIRE_PERSONALITY:
		return neg_errno(personality((unsigned long)s->num[0]));
	default:
		return -EINVAL;
	}
}
