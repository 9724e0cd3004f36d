/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts the emulated service: whoever holds the lock and finds nobody answering makes the socket
 * and gives it to the program, so that clients may connect before it has come up. It gets no other
 * descriptor, session or parent of ours: it is to outlive us, and to be in no container's way.
 */
#include "drivers/hcs-stub/service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sockpath.h"
#include "drivers/hcs-stub/hcs_protocol.h"

/* A service may end whenever it is found: rarely once, never this often. */
#define TRIES 5

static bool nobody_is_there(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

/* To 3 and 4 and all else closed, whatever numbers they have now. */
static int place(int listener, int dir, int report)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), at[3];

	at[0] = fcntl(listener, F_DUPFD_CLOEXEC, 6);
	at[1] = fcntl(dir, F_DUPFD_CLOEXEC, 6);
	at[2] = fcntl(report, F_DUPFD_CLOEXEC, 6);
	if (null < 0 || at[0] < 0 || at[1] < 0 || at[2] < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (dup2(at[0], 3) < 0 || dup2(at[1], 4) < 0 || dup3(at[2], 5, O_CLOEXEC) < 0)
		return -errno;
	return syscall(SYS_close_range, 6, ~0u, 0) < 0 ? -errno : 0;
}

_Noreturn static void become(const struct service *service, int listener, int dir, int report)
{
	char idle[16], *argv[] = {(char *)service->path, idle,
				  (char *)(service->journal ? "yes" : "no"), NULL};
	char *envp[] = {NULL};
	int error = 0;

	(void)snprintf(idle, sizeof(idle), "%d", service->idle_ms);
	error = -place(listener, dir, report);
	if (!error) {
		report = 5;
		(void)!chdir("/");
		(void)execve(service->path, argv, envp);
		error = errno;
	}
	(void)!write(report, &error, sizeof(error));
	_exit(125);
}

/* By a middle process, so that it is nobody's child: its end is not ours to wait for. */
static int spawn(const struct service *service, int listener, int dir)
{
	int ends[2], error = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)setsid();
		if (fork() == 0)
			become(service, listener, dir, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	if (pid < 0)
		error = errno;
	else
		(void)waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED);
	if (!error && read(ends[0], &error, sizeof(error)) != (ssize_t)sizeof(error))
		error = 0;
	(void)close(ends[0]);
	return -error;
}

static int start(const struct service *service, int dir)
{
	cleanup_close int listener = FD_NONE;
	int r;

	/* Nobody listens to this one any more. */
	if (unlinkat(dir, HCS_SOCKET, 0) < 0 && errno != ENOENT)
		return -errno;
	listener = sock_bind_at(dir, HCS_SOCKET);
	if (listener < 0)
		return listener;
	r = spawn(service, listener, dir);
	if (r < 0)
		(void)unlinkat(dir, HCS_SOCKET, 0);
	return r;
}

static int start_under_lock(const struct service *service, int timeout_ms, struct hcs_client **out)
{
	cleanup_close int lock = FD_NONE;
	cleanup_close int dir = FD_NONE;
	int r;

	if (mkdirat(service->root_fd, HCS_DIRECTORY, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(service->root_fd, HCS_DIRECTORY,
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	lock = openat(dir, HCS_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return -errno;
	/* Somebody else may have been first. */
	r = hcs_connect(service->root_fd, timeout_ms, out);
	if (!nobody_is_there(r))
		return r;
	r = start(service, dir);
	return r < 0 ? r : hcs_connect(service->root_fd, timeout_ms, out);
}

int service_connect(const struct service *service, int timeout_ms, struct hcs_client **out)
{
	int r = -ECONNREFUSED;

	for (int i = 0; i < TRIES && nobody_is_there(r); i++) {
		r = hcs_connect(service->root_fd, timeout_ms, out);
		if (nobody_is_there(r))
			r = start_under_lock(service, timeout_ms, out);
	}
	return r;
}
