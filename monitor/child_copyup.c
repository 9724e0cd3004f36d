/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child step: a file system begins with a copy of the directory it will be mounted on. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "monitor/sys.h"

#define DEPTH_MAX 128
#define ENTRIES_SIZE 4096
#define LINK_SIZE 4096
#define CHUNK (1u << 20)

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* Directories on the way down. Nothing is followed: each is opened by one name from the one above. */
struct walk {
	int from[DEPTH_MAX];
	int to[DEPTH_MAX];
	int depth;
	dev_t dev; /* other file systems below are left out, their mount points stay empty */
};

static int keep_owner_and_times(int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, CHUNK);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* What was a file when it was looked at may be a pipe now: nothing is waited for. */
static int copy_file(int from, int to, const char *name, const struct stat *seen)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int out = -1, r = in < 0 ? -errno : 0;
	struct stat st;

	if (!r && (fstat(in, &st) < 0 || !S_ISREG(st.st_mode)))
		r = -EAGAIN;
	if (!r) {
		out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = out < 0 ? -errno : copy_bytes(in, out);
	}
	if (!r)
		r = keep_owner_and_times(to, name, seen);
	/* The owner first: a change of it takes the set-user-id bit away. */
	if (!r && fchmod(out, seen->st_mode & 07777) < 0)
		r = -errno;
	if (out >= 0)
		(void)close(out);
	if (in >= 0)
		(void)close(in);
	return r;
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
	char target[LINK_SIZE];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : keep_owner_and_times(to, name, st);
}

/* Pipes and sockets. Devices are of no use on a file system that has none (nodev). */
static int copy_node(int to, const char *name, const struct stat *st)
{
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return 0;
	if (mknodat(to, name, st->st_mode & (S_IFMT | 07777), 0) < 0)
		return -errno;
	return keep_owner_and_times(to, name, st);
}

/* Goes into a new directory; its own owner and times are set when it is left. */
static int go_down(struct walk *w, int from, int to, const char *name)
{
	int in, out;

	if (w->depth == DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0) {
		int r = -errno;

		(void)close(in);
		return r;
	}
	w->from[w->depth] = in;
	w->to[w->depth++] = out;
	return 0;
}

static int keep_dir(int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 ||
	    futimens(to, times) < 0)
		return -errno;
	return 0;
}

static int go_up(struct walk *w)
{
	struct stat st;
	int r;

	w->depth--;
	r = fstat(w->from[w->depth], &st) < 0 ? -errno : keep_dir(w->to[w->depth], &st);
	(void)close(w->from[w->depth]);
	(void)close(w->to[w->depth]);
	return r;
}

/* 1: the walk went down into it, and the entries behind it are read when it is back. */
static int copy_entry(struct walk *w, int from, int to, const char *name)
{
	struct stat st;
	int r;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode) && st.st_dev != w->dev) {
		r = mkdirat(to, name, st.st_mode & 07777) < 0 ? -errno : 0;
		return r ? r : keep_owner_and_times(to, name, &st);
	}
	if (S_ISDIR(st.st_mode)) {
		r = go_down(w, from, to, name);
		return r < 0 ? r : 1;
	}
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, &st);
	return S_ISLNK(st.st_mode) ? copy_link(from, to, name, &st) : copy_node(to, name, &st);
}

/* One buffer of the innermost directory; 0 when it holds no more. */
static int copy_some(struct walk *w)
{
	_Alignas(struct entry) char buffer[ENTRIES_SIZE];
	int from = w->from[w->depth - 1], to = w->to[w->depth - 1];
	long n = syscall(SYS_getdents64, from, buffer, sizeof(buffer));
	int r = 0;

	for (long at = 0; at < n && r == 0;) {
		const struct entry *e = (const struct entry *)(const void *)(buffer + at);

		r = copy_entry(w, from, to, e->name);
		if (r == 1 && lseek(from, e->off, SEEK_SET) < 0)
			r = -errno;
		at += e->size;
	}
	return r < 0 ? r : n < 0 ? -errno
				 : n > 0;
}

static int copy_tree(int from, int to, bool keep)
{
	struct walk w = {.depth = 1, .from = {from}, .to = {to}};
	struct stat st;
	int r = fstat(from, &st) < 0 ? -errno : 0;

	w.dev = st.st_dev;
	while (!r && w.depth > 0) {
		r = copy_some(&w);
		if (r == 0 && w.depth > 1)
			r = go_up(&w);
		else if (r == 0)
			break;
		else if (r > 0)
			r = 0;
	}
	if (!r && keep)
		r = keep_dir(to, &st);
	while (w.depth > 1) {
		w.depth--;
		(void)close(w.from[w.depth]);
		(void)close(w.to[w.depth]);
	}
	return r;
}

int child_copyup(struct child *c, const struct wire_step *s)
{
	int from = path_open(child_slot(c, s, 1), child_text(c, s, 0), O_RDONLY | O_DIRECTORY);
	int to, r;

	/* Nothing is there yet: it begins empty, as does one on what is no directory. */
	if (from < 0)
		return from == -ENOENT ? 0 : from;
	to = openat(child_slot(c, s, 0), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = to < 0 ? -errno : copy_tree(from, to, s->num[0] != 0);
	if (to >= 0)
		(void)close(to);
	(void)close(from);
	return r;
}
