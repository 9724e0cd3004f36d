/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * execdriver-hcs-worker: makes the calls to the compute service that one container, or one more
 * process in it, needs from its start to its end. Speaks <execdriver/worker.h>; descriptor 4 is the
 * driver's document, 5 the state root.
 */
#include "drivers/hcs-stub/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <execdriver/error.h>
#include <execdriver/worker.h>

#include "base/cleanup.h"

enum { FD_LAUNCH = EXD_WORKER_FIRST_SLOT,
       FD_ROOT };

static int work(struct hcs_worker *w)
{
	int r = worker_begin(w);
	bool known;

	if (r)
		return r;
	known = worker_wait(w);
	if (!w->launch.exec)
		worker_stop_system(w);
	/* Without a word about its end it is lost. */
	if (known)
		worker_code(w->exit_code);
	return known ? 0 : 125;
}

int main(void)
{
	struct hcs_worker w = {
		.root_fd = FD_ROOT,
		.process = {.wait_fd = FD_NONE, .console_fd = FD_NONE, .pidfd = FD_NONE},
	};
	int r;

	for (int fd = EXD_WORKER_FD; fd <= FD_ROOT; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	r = launch_read(FD_LAUNCH, &w.launch);
	if (r < 0)
		return worker_failed(EXD_ERR_PROTOCOL, -r,
				     "the worker does not understand what its driver tells it");
	r = work(&w);
	(void)hcs_disconnect(w.client);
	launch_clear(&w.launch);
	return r;
}
