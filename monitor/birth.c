/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where a process is made. */
#include "monitor/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/procstat.h"
#include "monitor/sys.h"
#include "monitor/worker.h"

/* Reports that fit in a socket without being read. */
#define QUIET_WARNINGS 64

static int make_pair(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

/*
 * The program's pid is wanted where a small init is between it and us: each report then says who
 * sends it.
 */
static int make_lines(struct task *t, struct newborn *n)
{
	bool init = launch_find(t->launch, WIRE_INIT) != NULL;
	int on = 1, r = make_pair(&t->report.fd, &n->report);

	if (!r && init && setsockopt(t->report.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		r = -errno;
	if (!r && init)
		r = make_pair(&t->init.fd, &n->init);
	if (!r && t->worker)
		r = make_pair(&t->worker->line.fd, &n->worker);
	n->keep_closed[0] = t->report.fd;
	n->keep_closed[1] = t->init.fd;
	n->keep_closed[2] = t->worker ? t->worker->line.fd : -1;
	return r;
}

/* Into a pid namespace goes only who is born there; our own children otherwise stay out of it. */
static int enter_pidns(struct monitor *m, int pidns)
{
	if (m->own_pidns < 0)
		m->own_pidns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (m->own_pidns < 0 || setns(pidns, CLONE_NEWPID) < 0)
		return -errno;
	return 0;
}

static int slot_or_none(const struct launch *l, uint16_t slot)
{
	return slot == WIRE_NO_SLOT ? -1 : l->slots[slot];
}

static int clone_child(struct monitor *m, struct task *t, const struct newborn *n)
{
	const struct launch *l = t->launch;
	int pidns = slot_or_none(l, l->plan->pidns_slot);
	int cgroup = slot_or_none(l, l->plan->into_cgroup_slot);
	struct clone_args args = {
		.flags = l->plan->clone_flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&t->pidfd.fd,
		.exit_signal = SIGCHLD,
	};
	long pid;
	int r;

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	r = pidns >= 0 ? enter_pidns(m, pidns) : 0;
	if (r < 0)
		return r;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child_main(n);
	r = pid < 0 ? -errno : (int)pid;
	/* Without the way back every later child would be born in there. */
	if (pidns >= 0 && setns(m->own_pidns, CLONE_NEWPID) < 0)
		_exit(125);
	/* The pid namespace of a container whose init has ended takes nobody in. */
	return r == -ENOMEM && pidns >= 0 ? -ESRCH : r;
}

static uint32_t code_of(const struct launch *l, int error)
{
	if (error == ESRCH)
		return EXD_ERR_NOT_RUNNING;
	if (error == ENOMEM)
		return EXD_ERR_NO_MEMORY;
	return l->plan->into_cgroup_slot != WIRE_NO_SLOT && error == EBUSY ? EXD_ERR_CGROUP
									   : EXD_ERR_SYSTEM;
}

/*
 * Without a stop on the way all it says can wait for its end: one wake-up instead of two. But its
 * line must not fill up with warnings that nobody reads.
 */
static bool wants_ear(const struct launch *l)
{
	const struct wire_step *s = l->steps + l->plan->phase_steps[WIRE_PREPARE];
	unsigned int optional = 0;

	for (unsigned int i = 0; i < l->plan->phase_steps[WIRE_CHILD]; i++) {
		optional += (s[i].flags & WIRE_OPTIONAL) != 0;
		if (s[i].op == WIRE_PARK || s[i].op == WIRE_SECCOMP_NOTIFY || optional > QUIET_WARNINGS)
			return true;
	}
	return false;
}

static int watch_child(struct monitor *m, struct task *t)
{
	int r;

	t->report.fn = report_ready;
	r = watch_add(m, &t->report, wants_ear(t->launch) ? EPOLLIN : EPOLLRDHUP);
	if (!r && t->init.fd >= 0) {
		t->init.fn = init_ready;
		r = watch_add(m, &t->init, EPOLLIN);
	}
	return r;
}

/* Without it the log's silence about this process says nothing. */
static void share_log_pids(const struct monitor *m, struct launch *l)
{
	void *map;

	if (m->asker < 0)
		return;
	map = mmap(NULL, LOGPIDS * sizeof(*l->log_pids), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	l->log_pids = map == MAP_FAILED ? NULL : map;
}

static void give_time(struct monitor *m, struct task *t)
{
	t->pidfd.fn = task_reap;
	t->timer.fn = task_hook_timeout;
	timer_arm(m, &t->timer, (uint64_t)t->hook_timeout_ms * MS_NS);
}

void birth_of_box(struct monitor *m, struct task *t)
{
	give_time(m, t);
	t->report.fn = report_ready;
	watch_set(m, &t->report, wants_ear(t->launch) ? EPOLLIN : EPOLLRDHUP);
}

int birth(struct monitor *m, struct task *t)
{
	struct newborn n = {
		.launch = t->launch,
		.nofile = m->nofile,
		.report = -1,
		.init = -1,
		.worker = -1,
		.asker = m->asker,
		.box = t->is_box,
	};
	int pid, r = make_lines(t, &n);

	/* What the kernel's log says of this pid from now on is about this process. */
	kmsg_drain(m);
	share_log_pids(m, t->launch);
	if (!r && launch_find(t->launch, WIRE_REBIRTH))
		r = rebirth_expect(t->launch);
	pid = r < 0 ? r : clone_child(m, t, &n);
	close_fd(&n.report);
	close_fd(&n.init);
	close_fd(&n.worker);
	if (pid < 0) {
		close_fd(&t->report.fd);
		close_fd(&t->init.fd);
		launch_fail(t, code_of(t->launch, -pid), -pid, "start a process");
		return pid;
	}
	t->pid = pid;
	(void)proc_start_time(pid, &t->start_time);
	give_time(m, t);
	r = t->worker ? worker_born(m, t) : 0;
	if (!r)
		r = watch_child(m, t);
	if (r < 0)
		launch_fail(t, EXD_ERR_SYSTEM, -r, "watch a process");
	return r;
}
