/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cgroups of boxes whose monitor is gone: found by the parents that it wrote down, and its name. */
#include "core/warm_left.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/cgroupmounts.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/wire.h"
#include "core/state_list.h"

#define PARENTS_SIZE 16640
#define MOUNT_LINE_MAX 4096
/* A box that is in the middle of its steps ends at the cut. */
#define WAIT_MS 5000
#define MONITOR_COMM "execdriver-mon" /* as its boxes are called */

struct search {
	char *parents; /* lines */
	char prefix[sizeof(WIRE_WARM_PREFIX) + 64];
	int64_t until_ms;
};

static bool any_name(const char *name)
{
	return name[0] != '.';
}

/* A container that was started in a box has another program in it. */
static bool is_ending(int parent, const char *name)
{
	cleanup_close int dir = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[32], comm[32];
	pid_t pid = 0;

	if (dir < 0 || cgroup_pids(dir, &pid, 1) < 1)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return read_file_at(AT_FDCWD, path, comm, sizeof(comm)) < 0 ||
	       strcmp(comm, MONITOR_COMM "\n") == 0;
}

static void remove_one(struct search *s, int parent, const char *name)
{
	while (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno == EBUSY &&
	       is_ending(parent, name) && clock_ms() < s->until_ms)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void remove_below(struct search *s, int root, const char *parent)
{
	cleanup_close int dir = openat(root, *parent ? parent : ".",
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_names struct name_list names = {0};

	if (dir < 0 || name_list_read(dir, ".", any_name, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (strncmp(names.names[i], s->prefix, strlen(s->prefix)) == 0)
			remove_one(s, dir, names.names[i]);
}

/* A way up leads to what is not below the hierarchy. */
static bool visit(const struct cgroup_mount *mount, void *arg)
{
	struct search *s = arg;

	for (char *line = s->parents, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (!strstr(line, "..") && line[0] != '/')
			remove_below(s, mount->fd, line);
		*end = '\n';
	}
	return true;
}

void warm_left_remove(int dir, const char *name)
{
	char parents[PARENTS_SIZE], text[MOUNT_LINE_MAX];
	struct search s = {.parents = parents, .until_ms = clock_ms() + WAIT_MS};
	struct cgroup_visit all = {.fn = visit, .arg = &s};

	if (read_file_at(dir, "warm", parents, sizeof(parents)) < 0)
		return;
	(void)snprintf(s.prefix, sizeof(s.prefix), WIRE_WARM_PREFIX "%.60s-", name);
	cgroup_mounts_visit(&all, text, sizeof(text));
}
