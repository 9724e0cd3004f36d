/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths below a container's root, which may be full of hostile symlinks. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/sys.h"

#define PATH_SIZE 4096
#define TRIES 1000

/*
 * EAGAIN: a rename somewhere on the host raced with a ".." on the way, which hits innocent
 * containers too. Whoever renames for ever gets to see the error in the end.
 */
int path_open(int root, const char *path, uint64_t flags)
{
	int fd = -EAGAIN;

	for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
		fd = sys_openat2(root, *path ? path : ".", flags | O_CLOEXEC, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	return fd;
}

static int open_dir_here(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A dangling symlink is there for mkdir and not there for open: the no-follow open refuses it. */
static int make_dir_here(int dir, const char *name)
{
	if (strcmp(name, "..") == 0)
		return -EINVAL;
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_dir_here(dir, name);
}

/* Opens the directory `path`, of which the part that is missing is made component by component. */
static int open_or_make_dirs(int root, char *path)
{
	int dir = path_open(root, path, O_PATH | O_DIRECTORY);
	int parent;
	char *name, *slash;

	if (dir != -ENOENT)
		return dir;
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		parent = open_or_make_dirs(root, path);
		*slash = '/';
		name = slash + 1;
	} else {
		parent = path_open(root, ".", O_PATH | O_DIRECTORY);
		name = path;
	}
	if (parent < 0)
		return parent;
	dir = *name ? make_dir_here(parent, name) : fcntl(parent, F_DUPFD_CLOEXEC, 3);
	(void)close(parent);
	return dir;
}

/* A copy without slashes at either end. */
static int copy_path(char out[PATH_SIZE], const char *path)
{
	size_t n;

	path += strspn(path, "/");
	n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	if (n >= PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(out, path, n);
	out[n] = '\0';
	return 0;
}

int path_open_parent(int root, const char *path, char last[256])
{
	char copy[PATH_SIZE];
	char *slash;
	const char *name;
	int r = copy_path(copy, path);

	if (r < 0)
		return r;
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (strlen(name) > 255)
		return -ENAMETOOLONG;
	memcpy(last, name, strlen(name) + 1);
	if (!slash)
		return root;
	*slash = '\0';
	return open_or_make_dirs(root, copy);
}

void path_close_parent(int root, int parent)
{
	if (parent != root)
		(void)close(parent);
}

static int make_file(int root, const char *path)
{
	char last[256];
	int parent = path_open_parent(root, path, last);
	int fd, r;

	if (parent < 0)
		return parent;
	fd = openat(parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd);
	path_close_parent(root, parent);
	return r;
}

/* An entry that is there already must be a directory, and no link to one elsewhere. */
static int make_dir(int root, const char *path)
{
	char last[256];
	int parent = path_open_parent(root, path, last);
	int dir, r = 0;

	if (parent < 0)
		return parent;
	if (mkdirat(parent, last, 0755) < 0) {
		dir = errno == EEXIST ? open_dir_here(parent, last) : -errno;
		if (dir >= 0)
			(void)close(dir);
		r = dir < 0 ? dir : 0;
	}
	path_close_parent(root, parent);
	return r;
}

int path_make(int root, const char *path, bool dir)
{
	return dir ? make_dir(root, path) : make_file(root, path);
}
