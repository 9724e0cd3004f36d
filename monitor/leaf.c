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
#include "base/cgroupwalk.h"
#include "base/cleanup.h"
#include "base/fdio.h"
#include "monitor/monitor.h"

#define PARENT "execdriver-monitor"
#define HIERARCHIES_MAX 32
/* A longer line is of no cgroup that is mounted where cgroups are. */
#define TEXT_SIZE 4096
#define TRIES 3

/* A mounted hierarchy, as a line of mountinfo tells. */
struct hierarchy {
	int fd; /* what is mounted */
	bool v2;
	char *root;  /* which of the hierarchy's cgroups is mounted */
	char *super; /* v1: with its controllers */
	dev_t dev;
};

struct visit {
	/* False: another mount of this hierarchy may do better. */
	bool (*fn)(const struct visit *v, const struct hierarchy *h);
	const char *leaf;
	const char *came_from; /* /proc/self/cgroup of that time, or NULL */
	dev_t done[HIERARCHIES_MAX];
	unsigned int ndone;
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
static void remove_dead(const struct hierarchy *h)
{
	cleanup_close int dir =
		openat(h->fd, PARENT, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0)
		(void)cgroup_remove_children(dir);
}

/* Another monitor may take ours for a dead one's before we are in it: make it anew. */
static bool enter(const struct visit *v, const struct hierarchy *h)
{
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
static const char *path_before(const struct visit *v, const struct hierarchy *h)
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
static int open_before(const struct visit *v, const struct hierarchy *h)
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

static bool leave(const struct visit *v, const struct hierarchy *h)
{
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

/* ---- every hierarchy ------------------------------------------------------------------------- */

static bool is_done(const struct visit *v, dev_t dev)
{
	for (unsigned int i = 0; i < v->ndone; i++)
		if (v->done[i] == dev)
			return true;
	return v->ndone == HIERARCHIES_MAX;
}

/* Under something else that was mounted there later a hierarchy cannot be seen. */
static void visit_mount(struct visit *v, struct hierarchy *h, const char *mount)
{
	struct stat st;

	h->fd = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->fd < 0)
		return;
	if (fstat(h->fd, &st) == 0 && st.st_dev == h->dev && v->fn(v, h))
		v->done[v->ndone++] = h->dev;
	(void)close(h->fd);
}

/*
 * ID PARENT MAJOR:MINOR ROOT MOUNT OPTIONS [TAGS...] - TYPE SOURCE SUPER. Blanks in names are
 * escaped: those are not looked for, nobody mounts cgroups there.
 */
static void visit_line(struct visit *v, char *line)
{
	struct hierarchy h = {0};
	char *rest = strstr(line, " - cgroup"), *number, *mount;
	unsigned int major;

	if (!rest)
		return;
	*rest = '\0';
	rest += strlen(" - ");
	(void)strsep(&line, " ");
	(void)strsep(&line, " ");
	number = strsep(&line, " ");
	h.root = strsep(&line, " ");
	mount = strsep(&line, " ");
	h.v2 = strncmp(rest, "cgroup2 ", strlen("cgroup2 ")) == 0;
	(void)strsep(&rest, " ");
	(void)strsep(&rest, " ");
	h.super = rest;
	if (!mount || !rest)
		return;
	major = (unsigned int)strtoul(number, &number, 10);
	h.dev = makedev(major, *number ? (unsigned int)strtoul(number + 1, NULL, 10) : 0);
	if (!is_done(v, h.dev))
		visit_mount(v, &h, mount);
}

/* Line by line, since the file of a busy host fits no buffer. */
static void visit_all(struct visit *v, char *text, size_t size)
{
	cleanup_close int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	bool cut = false;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text + len, size - len)) > 0) {
		char *line = text, *end;

		len += (size_t)n;
		while ((end = memchr(line, '\n', len))) {
			*end++ = '\0';
			if (!cut)
				visit_line(v, line);
			cut = false;
			len -= (size_t)(end - line);
			line = end;
		}
		if (len == size) {
			cut = true;
			len = 0;
		}
		memmove(text, line, len);
	}
}

/* It works in the buffer of messages: memory that is touched for this once would never go away. */
void leaf_enter(struct monitor *m)
{
	struct visit v = {.fn = enter};
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
	visit_all(&v, m->buffer, TEXT_SIZE);
}

void leaf_leave(struct monitor *m)
{
	struct visit v = {.fn = leave, .leaf = m->leaf, .came_from = m->came_from};
	char text[TEXT_SIZE];

	if (!m->leaf)
		return;
	visit_all(&v, text, sizeof(text));
	free(take_ptr(&m->leaf));
	free(take_ptr(&m->came_from));
}
