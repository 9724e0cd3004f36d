/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child step: a filter that asks somebody, who has to have its listener before anything is asked. */
#include "monitor/child.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <unistd.h>

#include "monitor/sys.h"

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

int child_listener(struct child *c, const struct wire_step *s)
{
	struct sock_fprog program = {
		.len = (unsigned short)(s->str[0].size / sizeof(struct sock_filter)),
		.filter = (void *)(c->launch->data + s->str[0].offset),
	};
	struct wire_report r = {.type = WIRE_REPORT_LISTENER};
	char verdict = 1;
	ssize_t n;
	int fd = neg_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				   (unsigned int)s->num[0] | SECCOMP_FILTER_FLAG_NEW_LISTENER,
				   &program));

	if (fd < 0)
		return fd;
	if (!child_report(c, &r, fd))
		return -ECANCELED;
	do
		n = read(c->report, &verdict, 1);
	while (n < 0 && errno == EINTR);
	(void)close(fd);
	return n == 1 && verdict == 0 ? 0 : -ECANCELED;
}
