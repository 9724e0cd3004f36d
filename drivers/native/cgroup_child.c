/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cgroup of its own for a further process, below the container's, with limits of its own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_limits.h"
#include "drivers/native/cgroup_record.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/native.h"

#define LIST_SIZE 512
#define REASON_SIZE 320

/* The container's cgroup in one hierarchy. */
struct above {
	const char *controllers; /* those that a cgroup below it has: of v2 what it hands down */
	int version;
	int fd; /* lent by the record */
};

struct planning {
	const struct cgroup_layout *layout;
	struct exd_record *record;
	const struct exd_command *command;
	struct exd_plan *plan;
	struct exd_error *err;
	struct native_cgroups *cgroups;
	struct above above[CGROUP_HIERARCHIES_MAX];
	struct native_limits limits;
	char handed_down[LIST_SIZE]; /* "memory,pids" */
	char name[32];
};

/* Not to be guessed: a container that may write to its own cgroups could be there first. */
static int choose_name(struct planning *p)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return exd_error_set(p->err, EXD_ERR_SYSTEM, errno, "cannot name a cgroup");
	(void)snprintf(p->name, sizeof(p->name), "exec-%016" PRIx64, number);
	return 0;
}

/* As a list with commas. */
static void read_handed_down(struct planning *p, int dir)
{
	if (read_file_at(dir, "cgroup.subtree_control", p->handed_down, sizeof(p->handed_down)) < 0)
		p->handed_down[0] = '\0';
	p->handed_down[strcspn(p->handed_down, "\n")] = '\0';
	for (char *c = p->handed_down; *c; c++)
		if (*c == ' ')
			*c = ',';
}

static int find_one(struct planning *p, const char *controllers, const char *path)
{
	struct above *above = &p->above[p->cgroups->count];
	const char *id = exd_record_id(p->record);
	char first[64];

	(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(controllers, ","), controllers);
	if (!native_cgroup_is_of(controllers, path, id))
		return exd_error_set(p->err, EXD_ERR_STATE, 0,
				     "cgroup '%s' in the record of container '%s' is not the "
				     "container's: none can be made in it",
				     path, id);
	above->version = *first ? 1 : 2;
	above->fd = exd_record_cgroup_fd(p->record, first);
	if (above->fd == -ENOENT || above->fd == -ENODEV)
		return exd_error_set(p->err, EXD_ERR_NOT_RUNNING, 0,
				     "container '%s' has ended: its cgroup is gone", id);
	if (above->fd < 0)
		return exd_error_set(p->err, EXD_ERR_CGROUP, -above->fd,
				     "cannot open a cgroup (%s) of container '%s'",
				     *first ? first : "v2", id);
	above->controllers = *first ? controllers : p->handed_down;
	if (!*first)
		read_handed_down(p, above->fd);
	p->cgroups->list[p->cgroups->count++] = (struct native_cgroup){
		.root = exd_plan_fd_lend(p->plan, above->fd),
		.leaf = exd_plan_slot(p->plan),
		.join = -1,
	};
	return 0;
}

static int find_all(struct planning *p)
{
	const char *controllers, *mount, *path;
	int r = 0;

	for (size_t i = 0; r == 0 && i < CGROUP_HIERARCHIES_MAX &&
			   exd_record_cgroup(p->record, i, &controllers, &mount, &path);
	     i++)
		r = find_one(p, controllers, path);
	if (r == 0 && !p->cgroups->count)
		return exd_error_set(p->err, EXD_ERR_CGROUP, 0,
				     "cgroup_child: container '%s' has no cgroup to make one in "
				     "(see driverctl check)",
				     exd_record_id(p->record));
	return r;
}

/* Index of the cgroup with this controller, "" is v2; -1: none. */
static int find(const struct planning *p, const char *controller)
{
	for (size_t i = 0; i < p->cgroups->count; i++)
		if (*controller ? cgroup_list_has(p->above[i].controllers, controller)
				: p->above[i].version == 2)
			return (int)i;
	return -1;
}

/* What the kernel does not hand down: v2 lets no cgroup that holds processes do it. */
static int refuse_missing(struct planning *p)
{
	bool effort = exd_command_bool(p->command, EXD_KEY_BEST_EFFORT);
	const struct cgroup_hierarchy *h;
	char text[REASON_SIZE];
	size_t kept = 0;

	for (size_t i = 0; i < p->limits.count; i++) {
		const struct native_limit *limit = &p->limits.list[i];

		if (find(p, limit->controller) >= 0) {
			p->limits.list[kept++] = *limit;
			continue;
		}
		if (limit->skip_missing)
			continue;
		h = cgroup_layout_find(p->layout, limit->controller);
		(void)snprintf(text, sizeof(text),
			       h && h->version == 2
				       ? "%s of an exec cannot be set, cgroup controller %s: the "
					 "cgroup v2 of container '%s' holds processes, and so hands "
					 "down no controllers; limit the container"
				       : "%s of an exec cannot be set, cgroup controller %s: "
					 "container '%s' has no cgroup with it",
			       limit->key, limit->controller, exd_record_id(p->record));
		if (!effort)
			return exd_error_set(p->err, EXD_ERR_CGROUP, 0, "%s", text);
		exd_plan_warn(p->plan, "%s", text);
	}
	p->limits.count = kept;
	return 0;
}

