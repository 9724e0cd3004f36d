/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of a run and of an exec, as steps of their plan. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_devices.h"
#include "drivers/native/cgroup_enable.h"
#include "drivers/native/cgroup_limits.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/devices.h"
#include "drivers/native/namespaces.h"
#include "drivers/native/native.h"

#define REASON_SIZE 320
#define CPUSET_SIZE 2048

struct planning {
	const struct cgroup_layout *layout;
	const struct exd_command *command;
	struct exd_plan *plan;
	struct exd_error *err;
	struct native_cgroups *cgroups;
	struct native_limits limits;
	struct strbuf path; /* PARENT/ID below each hierarchy's root */
	char *parent;
	char enable[CGROUP_ENABLE_SIZE];
	char reason[REASON_SIZE];  /* why v2's limits were refused */
	char foreign[REASON_SIZE]; /* why those of a hierarchy of others were */
};

/* "/a//b/" becomes "a/b"; the root itself is "". */
static int clean_parent(const char *text, struct strbuf *out)
{
	while (*text) {
		size_t n = strcspn(text, "/");

		if (n == 2 && strncmp(text, "..", 2) == 0)
			return -EINVAL;
		if (n && !(n == 1 && *text == '.')) {
			(void)sb_add(out, out->size ? "/" : "");
			(void)sb_add_bytes(out, text, n);
		}
		text += n + (text[n] == '/');
	}
	return sb_add(out, "");
}

static int find_path(struct planning *p, const char *otherwise)
{
	const char *parent = exd_command_string(p->command, EXD_KEY_CGROUP_PARENT, otherwise);
	const char *id = exd_command_string(p->command, EXD_KEY_ID, NULL);
	int r = clean_parent(parent, &p->path);

	if (r == -EINVAL)
		return exd_error_set(p->err, EXD_ERR_CGROUP, 0,
				     "cgroup_parent '%s' must not contain '..'", parent);
	if (!id)
		return exd_error_set(p->err, EXD_ERR_INTERNAL, 0,
				     "the command has no id to name its cgroup by");
	p->parent = r == 0 ? strdup(p->path.text) : NULL;
	r = sb_addf(&p->path, "%s%s", p->path.size ? "/" : "", id);
	if (r < 0 || !p->parent)
		return exd_error_set(p->err, EXD_ERR_NO_MEMORY, ENOMEM, "cgroup of '%s'", id);
	return 0;
}

/*
 * An ordinary user makes cgroups only below one that is his: the last directory of the path that is
 * there has to be writable.
 */
static bool may_make(int root, const char *parent)
{
	cleanup_free char *path = strdup(parent);
	char *cut;

	if (!path || geteuid() == 0)
		return true;
	while (*path && faccessat(root, path, F_OK, AT_EACCESS) < 0 && errno == ENOENT) {
		cut = strrchr(path, '/');
		*(cut ? cut : path) = '\0';
	}
	return faccessat(root, *path ? path : ".", W_OK, AT_EACCESS) == 0;
}

static void refuse_foreign(struct planning *p, const struct cgroup_hierarchy *h)
{
	(void)snprintf(p->foreign, sizeof(p->foreign),
		       "user %u may make no cgroup below '/%s': run as root, or name one that is "
		       "delegated to this user (cgroup_parent)",
		       geteuid(), p->parent);
	native_limits_refuse(&p->limits, h, p->foreign);
}

/* The roots of all hierarchies that can be used, as slots. */
static int lend_roots(struct planning *p)
{
	for (size_t i = 0; i < p->layout->count; i++) {
		const struct cgroup_hierarchy *h = &p->layout->list[i];
		struct native_cgroup *cgroup = &p->cgroups->list[p->cgroups->count];

		if (h->readonly)
			continue;
		if (h->fd >= 0 && !may_make(h->fd, p->parent)) {
			refuse_foreign(p, h);
			continue;
		}
		*cgroup = (struct native_cgroup){.hierarchy = h, .join = -1};
		if (h->fd < 0)
			return exd_error_set(p->err, EXD_ERR_CGROUP, -h->fd,
					     "the cgroup hierarchy at '%s' could not be opened "
					     "when the driver was",
					     h->mount);
		cgroup->root = exd_plan_fd_lend(p->plan, h->fd);
		cgroup->leaf = exd_plan_slot(p->plan);
		p->cgroups->count++;
	}
	return 0;
}

