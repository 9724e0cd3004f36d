/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A task whose first process makes a second one and ends: which of the two is the task's. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/procstat.h"
#include "monitor/sys.h"
#include "monitor/task.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* The kernel writes the pid here before the new process runs: no death in between can lose it. */
int rebirth_expect(struct launch *l)
{
	void *map = mmap(NULL, sizeof(*l->reborn), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	l->reborn = map;
	return 0;
}

static void reap_former(struct monitor *m, struct watch *w, uint32_t events)
{
	siginfo_t info = {0};

	(void)events;
	if (syscall(SYS_waitid, P_PIDFD, w->fd, &info, WEXITED | WNOHANG, NULL) < 0 || info.si_pid)
		watch_close(m, w);
}

/* Nothing but its end is to come; a signal makes sure of that where it stands still. */
static void let_go(struct monitor *m, struct task *t)
{
	watch_remove(m, &t->pidfd);
	t->former.fd = t->pidfd.fd;
	t->former.fn = reap_former;
	(void)sys_pidfd_signal(t->former.fd, SIGKILL);
	if (watch_add(m, &t->former, EPOLLIN) < 0)
		close_fd(&t->former.fd);
}

/* A child not reaped yet: its pid can be nobody else's. */
static int open_new(struct monitor *m, pid_t pid)
{
	siginfo_t info;
	int fd;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -errno;
	spare_use(m, true);
	fd = neg_errno(syscall(SYS_pidfd_open, pid, 0));
	spare_use(m, false);
	if (fd >= 0)
		return fd;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return fd;
}

bool rebirth_follow(struct monitor *m, struct task *t)
{
	pid_t pid = t->launch && t->launch->reborn ? *t->launch->reborn : 0;
	int fd;

	if (pid <= 0 || t->pid == pid)
		return false;
	*t->launch->reborn = 0;
	fd = open_new(m, pid);
	if (fd < 0) {
		launch_fail(t, EXD_ERR_SYSTEM, -fd, "watch a process");
		return false;
	}
	let_go(m, t);
	t->pidfd.fd = fd;
	t->pid = pid;
	(void)proc_start_time(pid, &t->start_time);
	if (t->state == TASK_STARTING) {
		record_stage(m, t);
	} else {
		(void)sys_pidfd_signal(fd, SIGKILL);
		task_await_end(m, t);
	}
	return true;
}

void rebirth_forget(struct monitor *m, struct task *t)
{
	if (t->former.fd < 0)
		return;
	reap_former(m, &t->former, 0);
	watch_close(m, &t->former);
}