static int read_limits(struct planning *p)
{
	int r = native_limits_read(p->command, p->layout, NULL, &p->limits, p->err);
	int memory = find(p, "memory"), io = find(p, "io");

	if (r < 0)
		return r;
	if (io < 0)
		io = find(p, "blkio");
	if (memory >= 0)
		native_limits_check_swap(&p->limits, p->above[memory].version,
					 p->above[memory].fd, ".");
	if (io >= 0)
		native_limits_check_weight(&p->limits, p->above[io].version, p->above[io].fd);
	r = native_limits_report(p->layout, &p->limits, p->command, p->plan, p->err);
	return r < 0 ? r : refuse_missing(p);
}

static void plan_make(struct planning *p)
{
	for (size_t i = 0; i < p->cgroups->count; i++) {
		const struct native_cgroup *cgroup = &p->cgroups->list[i];

		(void)exd_plan_cgroup_make(p->plan, cgroup->root, cgroup->leaf, p->name, NULL,
					   p->above[i].version == 1 &&
						   cgroup_list_has(p->above[i].controllers,
								   "cpuset"));
	}
}

static void plan_limits(struct planning *p)
{
	uint32_t effort = exd_command_bool(p->command, EXD_KEY_BEST_EFFORT) ? EXD_STEP_OPTIONAL : 0;

	for (size_t i = 0; i < p->limits.count; i++) {
		const struct native_limit *limit = &p->limits.list[i];
		const char *text = native_limit_text(limit);

		exd_plan_blame(p->plan, EXD_ERR_CGROUP,
			       effort | (limit->skip_missing ? EXD_STEP_SKIP_MISSING : 0));
		(void)exd_plan_write(p->plan, p->cgroups->list[find(p, limit->controller)].leaf,
				     native_limit_file(limit), text, strlen(text));
	}
	exd_plan_blame(p->plan, EXD_ERR_CGROUP, 0);
}

static void plan_entry(struct planning *p)
{
	int memory = find(p, "memory");

	if (memory >= 0)
		(void)exd_plan_oom_watch(p->plan, p->cgroups->list[memory].leaf,
					 p->above[memory].version);
	for (size_t i = 0; i < p->cgroups->count; i++) {
		struct native_cgroup *cgroup = &p->cgroups->list[i];

		if (p->above[i].version == 2) {
			p->cgroups->birth = cgroup->leaf;
			continue;
		}
		cgroup->join = exd_plan_slot(p->plan);
		(void)exd_plan_open(p->plan, EXD_PREPARE, cgroup->leaf, cgroup->join,
				    CGROUP_JOIN_FILE, O_WRONLY);
	}
}

/* What it leaves behind would live on without its limits, or keep the cgroup. */
static void plan_end(struct planning *p)
{
	int v2 = find(p, ""), freezer = find(p, "freezer");

	if (v2 >= 0)
		(void)exd_plan_cgroup_kill(p->plan, EXD_END, p->cgroups->list[v2].leaf, -1, 2);
	else if (freezer >= 0)
		(void)exd_plan_cgroup_kill(p->plan, EXD_END, p->cgroups->list[freezer].leaf,
					   p->cgroups->list[freezer].leaf, 1);
	else
		(void)exd_plan_cgroup_kill(p->plan, EXD_END, p->cgroups->list[0].leaf, -1, 1);
	for (size_t i = 0; i < p->cgroups->count; i++) {
		const struct native_cgroup *cgroup = &p->cgroups->list[i];

		(void)exd_plan_cgroup_remove(p->plan, cgroup->root, cgroup->leaf, p->name);
	}
}

static int plan_all(struct planning *p)
{
	int r = choose_name(p);

	if (r == 0)
		r = find_all(p);
	if (r == 0)
		r = read_limits(p);
	if (r < 0)
		return r;
	exd_plan_blame(p->plan, EXD_ERR_CGROUP, 0);
	plan_make(p);
	plan_limits(p);
	plan_entry(p);
	plan_end(p);
	return exd_plan_error(p->plan, p->err);
}

int native_cgroups_child(const struct native *self, struct exd_record *record,
			 const struct exd_command *command, struct exd_plan *plan,
			 struct native_cgroups **out, struct exd_error *err)
{
	struct planning p = {.layout = self->layout,
			     .record = record,
			     .command = command,
			     .plan = plan,
			     .err = err};
	int r;

	p.cgroups = calloc(1, sizeof(*p.cgroups));
	if (!p.cgroups)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cgroups");
	p.cgroups->birth = -1;
	r = plan_all(&p);
	if (r < 0)
		(void)native_cgroups_free(p.cgroups);
	else
		*out = p.cgroups;
	return r;
}
