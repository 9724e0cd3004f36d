/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits every cgroup hierarchy that is mounted, by /proc/self/mountinfo, without memory of its own. */
#include "base/cgroupmounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

static bool is_done(const struct cgroup_visit *v, dev_t dev)
{
	for (unsigned int i = 0; i < v->ndone; i++)
		if (v->done[i] == dev)
			return true;
	return v->ndone == CGROUP_MOUNTS_MAX;
}

/* Under something else that was mounted there later a hierarchy cannot be seen. */
static void visit_mount(struct cgroup_visit *v, struct cgroup_mount *h, const char *mount)
{
	struct stat st;

	h->fd = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->fd < 0)
		return;
	if (fstat(h->fd, &st) == 0 && st.st_dev == h->dev && v->fn(h, v->arg))
		v->done[v->ndone++] = h->dev;
	(void)close(h->fd);
}

/*
 * ID PARENT MAJOR:MINOR ROOT MOUNT OPTIONS [TAGS...] - TYPE SOURCE SUPER. Blanks in names are
 * escaped: those are not looked for, nobody mounts cgroups there.
 */
static void visit_line(struct cgroup_visit *v, char *line)
{
	struct cgroup_mount h = {0};
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
void cgroup_mounts_visit(struct cgroup_visit *v, char *text, size_t size)
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
