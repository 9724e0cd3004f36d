/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitors of a state directory: finding them, starting one. */
#include "core/monitors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "core/spawn.h"
#include "core/state.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Is it a child of this process? */
#define LOOK_FLAGS (WEXITED | WNOHANG | WNOWAIT | __WALL)

/* Makes <root>/.monitor/<name> for a new one; returns its descriptor. */
static int make_directory(struct exd_engine *engine, char *name, struct exd_error *err)
{
	cleanup_close int parent = FD_NONE;
	unsigned int number;
	int fd = -1, saved;

	if (mkdirat(engine->root_fd, ".monitor", 0700) < 0 && errno != EEXIST)
		goto fail;
	parent = openat(engine->root_fd, ".monitor",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent < 0)
		goto fail;
	do {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			goto fail;
		(void)snprintf(name, MONITOR_NAME_MAX, "%08x", number);
	} while (mkdirat(parent, name, 0700) < 0 && errno == EEXIST);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	saved = errno;
	(void)unlinkat(parent, name, AT_REMOVEDIR);
	errno = saved;
fail:
	return exd_error_set(err, EXD_ERR_STATE, errno,
			     "cannot make a monitor's directory below '%s/.monitor'", engine->root);
}

uint32_t monitor_linger(const struct exd_engine *engine)
{
	bool shares = !(engine->flags & EXD_ENGINE_PRIVATE_MONITOR);

	return shares && engine->config ? (uint32_t)engine->config->monitor_linger : 0;
}

/* What a monitor that did not come up may have left. */
static void remove_directory(struct exd_engine *engine, int dir, const char *name)
{
	char path[32];

	(void)unlinkat(dir, "sock", 0);
	(void)unlinkat(dir, "lock", 0);
	(void)snprintf(path, sizeof(path), ".monitor/%s", name);
	(void)unlinkat(engine->root_fd, path, AT_REMOVEDIR);
}

/* Only a host that is pid 1 or a subreaper has it for a child, to be taken from its table. */
static void keep_pidfd(struct exd_engine *engine, int pidfd)
{
	siginfo_t info = {0};
	int *grown = NULL;

	(void)monitor_reap(engine, 0);
	if (pidfd >= 0 && waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, LOOK_FLAGS) == 0) {
		pthread_mutex_lock(&engine->lock);
		grown = realloc(engine->monitor_pidfds,
				(engine->monitor_count + 1) * sizeof(*grown));
		if (grown) {
			engine->monitor_pidfds = grown;
			grown[engine->monitor_count++] = pidfd;
		}
		pthread_mutex_unlock(&engine->lock);
	}
	if (!grown && pidfd >= 0)
		(void)close(pidfd);
}

static int start(struct exd_engine *engine, int dir, const char *name, bool shared,
		 struct conn **out, struct exd_error *err)
{
	const char *path = engine->config->monitor;
	cleanup_close int ours = FD_NONE;
	cleanup_close int theirs = FD_NONE;
	int pair[2];
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno,
				     "cannot make a socket for the monitor");
	ours = pair[0];
	theirs = pair[1];
	r = spawn_monitor(path, theirs, dir, engine->root_fd, &pid, err);
	if (r < 0)
		return r;
	keep_pidfd(engine, (int)syscall(SYS_pidfd_open, pid, 0));
	(void)close(take_fd(&theirs));
	r = conn_hello_consume(take_fd(&ours), name, shared ? monitor_linger(engine) : 0,
			       CONN_TIMEOUT_MS, out);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_MONITOR, -r,
				     "the monitor '%s' was started but does not answer", path);
	/* Engines that are subscribed to events look for this: subscribe.c. */
	(void)utimensat(engine->root_fd, ".monitor", NULL, 0);
	return 0;
}

/*
 * The root's lock keeps others from taking the new directory for a dead monitor's until it is
 * locked by the living one.
 */
static int start_new(struct exd_engine *engine, bool shared, struct conn **out,
		     struct exd_error *err)
{
	char name[MONITOR_NAME_MAX];
	cleanup_close int dir = make_directory(engine, name, err);
	int r;

	if (dir < 0)
		return dir;
	r = start(engine, dir, name, shared, out, err);
	if (r < 0)
		remove_directory(engine, dir, name);
	return r;
}

/* Another's sources of mounts are of no use to a monitor that has a mount namespace of its own. */
static bool has_our_mounts(const struct conn *conn)
{
	char path[32];
	struct stat ours, its;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)conn->monitor_pid);
	return stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &its) == 0 &&
	       ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

