/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes the place of the kernel, and of the monitor's parts that make processes. */
#include "tests/fuzz/monitor_stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "monitor/sys.h"

#define LIVES_MAX 256
#define PIDFD_TYPE 3 /* P_PIDFD */

static struct rig *used;

/* The write ends: which read end is whose is told by the pipe. */
static struct life {
	int fd;
	ino_t pipe;
} lives[LIVES_MAX];
static unsigned int life_count;

void stub_use(struct rig *rig)
{
	used = rig;
	life_count = 0;
}

static void end_life(struct life *life)
{
	if (used->life == life->fd)
		used->life = -1;
	close_fd(&life->fd);
}

void stub_end(int life)
{
	for (unsigned int i = 0; i < life_count; i++)
		if (lives[i].fd >= 0 && (life < 0 || lives[i].fd == life))
			end_life(&lives[i]);
}

static ino_t pipe_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? st.st_ino : 0;
}

/* ---- system calls ---------------------------------------------------------------------------- */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static long send_signal(int pidfd, int sig)
{
	ino_t pipe = pipe_of(pidfd);

	for (unsigned int i = 0; i < life_count; i++) {
		if (!pipe || lives[i].pipe != pipe || lives[i].fd < 0)
			continue;
		if (sig == SIGKILL)
			end_life(&lives[i]);
		return 0;
	}
	errno = ESRCH;
	return -1;
}

static long wait_for(int pidfd, siginfo_t *info)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (!pipe_of(pidfd)) {
		errno = EINVAL;
		return -1;
	}
	if (poll(&p, 1, 0) == 1 && p.revents & POLLHUP) {
		info->si_pid = 1;
		info->si_code = CLD_KILLED;
		info->si_status = SIGKILL;
	}
	return 0;
}

/* How many arguments those have that the monitor makes. */
static int arguments(long number)
{
	if (number == SYS_pidfd_open)
		return 2;
	return number == SYS_waitid ? 5 : 4;
}

long __wrap_syscall(long number, ...)
{
	int count = arguments(number);
	long a[6] = {0};
	va_list args;

	va_start(args, number);
	for (int i = 0; i < count; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_waitid && a[0] == PIDFD_TYPE)
		return wait_for((int)a[1], (siginfo_t *)a[2]);
	if (number == SYS_pidfd_send_signal)
		return send_signal((int)a[0], (int)a[1]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int stub_reaped_pidfd(void)
{
	pid_t pid = fork();
	int fd;

	if (pid == 0)
		_exit(0);
	fd = (int)__real_syscall(SYS_pidfd_open, pid, 0, 0, 0, 0, 0);
	fuzz_require(pid > 0 && fd >= 0 && waitpid(pid, NULL, 0) == pid, "a process");
	return fd;
}

/* ---- parts of the monitor -------------------------------------------------------------------- */

/* As events.c has it: what goes with an event. */
void stub_event_free(struct event *event)
{
	struct {
		uint64_t numbers[3];
		void *exit;
	} *e = (void *)event;

	if (e)
		free(e->exit);
	free(e);
}

void spare_use(const struct monitor *m, bool use)
{
	(void)m, (void)use;
}

bool own_name(struct monitor *m, char *out)
{
	(void)m, (void)out;
	return false;
}

void leaf_enter(struct monitor *m)
{
	/* It works in there. */
	memset(m->buffer, 0xa5, sizeof(m->buffer));
}

void leaf_leave(struct monitor *m)
{
	memset(m->buffer, 0xa5, sizeof(m->buffer));
}

int prepare_run(struct monitor *m, struct task *t)
{
	(void)m;
	if (used->steps % 2 == 0)
		return 0;
	launch_fail(t, EXD_ERR_CGROUP, EACCES, "a step");
	return -EACCES;
}

static void make_line(int *ours, int *theirs)
{
	int pair[2];

	close_fd(theirs);
	fuzz_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ==
			     0,
		     "a line");
	*ours = pair[0];
	*theirs = pair[1];
}

static void live(struct task *t)
{
	int ends[2];

	fuzz_require(life_count < LIVES_MAX && pipe2(ends, O_CLOEXEC) == 0, "a process");
	t->pid = getpid();
	t->pidfd.fd = ends[0];
	t->pidfd.fn = task_reap;
	used->life = ends[1];
	lives[life_count++] = (struct life){ends[1], pipe_of(ends[1])};
}

static bool has_init(const struct launch *l)
{
	for (unsigned int i = 0; i < l->plan->phase_steps[WIRE_CHILD]; i++)
		if (l->steps[l->plan->phase_steps[WIRE_PREPARE] + i].op == WIRE_INIT)
			return true;
	return false;
}

int birth(struct monitor *m, struct task *t)
{
	int r = 0;

	if (used->births % 2 || life_count == LIVES_MAX) {
		launch_fail(t, EXD_ERR_SYSTEM, EAGAIN, "start a process");
		return -EAGAIN;
	}
	make_line(&t->report.fd, &used->report);
	if (has_init(t->launch)) {
		make_line(&t->init.fd, &used->init);
		t->init.fn = init_ready;
		r = watch_add(m, &t->init, EPOLLIN);
	}
	if (t->worker)
		make_line(&t->worker->line.fd, &used->line);
	live(t);
	t->timer.fn = task_hook_timeout;
	timer_arm(m, &t->timer, MS_NS);
	if (!r && t->worker)
		r = worker_born(m, t);
	t->report.fn = report_ready;
	return r ? r : watch_add(m, &t->report, EPOLLIN);
}

/* No box is born here: launches go the long way. */
void birth_of_box(struct monitor *m, struct task *t)
{
	(void)m, (void)t;
}
