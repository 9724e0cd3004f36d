/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state directory: its root, one directory per container, their locks. */
#include "core/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/treeremove.h"

#define MONITOR_DIR_SIZE 64 /* ".monitor/01234567/lock" */
#define LOCK_WAIT_MS 30000
#define LOCK_NAP_MS 2

/* ---- the root -------------------------------------------------------------------------------- */

static int default_root(char *buf, size_t size, struct exd_error *err)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0) {
		snprintf(buf, size, "/run/execdriver");
		return 0;
	}
	if (!runtime || runtime[0] != '/')
		return exd_error_set(
			err, EXD_ERR_STATE, 0,
			"no state directory: set XDG_RUNTIME_DIR or name one (--root)");
	if (snprintf(buf, size, "%s/execdriver", runtime) >= (int)size)
		return exd_error_set(err, EXD_ERR_STATE, ENAMETOOLONG, "XDG_RUNTIME_DIR");
	return 0;
}

/* mkdir -p; only the last directory is private. */
static int make_path(const char *root, struct exd_error *err)
{
	size_t size = strlen(root);
	char path[PATH_MAX];

	if (size == 0 || size >= sizeof(path))
		return exd_error_set(err, EXD_ERR_STATE, size ? ENAMETOOLONG : ENOENT,
				     "cannot use '%.64s' as the state directory", root);
	while (size > 1 && root[size - 1] == '/')
		size--;
	memcpy(path, root, size);
	path[size] = '\0';
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return exd_error_set(err, EXD_ERR_STATE, errno,
					     "cannot make the directory '%s'", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return exd_error_set(err, EXD_ERR_STATE, errno,
				     "cannot make the state directory '%s'", path);
	return 0;
}

static int check_root(int fd, const char *path, struct exd_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return exd_error_set(err, EXD_ERR_STATE, errno,
				     "cannot look at the state directory '%s'", path);
	if (st.st_uid != geteuid())
		return exd_error_set(
			err, EXD_ERR_STATE, EPERM,
			"the state directory '%s' belongs to user %u, not %u: name another one",
			path, st.st_uid, geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return exd_error_set(
			err, EXD_ERR_STATE, EPERM,
			"the state directory '%s' can be written by others: chmod go-w '%s'", path,
			path);
	return 0;
}

int state_root_open(const char *root, char **path, int *fd, struct exd_error *err)
{
	char standard[PATH_MAX];
	cleanup_free char *real = NULL;
	cleanup_close int dir = FD_NONE;
	int r = 0;

	if (!root) {
		r = default_root(standard, sizeof(standard), err);
		root = standard;
	}
	if (r == 0)
		r = make_path(root, err);
	if (r < 0)
		return r;
	real = realpath(root, NULL);
	if (real)
		dir = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return exd_error_set(err, EXD_ERR_STATE, errno,
				     "cannot open the state directory '%s'", root);
	r = check_root(dir, real, err);
	if (r < 0)
		return r;
	*path = take_ptr(&real);
	*fd = take_fd(&dir);
	return 0;
}

bool cannot_tell(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

static int lock_fd(int fd, int how)
{
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* flock() itself has no timeout; who holds this lock does so for moments. */
static int lock_root(int fd, int how)
{
	int r = lock_fd(fd, how | LOCK_NB);

	for (int waited = 0; r == -EWOULDBLOCK && waited < LOCK_WAIT_MS; waited += LOCK_NAP_MS) {
		(void)poll(NULL, 0, LOCK_NAP_MS);
		r = lock_fd(fd, how | LOCK_NB);
	}
	return r;
}

int state_root_lock(int root_fd, bool exclusive, struct exd_error *err)
{
	cleanup_close int fd =
		openat(root_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : lock_root(fd, exclusive ? LOCK_EX : LOCK_SH);

	if (r == -EWOULDBLOCK)
		return exd_error_set(err, EXD_ERR_STATE, EBUSY,
				     "the state directory is locked by another process that does "
				     "not go on ('fuser .lock' in it names it)");
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot lock the state directory (its file .lock)");
	return take_fd(&fd);
}

/* ---- one container's directory --------------------------------------------------------------- */

void state_dir_close(struct state_dir *dir)
{
	int saved = errno;

	if (dir->lock_fd >= 0)
		(void)close(dir->lock_fd);
	if (dir->fd >= 0)
		(void)close(dir->fd);
	dir->lock_fd = FD_NONE;
	dir->fd = FD_NONE;
	errno = saved;
}

static int open_dir(int root_fd, const char *id, struct state_dir *dir)
{
	int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	*dir = (struct state_dir){.fd = fd, .lock_fd = FD_NONE};
	snprintf(dir->id, sizeof(dir->id), "%s", id);
	return 0;
}

int state_open(int root_fd, const char *id, struct state_dir *out, struct exd_error *err)
{
	int r = id_check(id, err);

	if (r < 0)
		return r;
	r = open_dir(root_fd, id, out);
	if (r == -ENOENT)
		return exd_error_set(err, EXD_ERR_NOT_FOUND, ENOENT, "there is no container '%s'",
				     id);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot open the state directory of container '%s'", id);
	return 0;
}

static int open_lock(const struct state_dir *dir, int flags)
{
	int fd = openat(dir->fd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

	return fd < 0 ? -errno : fd;
}

int state_try_lock(struct state_dir *dir)
{
	cleanup_close int fd = FD_NONE;
	struct stat st;
	int r;

	if (dir->lock_fd >= 0)
		return 0;
	fd = open_lock(dir, O_CREAT);
	if (fd < 0)
		return fd;
	r = lock_fd(fd, LOCK_EX | LOCK_NB);
	if (r < 0)
		return r;
	/* Whoever held it before may have removed the directory, its lock with it. */
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return -ENOENT;
	dir->lock_fd = take_fd(&fd);
	return 0;
}

bool state_locked(const struct state_dir *dir)
{
	cleanup_close int fd = FD_NONE;

	if (dir->lock_fd >= 0)
		return false;
	fd = open_lock(dir, 0);
	return fd < 0 ? cannot_tell(fd) : lock_fd(fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
}

static int in_use(int root_fd, const char *id, struct exd_error *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	const char *hint = "it is in use: choose another id";
	int r = open_dir(root_fd, id, &dir);

	if (r == 0 && !state_locked(&dir)) {
		bool known = faccessat(dir.fd, "state.json", F_OK, 0) == 0;
		bool ended = faccessat(dir.fd, "exit.json", F_OK, 0) == 0;

		if (known && ended)
			hint = "it has ended: 'driverctl delete' removes its record";
		else if (known)
			hint = "nobody supervises it: 'driverctl list', then 'driverctl delete'";
		else
			hint = "a start was cut short: 'driverctl gc' removes what it left";
	}
	state_dir_close(&dir);
	return exd_error_set(err, EXD_ERR_ID_IN_USE, EEXIST, "container '%s' exists already; %s",
			     id, hint);
}

int state_create(int root_fd, const char *id, struct state_dir *out, struct exd_error *err)
{
	cleanup_close int root_lock = FD_NONE;
	struct state_dir dir = STATE_DIR_INIT;
	int r = id_check(id, err);

	if (r == 0)
		r = root_lock = state_root_lock(root_fd, false, err);
	if (r < 0)
		return r;
	if (mkdirat(root_fd, id, 0700) < 0)
		return errno == EEXIST
			       ? in_use(root_fd, id, err)
			       : exd_error_set(err, EXD_ERR_STATE, errno,
					       "cannot make the state directory of container '%s'",
					       id);
	r = open_dir(root_fd, id, &dir);
	if (r == 0)
		r = state_try_lock(&dir);
	if (r < 0) {
		(void)state_remove(root_fd, id, NULL);
		state_dir_close(&dir);
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot lock the state directory of container '%s'", id);
	}
	*out = dir;
	return 0;
}

/* A directory is what the container wrote to its root. */
static int remove_one(int dirfd, const char *name)
{
	int r = -EAGAIN;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	while (r == -EAGAIN)
		r = tree_remove(dirfd, name, UINT_MAX);
	return r;
}

static int remove_files(int dirfd)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0, one;

	if (!dir) {
		r = -errno;
		if (copy >= 0)
			(void)close(copy);
		return r;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		one = remove_one(dirfd, entry->d_name);
		r = one < 0 ? one : r;
	}
	return r;
}

int state_remove(int root_fd, const char *id, struct exd_error *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	int r = id_check(id, err);

	if (r < 0)
		return r;
	r = open_dir(root_fd, id, &dir);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = remove_files(dir.fd);
	state_dir_close(&dir);
	if (r == 0 && unlinkat(root_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	if (r < 0)
		return exd_error_set(err, EXD_ERR_STATE, -r,
				     "cannot remove the state directory of container '%s'", id);
	return 0;
}

/* ---- monitors -------------------------------------------------------------------------------- */

bool monitor_name_valid(const char *dir)
{
	return dir && strspn(dir, "0123456789abcdef") == 8 && dir[8] == '\0';
}

bool monitor_alive(int root_fd, const char *dir)
{
	char path[MONITOR_DIR_SIZE];
	cleanup_close int fd = FD_NONE;

	if (!monitor_name_valid(dir))
		return false;
	snprintf(path, sizeof(path), ".monitor/%s/lock", dir);
	fd = openat(root_fd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? cannot_tell(-errno) : lock_fd(fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
}