/* -EBUSY, -EXDEV: it is there, and not for this host. */
static int judge(const struct exd_engine *engine, const struct conn *conn)
{
	if (conn->full)
		return -EBUSY;
	return engine->flags & EXD_ENGINE_SHORT_LIVED && !has_our_mounts(conn) ? -EXDEV : 0;
}

static int open_shared(struct exd_engine *engine, struct conn **out)
{
	char name[MONITOR_NAME_MAX];
	ssize_t n = read_file_at(engine->root_fd, ".monitor/shared", name, sizeof(name));
	int r;

	if (n < 0)
		return (int)n;
	name[strcspn(name, "\n")] = '\0';
	if (!monitor_name_valid(name))
		return -EINVAL;
	r = conn_open(engine->root_fd, name, monitor_linger(engine), CONN_TIMEOUT_MS, out);
	if (r < 0)
		return r;
	r = judge(engine, *out);
	if (r < 0)
		*out = conn_close(*out);
	return r;
}

static int share(struct exd_engine *engine, const struct conn *conn, struct exd_error *err)
{
	cleanup_close int dir =
		openat(engine->root_fd, ".monitor", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char line[MONITOR_NAME_MAX + 1];
	int size = snprintf(line, sizeof(line), "%s\n", conn->monitor);
	int r = dir < 0 ? -errno : replace_file_at(dir, "shared", line, (size_t)size, 0600, false);

	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r, "cannot write '%s/.monitor/shared'",
				     engine->root);
	return 0;
}

/* It may be there, but this process cannot get at it: another one would be of no help. */
static bool out_of_reach(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS || r == -EACCES ||
	       r == -EPERM;
}

static int start_chosen(struct exd_engine *engine, bool shared, struct conn **out,
			struct exd_error *err)
{
	cleanup_conn struct conn *conn = NULL;
	int r = start_new(engine, shared, &conn, err);

	if (r == 0 && shared)
		r = share(engine, conn, err);
	if (r == 0)
		*out = take_ptr(&conn);
	return r;
}

int monitor_choose(struct exd_engine *engine, struct conn **out, struct exd_error *err)
{
	bool shared = !(engine->flags & EXD_ENGINE_PRIVATE_MONITOR);
	cleanup_close int lock = FD_NONE;
	int r = shared ? open_shared(engine, out) : -ENOENT;

	if (r == 0)
		return 0;
	lock = state_root_lock(engine->root_fd, shared, err);
	if (lock < 0)
		return lock;
	/* Somebody else may have been first. */
	if (shared)
		r = open_shared(engine, out);
	if (r == 0 || !out_of_reach(r))
		return r == 0 ? 0 : start_chosen(engine, shared && r != -EXDEV, out, err);
	return exd_error_set(err, EXD_ERR_MONITOR, -r, "cannot connect to the monitor of '%s'",
			     engine->root);
}

int monitors_list(int root_fd, struct name_list *out)
{
	return name_list_read(root_fd, ".monitor", monitor_name_valid, out);
}

/* Of all, so that one that has ended is not missed for another that lives. */
static void wait_for_one(struct exd_engine *engine, int wait_ms)
{
	cleanup_free struct pollfd *ends = NULL;
	size_t count;

	pthread_mutex_lock(&engine->lock);
	count = engine->monitor_count;
	ends = count ? calloc(count, sizeof(*ends)) : NULL;
	for (size_t i = 0; ends && i < count; i++)
		ends[i] = (struct pollfd){.fd = engine->monitor_pidfds[i], .events = POLLIN};
	pthread_mutex_unlock(&engine->lock);
	if (ends)
		(void)poll(ends, count, wait_ms);
}

size_t monitor_reap(struct exd_engine *engine, int wait_ms)
{
	siginfo_t info = {0};
	size_t kept = 0, reaped;

	if (wait_ms > 0)
		wait_for_one(engine, wait_ms);
	pthread_mutex_lock(&engine->lock);
	for (size_t i = 0; i < engine->monitor_count; i++) {
		int fd = engine->monitor_pidfds[i];

		info.si_pid = 0;
		/* ECHILD: the host was first. */
		if (waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | __WALL) == 0 &&
		    info.si_pid == 0)
			engine->monitor_pidfds[kept++] = fd;
		else
			(void)close(fd);
	}
	reaped = engine->monitor_count - kept;
	engine->monitor_count = kept;
	pthread_mutex_unlock(&engine->lock);
	return reaped;
}
