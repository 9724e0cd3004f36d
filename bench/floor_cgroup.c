/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor's cgroup directories: one in every v1 hierarchy, and in v2 if it has controllers. */
#include "bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/samples.h"

static ssize_t read_at(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static int write_at(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* A v1 cpuset starts empty and takes nobody in; clone_children fills each new leaf for free. */
static void fill_cpuset(int top, int parent)
{
	char text[4096];

	if (read_at(top, "cpuset.cpus", text, sizeof(text)) <= 0)
		return;
	write_at(parent, "cpuset.cpus", text);
	if (read_at(top, "cpuset.mems", text, sizeof(text)) > 0)
		write_at(parent, "cpuset.mems", text);
	if (write_at(parent, "cgroup.clone_children", "1") < 0)
		die("cgroup.clone_children");
}

static void add_hierarchy(struct cgroups *cg, const char *path, bool unified)
{
	struct hierarchy *h = &cg->list[cg->count];
	const char *base = strrchr(path, '/');
	char controllers[256];
	int top = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || !base || cg->count == FLOOR_HIERARCHIES)
		die("hierarchy %s", path);
	if (unified && read_at(top, "cgroup.controllers", controllers, sizeof(controllers)) <= 1) {
		close(top);
		return;
	}
	if (mkdirat(top, cg->parent, 0755) < 0 && errno != EEXIST)
		die("%s/%s", path, cg->parent);
	snprintf(h->name, sizeof(h->name), "%s", base + 1);
	snprintf(h->path, sizeof(h->path), "%s", path);
	h->unified = unified;
	h->join = -1;
	h->parent = openat(top, cg->parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->parent < 0)
		die("%s/%s", path, cg->parent);
	if (!unified)
		fill_cpuset(top, h->parent);
	close(top);
	cg->count++;
}

void cgroups_open(struct cgroups *cg)
{
	char line[4096], root[256], path[256], type[32];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	if (!f)
		die("/proc/self/mountinfo");
	/* Of this process alone: what another bench clears away is not ours. */
	snprintf(cg->parent, sizeof(cg->parent), "exd-bench-%d", (int)getpid());
	snprintf(cg->leaf, sizeof(cg->leaf), "floor");
	while (fgets(line, sizeof(line), f)) {
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(tail, " - %31s", type) != 1 ||
		    sscanf(line, "%*s %*s %*s %255s %255s", root, path) != 2 ||
		    strcmp(root, "/") != 0)
			continue;
		if (!strcmp(type, "cgroup") || !strcmp(type, "cgroup2"))
			add_hierarchy(cg, path, !strcmp(type, "cgroup2"));
	}
	fclose(f);
	if (!cg->count)
		die("no cgroup hierarchy is mounted here");
}

void cgroups_close(struct cgroups *cg)
{
	char path[320];

	for (size_t i = 0; i < cg->count; i++) {
		close(cg->list[i].parent);
		snprintf(path, sizeof(path), "%s/%s", cg->list[i].path, cg->parent);
		if (rmdir(path) < 0)
			die("%s", path);
	}
	cg->count = 0;
}

void cgroups_make(struct cgroups *cg)
{
	for (size_t i = 0; i < cg->count; i++)
		if (mkdirat(cg->list[i].parent, cg->leaf, 0755) < 0)
			die("mkdir %s in %s", cg->leaf, cg->list[i].name);
}

int cgroups_hold(struct cgroups *cg)
{
	char tasks[64];
	int unified = -1;

	/*
	 * "0" in tasks moves one thread, which is all the child has. cgroup.procs would move the
	 * process under a lock that waits for an RCU grace period (10 ms) when nobody took it for
	 * some 100 ms.
	 */
	snprintf(tasks, sizeof(tasks), "%s/tasks", cg->leaf);
	for (size_t i = 0; i < cg->count; i++) {
		struct hierarchy *h = &cg->list[i];

		if (h->unified)
			h->join = openat(h->parent, cg->leaf, O_PATH | O_DIRECTORY | O_CLOEXEC);
		else
			h->join = openat(h->parent, tasks, O_WRONLY | O_CLOEXEC);
		if (h->join < 0)
			die("open %s in %s", tasks, h->name);
		if (h->unified)
			unified = h->join;
	}
	return unified;
}

size_t cgroups_join(const struct cgroups *cg, void (*joined)(void *arg, size_t i), void *arg)
{
	for (size_t i = 0; i < cg->count; i++) {
		/* The child of clone3 was born in the v2 one. */
		if (!cg->list[i].unified && write(cg->list[i].join, "0", 1) != 1)
			return i + 1;
		joined(arg, i);
	}
	return 0;
}

void cgroups_release(struct cgroups *cg)
{
	for (size_t i = 0; i < cg->count; i++) {
		close(cg->list[i].join);
		cg->list[i].join = -1;
	}
}

void cgroups_remove(struct cgroups *cg)
{
	for (size_t i = 0; i < cg->count; i++)
		if (unlinkat(cg->list[i].parent, cg->leaf, AT_REMOVEDIR) < 0)
			die("rmdir %s in %s", cg->leaf, cg->list[i].name);
}
