/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execdriver-monitor: runs plans and supervises what they start. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/sys.h"

/* Of the kernel. */
#define SIGNALS 64
#define SPARE 32

enum {
	FD_CLIENT = 3, /* the first client's socket */
	FD_DIR = 4,    /* our directory, <root>/.monitor/<name> */
	FD_ROOT = 5,   /* <root> */
	FD_FIRST_UNKNOWN = 6
};

/* Where its timers, clients and buffers are: pages that are not used cost nothing. */
static struct monitor monitor;

/*
 * An inherited SIG_IGN of SIGCHLD would reap our children for us, and their statuses would be lost.
 * By the bare call: some hosts leave signals ignored that the library keeps for itself.
 */
static void reset_signals(void)
{
	const uint64_t all = ~0ull, at_once[2] = {0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	/* As the kernel has it, on every architecture: SIG_DFL, no flags, no mask. */
	uint64_t dfl[8] = {0};
	sigset_t none;

	for (int sig = 1; sig <= SIGNALS; sig++)
		(void)syscall(SYS_rt_sigaction, sig, dfl, NULL, SIGNALS / 8);
	/* OOM channels are pipes whose reader may have gone. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* What was sent to the host's process group while it was blocked was not meant for us. */
	while (syscall(SYS_rt_sigtimedwait, &all, NULL, at_once, SIGNALS / 8) > 0)
		;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int open_null(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (null > 2)
		(void)close(null);
	return 0;
}

/* Launches may use up all others: the ends of what was launched must not fail by that. */
void spare_use(const struct monitor *m, bool use)
{
	struct rlimit limit = {
		.rlim_cur = m->nofile.rlim_max - (use ? 0 : m->spare),
		.rlim_max = m->nofile.rlim_max,
	};

	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Programs get what it was: none may begin with another limit than its host's. */
static int raise_nofile(struct monitor *m)
{
	if (getrlimit(RLIMIT_NOFILE, &m->nofile) < 0)
		return -errno;
	m->spare = m->nofile.rlim_max / 4 < SPARE ? m->nofile.rlim_max / 4 : SPARE;
	spare_use(m, false);
	return 0;
}

static int settle_in(struct monitor *m)
{
	(void)setsid();
	reset_signals();
	(void)sys_close_range(FD_FIRST_UNKNOWN, ~0U, 0);
	/* Files have modes of their own; cgroups are for all to see, as the kernel makes them. */
	(void)umask(022);
	(void)prctl(PR_SET_NAME, "execdriver-mon");
	if (raise_nofile(m) < 0)
		return -errno;
	for (int fd = FD_CLIENT; fd <= FD_ROOT; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	if (chdir("/") < 0)
		return -errno;
	return open_null();
}

/* A lock on this file that can be had means that its monitor has gone. */
static int take_lock(struct monitor *m)
{
	m->lock = openat(m->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m->lock < 0)
		return -errno;
	return flock(m->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int open_for_business(struct monitor *m)
{
	int r;

	m->own_pidns = -1;
	m->kmsg.fd = m->asker = -1;
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll < 0)
		return -errno;
	r = client_listen(m);
	return r < 0 ? r : client_add(m, FD_CLIENT);
}

/* The kernel knows it. Not to be called while a message is handled: it works in that buffer. */
bool own_name(struct monitor *m, char *out)
{
	ssize_t n = readlink("/proc/self/fd/4", m->buffer, PATH_MAX - 1);
	const char *name;

	m->buffer[n < 0 ? 0 : n] = '\0';
	name = strrchr(m->buffer, '/');
	if (!name || strlen(name + 1) > NAME_MAX)
		return false;
	strcpy(out, name + 1);
	return true;
}

static void leave(struct monitor *m)
{
	char below[sizeof(".monitor/") + NAME_MAX] = ".monitor/";

	(void)unlinkat(m->dir, "sock", 0);
	(void)unlinkat(m->dir, "lock", 0);
	(void)unlinkat(m->dir, "warm", 0);
	if (own_name(m, below + strlen(below)))
		(void)unlinkat(m->root, below, AT_REMOVEDIR);
}

int main(void)
{
	struct monitor *m = &monitor;

	m->dir = FD_DIR;
	m->root = FD_ROOT;
	/* A directory that another monitor holds is not ours to clean up. */
	if (settle_in(m) < 0 || take_lock(m) < 0)
		return 125;
	if (open_for_business(m) < 0) {
		leave(m);
		return 125;
	}
	if (loop_run(m) < 0)
		return 125;
	leaf_leave(m);
	leave(m);
	return 0;
}
