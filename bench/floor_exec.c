/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor of an exec: setns, fork, execve, in a container that the floor started. */
#include "bench/floor.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/samples.h"

enum {
	JOINED = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
		 CLONE_NEWCGROUP,
};

static void ignore_join(void *arg, size_t i)
{
	(void)arg;
	(void)i;
}

/* A pid namespace takes in children only: hence a second clone, as our sibling. */
static void __attribute__((noreturn)) middle_main(struct floor_exec *e)
{
	static char *const environment[] = {NULL};
	static char *const argv[] = {"/true", NULL};
	struct floor *f = e->floor;
	struct clone_args args = {
		.flags = CLONE_PARENT | CLONE_PARENT_SETTID,
		.parent_tid = (uint64_t)(uintptr_t)&f->marks->exec_pid,
	};
	long pid;

	if (cgroups_join(&f->cgroups, ignore_join, NULL))
		floor_child_fail(f, "join a cgroup");
	if (setns(e->pidfd, JOINED) < 0)
		floor_child_fail(f, "setns");
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		floor_child_fail(f, "clone3 in the namespaces");
	if (pid)
		_exit(0);
	execve(argv[0], argv, environment);
	_exit(127);
}

uint64_t floor_exec_round(void *arg)
{
	struct floor_exec *e = arg;
	struct floor *f = e->floor;
	uint64_t start = now_ns();
	int pidfd = -1, unified = cgroups_hold(&f->cgroups);

	if (!floor_clone(0, unified, &pidfd))
		middle_main(e);
	cgroups_release(&f->cgroups);
	(void)floor_reap(P_PIDFD, (id_t)pidfd);
	close(pidfd);
	floor_check(f);
	if (floor_reap(P_PID, (id_t)f->marks->exec_pid))
		die("/true failed in the container");
	return now_ns() - start;
}
