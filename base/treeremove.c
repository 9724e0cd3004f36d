/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removal of a directory with all that is in it, in turns. */
#include "base/treeremove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t size;
	uint8_t type;
	char name[];
};

struct removal {
	int top;
	unsigned int left; /* of this turn */
	int error;         /* the first of what could not be removed */
};

static int open_dir(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A directory that is not empty goes up to the top, so that none is ever deeper than one below it. */
static int lift(const struct removal *r, int dir, const struct entry *e)
{
	char name[32];

	(void)snprintf(name, sizeof(name), ".%llx", (unsigned long long)e->ino);
	return renameat(dir, e->name, r->top, name) < 0 ? -errno : 0;
}

static int empty(struct removal *r, int dir, int (*other)(struct removal *, int, const struct entry *));

/* A directory in the top one. */
static int remove_below(struct removal *r, int top, const struct entry *e)
{
	int dir = open_dir(top, e->name);
	int result = dir < 0 ? dir : empty(r, dir, NULL);

	if (dir >= 0)
		(void)close(dir);
	if (!result && unlinkat(top, e->name, AT_REMOVEDIR) < 0)
		result = -errno;
	return result;
}

static int remove_entry(struct removal *r, int dir, const struct entry *e,
			int (*other)(struct removal *, int, const struct entry *))
{
	if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
		return 0;
	if (r->left == 0)
		return -EAGAIN;
	r->left--;
	if (unlinkat(dir, e->name, 0) == 0 || unlinkat(dir, e->name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return -EPERM;
	return other ? other(r, dir, e) : lift(r, dir, e);
}

/* Entries of a directory of the top, or of the top itself: then `other` goes into what is in it. */
static int empty(struct removal *r, int dir, int (*other)(struct removal *, int, const struct entry *))
{
	_Alignas(struct entry) char buffer[4096];
	long n;

	while ((n = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			const struct entry *e = (const struct entry *)(const void *)(buffer + at);
			int result = remove_entry(r, dir, e, other);

			if (result == -EAGAIN)
				return result;
			if (result && !r->error)
				r->error = result;
			at += e->size;
		}
	return n < 0 ? -errno : 0;
}

int tree_remove(int parent, const char *name, unsigned int turn)
{
	struct removal r = {.top = open_dir(parent, name), .left = turn};
	int result = r.top < 0 ? r.top : empty(&r, r.top, remove_below);

	if (r.top < 0)
		return result == -ENOENT ? 0 : result;
	(void)close(r.top);
	if (!result)
		result = r.error;
	if (result || unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return result;
	/* What was lifted while it was read. */
	return errno == ENOTEMPTY ? -EAGAIN : -errno;
}
