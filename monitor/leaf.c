/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor that outlives its host leaves the host's cgroups: what is done to those, be it a kill
 * or a limit, must not meet the containers' supervisor. It goes to <hierarchy>/execdriver-monitor/
 * <name>. Where that cannot be (no privileges, cgroups that are read-only) it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/cgroupmounts.h"
#include "base/cgroupwalk.h"
#include "base/cleanup.h"
#include "base/fdio.h"
#include "monitor/monitor.h"

#define PARENT CGROUP_OF_MONITORS
/* A longer line is of no cgroup that is mounted where cgroups are. */
#define TEXT_SIZE 4096
#define TRIES 3

struct visit {
	const char *leaf;
	const char *came_from; /* /proc/self/cgroup of that time, or NULL */
};

static bool has_word(const char *list, const char *word, size_t size)
{
	while (*list) {
		size_t n = strcspn(list, ",\n");

		if (n == size && strncmp(list, word, n) == 0)
			return true;
		list += n + (list[n] != '\0');
	}
	return false;
}

/* ---- there ----------------------------------------------------------------------------------- */

/* A thread by itself waits for no grace period of the kernel's, which only v1 knows how to take. */
static int join(int dir, bool v2)
{
	return write_file_at(dir, v2 ? "cgroup.procs" : "tasks", "0", 1);
}

/* Monitors that were killed left theirs. One with a living process in it is busy, and stays. */
static void remove_dead(const struct cgroup_mount *h)
{
	cleanup_close int dir =
		openat(h->fd, PARENT, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0)
		(void)cgroup_remove_children(dir);
}

/* Another monitor may take ours for a dead one's before we are in it: make it anew. */
static bool enter(const struct cgroup_mount *h, void *arg)
{
	const struct visit *v = arg;
	const struct cgroup_make make = {
		.root = h->fd,
		.path = v->leaf,
		.cpuset = !h->v2 && has_word(h->super, "cpuset", strlen("cpuset")),
	};
	int r = -ENOENT;

	remove_dead(h);
	for (int i = 0; i < TRIES && (r == -ENOENT || r == -ENODEV); i++) {
		cleanup_close int dir = cgroup_make(&make);

		r = dir < 0 ? dir : join(dir, h->v2);
	}
	if (r < 0)
		(void)unlinkat(h->fd, v->leaf, AT_REMOVEDIR);
	return r >= 0;
}

/* ---- and back -------------------------------------------------------------------------------- */

/* "3:cpu,cpuacct:/path" or, of v2, "0::/path"; NULL when no line is of this hierarchy. */
static const char *path_before(const struct visit *v, const struct cgroup_mount *h)
{
	const char *line = v->came_from;

	while (line && *line) {
		const char *list = strchr(line, ':');
		const char *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			return NULL;
		list++;
		if (h->v2 ? path == list
			  : path > list && has_word(h->super, list, strcspn(list, ",:")))
			return path + 1;
		line = strchr(path, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

/* Opens the cgroup that it came from; below another than the mounted one there is no way. */
static int open_before(const struct visit *v, const struct cgroup_mount *h)
{
	const char *path = path_before(v, h);
	size_t skip = strcmp(h->root, "/") == 0 ? 0 : strlen(h->root);
	char below[TEXT_SIZE];

	if (!path || strncmp(path, h->root, skip) != 0 || path[skip] != '/')
		return -ENOENT;
	(void)snprintf(below, sizeof(below), "%.*s", (int)strcspn(path + skip + 1, "\n"),
		       path + skip + 1);
	if (strstr(below, ".."))
		return -ENOENT;
	return openat(h->fd, *below ? below : ".", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool leave(const struct cgroup_mount *h, void *arg)
{
	const struct visit *v = arg;
	cleanup_close int before = FD_NONE;

	/* It did not get there. */
	if (faccessat(h->fd, v->leaf, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	before = open_before(v, h);
	if (before < 0 || join(before, h->v2) < 0)
		(void)join(h->fd, h->v2);
	(void)unlinkat(h->fd, v->leaf, AT_REMOVEDIR);
	/* Others may be in theirs. */
	(void)unlinkat(h->fd, PARENT, AT_REMOVEDIR);
	return true;
}

/* It works in the buffer of messages: memory that is touched for this once would never go away. */
void leaf_enter(struct monitor *m)
{
	struct visit v = {0};
	struct cgroup_visit all = {.fn = enter, .arg = &v};
	char leaf[sizeof(PARENT "/") + NAME_MAX] = PARENT "/";

	if (m->leaf || !own_name(m, leaf + strlen(leaf)))
		return;
	m->leaf = strdup(leaf);
	if (!m->leaf)
		return;
	/* Without it the way back leads to the root, which will do for the moment that is left. */
	if (read_file_at(AT_FDCWD, "/proc/self/cgroup", m->buffer, TEXT_SIZE) > 0)
		m->came_from = strdup(m->buffer);
	v.leaf = m->leaf;
	cgroup_mounts_visit(&all, m->buffer, TEXT_SIZE);
}

void leaf_leave(struct monitor *m)
{
	struct visit v = {.leaf = m->leaf, .came_from = m->came_from};
	struct cgroup_visit all = {.fn = leave, .arg = &v};
	char text[TEXT_SIZE];

	if (!m->leaf)
		return;
	cgroup_mounts_visit(&all, text, sizeof(text));
	free(take_ptr(&m->leaf));
	free(take_ptr(&m->came_from));
}
