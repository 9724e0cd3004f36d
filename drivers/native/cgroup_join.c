/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the child of a run or an exec gets into the container's cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_slots.h"

#define SELF_CGROUP_SIZE 4096

/* The cgroup v2 that init is in, as a path below the container's; "." when it is that itself. */
static const char *init_below(struct exd_record *record, const char *path, char *text, size_t size)
{
	char file[32];
	char *own;

	(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)exd_record_pid(record));
	if (read_file_at(AT_FDCWD, file, text, size) < 0)
		return ".";
	own = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!own)
		return ".";
	own[1 + strcspn(own + 1, "\n")] = '\0';
	path += strspn(path, "/");
	own = strstr(own, path);
	return own && own[strlen(path)] == '/' ? own + strlen(path) + 1 : ".";
}

/*
 * A container that hands controllers down to cgroups of its own has no processes in its topmost,
 * and takes none there: then they go to where init is.
 */
static int open_v2(struct exd_record *record, int dir, const char *path)
{
	char handed_down[2], text[SELF_CGROUP_SIZE];
	cleanup_close int control = openat(dir, "cgroup.subtree_control", O_RDONLY | O_CLOEXEC);
	const char *below = ".";

	if (control >= 0 && read(control, handed_down, 2) > 1)
		below = init_below(record, path, text, sizeof(text));
	return openat(dir, below, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* One cgroup of a running container, by the first of its hierarchy's controllers. */
static int exec_one(struct exd_record *record, struct exd_plan *plan, size_t index,
		    struct native_cgroups *cgroups, struct exd_error *err)
{
	const char *controllers, *mount, *path;
	char first[64];
	int dir, fd;

	if (!exd_record_cgroup(record, index, &controllers, &mount, &path))
		return 0;
	(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(controllers, ","), controllers);
	dir = exd_record_cgroup_fd(record, first);
	if (dir < 0)
		fd = dir;
	else if (*first)
		fd = openat(dir, CGROUP_JOIN_FILE, O_WRONLY | O_CLOEXEC);
	else
		fd = open_v2(record, dir, path);
	if (fd == -1)
		fd = -errno;
	if (fd == -ENOENT || fd == -ENODEV)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, 0,
				     "container '%s' has ended: its cgroup is gone",
				     exd_record_id(record));
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_CGROUP, -fd,
				     "cannot open a cgroup (%s) of container '%s'",
				     *first ? first : "v2", exd_record_id(record));
	if (*first)
		cgroups->list[cgroups->count++].join = exd_plan_fd_consume(plan, fd, EXD_FD_ONCE);
	else
		cgroups->birth = exd_plan_fd_consume(plan, fd, EXD_FD_ONCE);
	return 0;
}

int native_cgroups_exec(const struct native *self, struct exd_record *record, struct exd_plan *plan,
			struct native_cgroups **out, struct exd_error *err)
{
	struct native_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	size_t count = exd_record_cgroup_count(record);
	int r = 0;

	(void)self;
	if (!cgroups)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cgroups");
	cgroups->birth = -1;
	for (size_t i = 0; i < count && i < CGROUP_HIERARCHIES_MAX && r == 0; i++)
		r = exec_one(record, plan, i, cgroups, err);
	if (r < 0)
		(void)native_cgroups_free(cgroups);
	else
		*out = cgroups;
	return r;
}

void native_cgroups_join(const struct native_cgroups *cgroups, struct exd_plan *plan)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroups->list[i].join >= 0)
			(void)exd_plan_cgroup_join(plan, cgroups->list[i].join);
	for (size_t i = 0; i < cgroups->sets * cgroups->count; i++)
		(void)exd_plan_tree(plan, cgroups->list[i % cgroups->count].leaf, cgroups->trees[i],
				    false);
}

int native_cgroups_birth_slot(const struct native_cgroups *cgroups)
{
	return cgroups->birth;
}

struct native_cgroups *native_cgroups_free(struct native_cgroups *cgroups)
{
	if (cgroups)
		free(cgroups->trees);
	free(cgroups);
	return NULL;
}
