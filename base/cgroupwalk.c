/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits a cgroup and all below it, without memory of its own. */
#include "base/cgroupwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Container programs choose how deep they nest: the stack of who looks must not depend on it. */
#define DEPTH_MAX 32
#define DIRENTS 1024

/* As getdents64 fills it in. */
struct dirent_record {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* cgroupfs counts sub-directories in the link count, which saves the listing of most leaves. */
bool cgroup_has_children(int dirfd)
{
	struct stat st;

	return fstat(dirfd, &st) == 0 && st.st_nlink > 2;
}

static int each_child(int dirfd, int depth,
		      int (*fn)(int parent, const char *name, int depth, void *arg), void *arg)
{
	cleanup_close int fd = FD_NONE;
	_Alignas(struct dirent_record) char buf[DIRENTS];
	long n;

	if (!cgroup_has_children(dirfd))
		return 0;
	if (depth >= DEPTH_MAX)
		return -ELOOP;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent_record *d = (const void *)(buf + at);
			int r = 0;

			at += d->reclen;
			if (d->type == DT_DIR && d->name[0] != '.')
				r = fn(dirfd, d->name, depth + 1, arg);
			if (r < 0)
				return r;
		}
	}
	return n < 0 && errno != ENOENT ? -errno : 0;
}

struct walk {
	int (*fn)(int dir, void *arg);
	void *arg;
};

static int visit(int dirfd, int depth, struct walk *walk);

static int visit_child(int parent, const char *name, int depth, void *arg)
{
	cleanup_close int dir = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	return visit(dir, depth, arg);
}

static int visit(int dirfd, int depth, struct walk *walk)
{
	int r = walk->fn(dirfd, walk->arg);

	return r < 0 ? r : each_child(dirfd, depth, visit_child, walk);
}

int cgroup_walk(int dirfd, int (*fn)(int dir, void *arg), void *arg)
{
	struct walk walk = {.fn = fn, .arg = arg};

	return visit(dirfd, 0, &walk);
}

static int remove_child(int parent, const char *name, int depth, void *arg)
{
	cleanup_close int dir = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0)
		(void)each_child(dir, depth, remove_child, arg);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		++*(int *)arg;
	return 0;
}

int cgroup_remove_children(int dirfd)
{
	int removed = 0;

	(void)each_child(dirfd, 0, remove_child, &removed);
	return removed;
}
