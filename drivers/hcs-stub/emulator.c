/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * execdriver-hcs-emulator IDLE_MS yes|no: the emulated Host Compute Service of a state root. It is
 * started with its listening socket as descriptor 3 and <root>/.hcs as 4, keeps a journal or not,
 * and ends when it had neither systems nor clients for this long.
 */
#include "drivers/hcs-stub/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strutil.h"

enum { FD_LISTENER = 3,
       FD_DIR = 4,
       FD_FIRST_UNKNOWN = 5 };

int source_add(struct emulator *e, struct source *s)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};

	return epoll_ctl(e->epoll, EPOLL_CTL_ADD, s->fd, &event) < 0 ? -errno : 0;
}

void source_close(struct emulator *e, struct source *s)
{
	(void)epoll_ctl(e->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	(void)close(take_fd(&s->fd));
}

static int settle_in(struct emulator *e, const char *idle, const char *journal)
{
	uint64_t idle_ms;
	int r = parse_uint64(idle, &idle_ms);

	if (r < 0 || idle_ms > 24 * 3600 * 1000)
		return -EINVAL;
	for (int fd = FD_LISTENER; fd <= FD_DIR; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	(void)syscall(SYS_close_range, FD_FIRST_UNKNOWN, ~0u, 0);
	(void)prctl(PR_SET_NAME, "hcs-emulator");
	(void)umask(077);
	cgroup_leave_monitors();
	/* Agents are not asked how they ended: the end of their socket says all. */
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	e->idle_ms = (int)idle_ms;
	e->dir = FD_DIR;
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0)
		return -errno;
	e->journal = strcmp(journal, "yes") == 0 ? journal_open(e->dir) : FD_NONE;
	e->listener = (struct source){.fd = FD_LISTENER, .fn = clients_accept};
	return source_add(e, &e->listener);
}

/*
 * The end, unless somebody comes: whoever wants to start a service holds the lock, and whoever
 * connects before the name is gone is in the queue. A client that slips in after that look gets no
 * answer, and asks for a new service.
 */
static bool may_end(struct emulator *e)
{
	struct pollfd waiting = {.fd = e->listener.fd, .events = POLLIN};
	cleanup_close int lock =
		openat(e->dir, HCS_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (poll(&waiting, 1, 0) > 0)
		return false;
	(void)unlinkat(e->dir, HCS_SOCKET, 0);
	(void)close(take_fd(&e->listener.fd));
	return true;
}

static bool is_over(struct emulator *e)
{
	if (e->clients || systems_live(e)) {
		e->idle_deadline_ms = -1;
		return false;
	}
	if (e->idle_deadline_ms < 0)
		e->idle_deadline_ms = clock_ms() + e->idle_ms;
	if (clock_ms() < e->idle_deadline_ms)
		return false;
	e->idle_deadline_ms = -1;
	return may_end(e);
}

static int wait_ms(const struct emulator *e, int64_t clients_ms)
{
	int64_t first = e->idle_deadline_ms;

	if (first < 0 || (clients_ms >= 0 && clients_ms < first))
		first = clients_ms;
	return clock_left_ms(first);
}

/* One event at a time: what its function frees is in no list of events then. */
static int run(struct emulator *e)
{
	for (;;) {
		struct epoll_event event;
		int64_t clients_ms = clients_deadline(e);
		int n;

		if (is_over(e))
			return 0;
		n = epoll_wait(e->epoll, &event, 1, wait_ms(e, clients_ms));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			struct source *s = event.data.ptr;

			s->fn(e, s);
		}
	}
}

int main(int argc, char **argv)
{
	struct emulator e = {.idle_deadline_ms = -1};
	int r;

	if (argc != 3 || settle_in(&e, argv[1], argv[2]) < 0)
		return 125;
	r = run(&e);
	while (e.systems)
		system_remove(&e, e.systems);
	return r < 0 ? 125 : 0;
}