static const struct native_cgroup *find(const struct native_cgroups *cgroups,
					const char *controller)
{
	for (size_t i = 0; i < cgroups->count; i++) {
		const struct cgroup_hierarchy *h = cgroups->list[i].hierarchy;

		if (*controller ? cgroup_list_has(h->controllers, controller) : h->version == 2)
			return &cgroups->list[i];
	}
	return NULL;
}

/* Without swap accounting a limit of memory is still one, a limit of swap is none. */
static void check_swap(struct planning *p)
{
	const struct native_cgroup *memory = find(p->cgroups, "memory");

	if (memory)
		native_limits_check_swap(&p->limits, memory->hierarchy->version,
					 memory->hierarchy->fd, p->parent);
}

/* Only a cgroup that is there tells which schedulers have weights; v2's root has none. */
static void check_weight(struct planning *p)
{
	const char *controller = native_limits_use(&p->limits, "io") ? "io" : "blkio";
	const struct native_cgroup *io = find(p->cgroups, controller);
	cleanup_close int dir = FD_NONE;

	if (!io || !native_limits_use(&p->limits, controller))
		return;
	if (io->hierarchy->version == 2 && *p->parent)
		dir = openat(io->hierarchy->fd, p->parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	native_limits_check_weight(&p->limits, io->hierarchy->version,
				   io->hierarchy->version == 1 ? io->hierarchy->fd : dir);
}

/* Whether the host has less than is asked for; `whole` is what it has. */
static bool cpuset_lacks(const struct native_cgroup *cpuset, const struct native_limit *limit,
			 char *whole, size_t size)
{
	char file[32];

	if (strcmp(limit->controller, "cpuset") != 0)
		return false;
	(void)snprintf(file, sizeof(file), "%s%s", native_limit_file(limit),
		       cpuset->hierarchy->version == 2 ? ".effective" : "");
	if (read_file_at(cpuset->hierarchy->fd, file, whole, size) < 0)
		return false;
	whole[strcspn(whole, "\n")] = '\0';
	return !native_cpuset_within(limit->text, whole);
}

/* The kernel would only say EINVAL or ERANGE. Parents with less than the root are left to it. */
static int check_cpuset(struct planning *p)
{
	const struct native_cgroup *cpuset = find(p->cgroups, "cpuset");
	char whole[CPUSET_SIZE];
	size_t kept = 0;

	for (size_t i = 0; i < p->limits.count; i++) {
		struct native_limit *limit = &p->limits.list[i];

		if (!cpuset || !cpuset_lacks(cpuset, limit, whole, sizeof(whole)))
			p->limits.list[kept++] = *limit;
		else if (exd_command_bool(p->command, EXD_KEY_BEST_EFFORT))
			exd_plan_warn(p->plan,
				      "%s '%s' is not set: controller cpuset of this host has "
				      "only '%s'",
				      limit->key, limit->text, whole);
		else
			return exd_error_set(
				p->err, EXD_ERR_CGROUP, 0,
				"%s '%s': controller cpuset of this host has only '%s'", limit->key,
				limit->text, whole);
	}
	p->limits.count = kept;
	return 0;
}

static void check_v2(struct planning *p)
{
	const struct native_cgroup *v2 = find(p->cgroups, "");
	char busy[REASON_SIZE / 2];

	if (!v2)
		return;
	cgroup_enable_list(v2->hierarchy, &p->limits, p->enable);
	if (!cgroup_enable_blocked(v2->hierarchy->fd, p->parent, p->enable, busy, sizeof(busy)))
		return;
	(void)snprintf(p->reason, sizeof(p->reason),
		       "cgroup '%s' holds processes, and so hands down no controllers: "
		       "move them into a cgroup below it, or choose another cgroup_parent",
		       busy);
	native_limits_refuse(&p->limits, v2->hierarchy, p->reason);
	p->enable[0] = '\0';
}

int native_limits_report(const struct cgroup_layout *layout, const struct native_limits *limits,
			 const struct exd_command *command, struct exd_plan *plan,
			 struct exd_error *err)
{
	char text[REASON_SIZE];

	for (size_t i = 0; i < limits->refused_count; i++) {
		const struct native_refusal *refused = &limits->refused[i];
		const char *reason = refused->reason;

		if (!reason) {
			cgroup_missing(layout, refused->controller, text, sizeof(text));
			reason = text;
		}
		if (!exd_command_bool(command, EXD_KEY_BEST_EFFORT))
			return exd_error_set(err, EXD_ERR_CGROUP, 0,
					     "%s cannot be set, cgroup controller %s: %s",
					     refused->key, refused->controller, reason);
		exd_plan_warn(plan, "%s is not set, cgroup controller %s: %s", refused->key,
			      refused->controller, reason);
	}
	return 0;
}

/* The record's list of a v2 cgroup begins with an empty word: ",memory,pids,cpu". */
static void note_v2(struct planning *p, const struct native_cgroup *cgroup)
{
	char list[CGROUP_ENABLE_SIZE + 1] = ",";
	size_t used = 0;

	for (const char *at = p->enable; *at; at++)
		if (*at != ' ')
			list[used++] = *at == '+' ? ',' : *at;
	list[used] = '\0';
	(void)exd_plan_cgroup(p->plan, list, cgroup->hierarchy->mount, p->path.text);
}

/* Whether anything but the file it is joined by is needed of a v1 cgroup. */
static bool is_used(const struct planning *p, const struct native_cgroup *cgroup)
{
	const struct native_cgroup *freezer = find(p->cgroups, "freezer");

	if (cgroup == find(p->cgroups, "memory") || p->cgroups->sets ||
	    (cgroup == find(p->cgroups, "devices") && !p->cgroups->privileged))
		return true;
	for (size_t i = 0; i < p->limits.count; i++)
		if (find(p->cgroups, p->limits.list[i].controller) == cgroup)
			return true;
	return !find(p->cgroups, "") && cgroup == (freezer ? freezer : p->cgroups->list) &&
	       native_ns_mode(p->command, NATIVE_NS_PID, NULL) != NATIVE_NS_OWN;
}

static void make_v1(struct planning *p, struct native_cgroup *cgroup)
{
	const struct cgroup_hierarchy *h = cgroup->hierarchy;
	bool cpuset = cgroup_list_has(h->controllers, "cpuset");

	if (is_used(p, cgroup)) {
		(void)exd_plan_cgroup_make(p->plan, cgroup->root, cgroup->leaf, p->path.text, NULL,
					   cpuset);
	} else {
		cgroup->join = cgroup->leaf;
		(void)exd_plan_cgroup_make_file(p->plan, cgroup->root, cgroup->leaf, p->path.text,
						CGROUP_JOIN_FILE, cpuset);
	}
	(void)exd_plan_cgroup(p->plan, h->controllers, h->mount, p->path.text);
}

/* The v2 one comes first: a process is born in it, and the others can be made beside its birth. */
static void plan_make(struct planning *p)
{
	const struct native_cgroup *v2 = find(p->cgroups, "");

	if (v2)
		(void)exd_plan_cgroup_make(p->plan, v2->root, v2->leaf, p->path.text, p->enable,
					   false);
	for (size_t i = 0; i < p->cgroups->count; i++) {
		struct native_cgroup *cgroup = &p->cgroups->list[i];

		if (cgroup->hierarchy->version == 2)
			note_v2(p, cgroup);
		else
			make_v1(p, cgroup);
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
		(void)exd_plan_write(p->plan, find(p->cgroups, limit->controller)->leaf,
				     native_limit_file(limit), text, strlen(text));
	}
	exd_plan_blame(p->plan, EXD_ERR_CGROUP, 0);
}

static int plan_devices(struct planning *p)
{
	const struct native_cgroup *v1 = find(p->cgroups, "devices");
	struct native_device *devices = NULL;
	size_t count = 0;
	int r;

	if (!cgroup_devices_ruled(p->layout) || p->cgroups->privileged)
		return 0;
	r = native_devices_list(p->command, &devices, &count, p->err);
	if (r < 0)
		return r;
	if (v1)
		cgroup_devices_plan_v1(p->plan, v1->leaf, devices, count);
	else
		r = cgroup_devices_plan_v2(p->plan, find(p->cgroups, "")->leaf, devices, count,
					   p->err);
	(void)native_devices_free(devices, count);
	return r;
}

static void plan_entry(struct planning *p)
{
	const struct native_cgroup *memory = find(p->cgroups, "memory");

	if (memory && (memory->hierarchy->version == 1 || strstr(p->enable, "+memory")))
		(void)exd_plan_oom_watch(p->plan, memory->leaf, memory->hierarchy->version);
	for (size_t i = 0; i < p->cgroups->count; i++) {
		struct native_cgroup *cgroup = &p->cgroups->list[i];

		if (cgroup->hierarchy->version == 2) {
			p->cgroups->birth = cgroup->leaf;
			continue;
		}
		if (cgroup->join >= 0)
			continue;
		cgroup->join = exd_plan_slot(p->plan);
		(void)exd_plan_open(p->plan, EXD_PREPARE, cgroup->leaf, cgroup->join,
				    CGROUP_JOIN_FILE, O_WRONLY);
	}
}

/* With a pid namespace of its own the kernel kills the others when init ends. */
static void plan_end(struct planning *p)
{
	const struct native_cgroup *v2 = find(p->cgroups, ""),
				   *freezer = find(p->cgroups, "freezer");

	if (native_ns_mode(p->command, NATIVE_NS_PID, NULL) != NATIVE_NS_OWN && p->cgroups->count) {
		if (v2)
			(void)exd_plan_cgroup_kill(p->plan, EXD_END, v2->leaf, -1, 2);
		else
			(void)exd_plan_cgroup_kill(p->plan, EXD_END,
						   freezer ? freezer->leaf
							   : p->cgroups->list[0].leaf,
						   freezer ? freezer->leaf : -1, 1);
	}
	for (size_t i = 0; i < p->cgroups->count; i++) {
		const struct native_cgroup *cgroup = &p->cgroups->list[i];

		(void)exd_plan_cgroup_remove(p->plan, cgroup->root, cgroup->leaf, p->path.text);
	}
}

/* Clones of the directories for each cgroup mount, one detached mount for each place. */
static int plan_trees(struct planning *p)
{
	size_t mounts = exd_command_count(p->command, EXD_KEY_MOUNTS), sets = 0;
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	for (size_t i = 0; i < mounts; i++)
		sets += exd_command_mount(p->command, i, &mount) && mount.type == EXD_MOUNT_CGROUP;
	if (!sets || native_ns_mode(p->command, NATIVE_NS_MNT, NULL) != NATIVE_NS_OWN)
		return 0;
	p->cgroups->trees = calloc(sets * p->cgroups->count + 1, sizeof(*p->cgroups->trees));
	if (!p->cgroups->trees)
		return exd_error_set(p->err, EXD_ERR_NO_MEMORY, ENOMEM, "cgroup mounts");
	p->cgroups->sets = sets;
	for (size_t i = 0; i < sets * p->cgroups->count; i++)
		p->cgroups->trees[i] = exd_plan_slot(p->plan);
	return 0;
}

static int plan_all(struct planning *p, const char *parent)
{
	int r = find_path(p, parent);

	if (r == 0)
		r = native_limits_read(p->command, p->layout, NULL, &p->limits, p->err);
	if (r == 0)
		r = lend_roots(p);
	if (r < 0)
		return r;
	check_swap(p);
	check_weight(p);
	check_v2(p);
	r = native_limits_report(p->layout, &p->limits, p->command, p->plan, p->err);
	if (r == 0)
		r = check_cpuset(p);
	if (r < 0)
		return r;
	r = plan_trees(p);
	if (r < 0)
		return r;
	exd_plan_blame(p->plan, EXD_ERR_CGROUP, 0);
	plan_make(p);
	plan_limits(p);
	r = plan_devices(p);
	if (r < 0)
		return r;
	plan_entry(p);
	plan_end(p);
	return exd_plan_error(p->plan, p->err);
}

int native_cgroups_plan(const struct native *self, const struct exd_command *command,
			struct exd_plan *plan, struct native_cgroups **out, struct exd_error *err)
{
	struct planning p = {.layout = self->layout, .command = command, .plan = plan, .err = err};
	int r;

	p.cgroups = calloc(1, sizeof(*p.cgroups));
	if (!p.cgroups)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cgroups");
	p.cgroups->birth = -1;
	p.cgroups->privileged = exd_command_bool(command, EXD_KEY_PRIVILEGED);
	r = plan_all(&p, self->cgroup_parent);
	free(p.parent);
	sb_free(&p.path);
	if (r < 0)
		(void)native_cgroups_free(p.cgroups);
	else
		*out = p.cgroups;
	return r;
}
