/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a cgroup directory and what has to be so in its ancestors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/cleanup.h"
#include "base/fdio.h"

#define PATH_SIZE 1024
#define VALUE_SIZE 1024

static int open_dir(int root, const char *path)
{
	int fd = openat(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Is every "+controller" of `enable` among the controllers that the directory has? */
static bool has_controllers(int dir, const char *enable)
{
	char have[VALUE_SIZE + 2] = " ";
	ssize_t n = read_file_at(dir, "cgroup.controllers", have + 1, VALUE_SIZE);

	if (n < 0)
		return false;
	for (char *p = have; *p; p++)
		if (*p == '\n')
			*p = ' ';
	for (const char *p = enable; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		char word[64];
		size_t len = strcspn(p, " ");

		if (len < 2 || len + 2 > sizeof(word))
			return false;
		(void)snprintf(word, sizeof(word), " %.*s ", (int)len - 1, p + 1);
		if (!strstr(have, word))
			return false;
	}
	return true;
}

/* One controller at a time: one that cannot be had must not keep the others away. */
static int enable_controllers(int dir, const char *enable)
{
	int first = 0;

	for (const char *p = enable; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		int r = write_file_at(dir, "cgroup.subtree_control", p, strcspn(p, " "));

		if (r < 0 && !first)
			first = r;
	}
	return first;
}

static int copy_value(int from, int to, const char *file)
{
	char value[VALUE_SIZE];
	ssize_t n = read_file_at(to, file, value, sizeof(value));

	if (n < 0)
		return (int)n;
	if (n > 1)
		return 0;
	n = read_file_at(from, file, value, sizeof(value));
	return n < 0 ? (int)n : write_file_at(to, file, value, (size_t)n);
}

/* A v1 cpuset begins empty and then takes nobody in; clone_children fills those made later. */
static int fill_cpuset(int parent, int dir, bool leaf)
{
	int r = copy_value(parent, dir, "cpuset.cpus");

	if (!r)
		r = copy_value(parent, dir, "cpuset.mems");
	if (!r && !leaf)
		r = write_file_at(dir, "cgroup.clone_children", "1", 1);
	return r;
}

static bool cpuset_filled(int dir)
{
	char value[VALUE_SIZE];

	return read_file_at(dir, "cpuset.mems", value, sizeof(value)) > 1 &&
	       read_file_at(dir, "cpuset.cpus", value, sizeof(value)) > 1;
}

/* What every directory from the root down to the leaf needs; missing parents are made. */
static int prepare_path(const struct cgroup_make *m, bool leaf_made)
{
	cleanup_close int parent = open_dir(m->root, ".");
	char path[PATH_SIZE];
	const char *p = m->path;

	if (strlen(p) >= sizeof(path))
		return -ENAMETOOLONG;
	while (parent >= 0) {
		const char *end = p + strcspn(p, "/");
		bool leaf = end[strspn(end, "/")] == '\0';
		int dir, r = 0;

		if (m->enable && *m->enable)
			r = enable_controllers(parent, m->enable);
		if (r < 0)
			return r;
		memcpy(path, p, (size_t)(end - p));
		path[end - p] = '\0';
		if (leaf && !leaf_made)
			return 0;
		if (!leaf && mkdirat(parent, path, 0755) < 0 && errno != EEXIST)
			return -errno;
		dir = open_dir(parent, path);
		if (dir >= 0 && m->cpuset)
			r = fill_cpuset(parent, dir, leaf);
		(void)close(parent);
		parent = dir;
		if (r < 0 || leaf)
			return r;
		p = end + strspn(end, "/");
	}
	return parent;
}

static bool leaf_complete(const struct cgroup_make *m, int leaf)
{
	if (m->enable && *m->enable && !has_controllers(leaf, m->enable))
		return false;
	return !m->cpuset || cpuset_filled(leaf);
}

static bool path_is_below(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/"), p += strspn(p, "/"))
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return false;
	return *path && *path != '/';
}

/* The straight path, all but the first time: the parents are there, and one mkdir is all. */
static int make_leaf(const struct cgroup_make *m)
{
	int r;

	if (mkdirat(m->root, m->path, 0755) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	r = prepare_path(m, false);
	if (r < 0)
		return r;
	return mkdirat(m->root, m->path, 0755) < 0 ? -errno : 0;
}

static int open_file(int dir, const char *path, const char *file)
{
	char full[PATH_SIZE];
	int n = snprintf(full, sizeof(full), "%s/%s", path, file), fd;

	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	fd = openat(dir, full, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Most leaves are never looked at, only their one file is written: the directory is not opened. */
static int open_leaf(const struct cgroup_make *m)
{
	cleanup_close int leaf = FD_NONE;
	int r;

	if (m->file && !m->cpuset && !(m->enable && *m->enable))
		return open_file(m->root, m->path, m->file);
	leaf = open_dir(m->root, m->path);
	if (leaf < 0)
		return leaf;
	r = leaf_complete(m, leaf) ? 0 : prepare_path(m, true);
	if (r < 0)
		return r;
	return m->file ? open_file(leaf, ".", m->file) : take_fd(&leaf);
}

int cgroup_make(const struct cgroup_make *m)
{
	int r = path_is_below(m->path) ? make_leaf(m) : -EINVAL;

	if (r < 0)
		return r;
	r = open_leaf(m);
	if (r < 0)
		(void)unlinkat(m->root, m->path, AT_REMOVEDIR);
	return r;
}
