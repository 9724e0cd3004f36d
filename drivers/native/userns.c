/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User namespaces: what the keys say, and the steps into one. */
#include "drivers/native/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/mounts.h"
#include "drivers/native/native.h"
#include "drivers/native/process.h"

#define UID_HELPER "/usr/bin/newuidmap"
#define GID_HELPER "/usr/bin/newgidmap"

static int read_mode(const struct exd_command *command, bool rootless, struct exd_error *err)
{
	const char *spec =
		exd_command_string(command, EXD_KEY_USER_NAMESPACE, rootless ? "private" : "host");
	bool maps = exd_command_count(command, EXD_KEY_UID_MAP) ||
		    exd_command_count(command, EXD_KEY_GID_MAP);

	if (strcmp(spec, "private") == 0)
		return NATIVE_NS_OWN;
	if (maps)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "uid_map and gid_map need a user namespace of its own "
				     "(user_namespace = private)");
	if (strcmp(spec, "host") != 0)
		return NATIVE_NS_JOIN;
	if (rootless)
		return exd_error_set(err, EXD_ERR_NAMESPACE, EPERM,
				     "user_namespace 'host' takes root: an ordinary user has only "
				     "one of its own");
	return NATIVE_NS_HOST;
}

/* One id for which nobody is asked: the caller's own. */
static bool is_own(const char *map, uint32_t own)
{
	uint32_t inside, outside, count;
	int n = 0;

	return sscanf(map, "%" SCNu32 " %" SCNu32 " %" SCNu32 "\n%n", &inside, &outside, &count,
		      &n) == 3 &&
	       map[n] == '\0' && outside == own && count == 1;
}

static int read_keys(const struct exd_command *command, struct native_userns *userns,
		     struct exd_error *err)
{
	int r;

	if (!exd_command_count(command, EXD_KEY_UID_MAP) ||
	    !exd_command_count(command, EXD_KEY_GID_MAP))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "user_namespace private needs a uid_map and a gid_map, such "
				     "as 0:100000:65536");
	r = native_ids_of_key(command, EXD_KEY_UID_MAP, &userns->uids, err);
	return r < 0 ? r : native_ids_of_key(command, EXD_KEY_GID_MAP, &userns->gids, err);
}

/* The caller is root in there; all else that it was given follows, if somebody can write that. */
static int read_host(struct native_userns *userns, struct exd_error *err)
{
	bool lone_uid, lone_gid;

	userns->uids = native_ids_of_host("/etc/subuid", geteuid(), &lone_uid);
	userns->gids = native_ids_of_host("/etc/subgid", getegid(), &lone_gid);
	if (!userns->uids || !userns->gids)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "map of ids");
	if (!lone_uid && !lone_gid && access(UID_HELPER, X_OK) == 0 &&
	    access(GID_HELPER, X_OK) == 0)
		return 0;
	strchr(userns->uids, '\n')[1] = '\0';
	strchr(userns->gids, '\n')[1] = '\0';
	return 0;
}

static int read_maps(const struct exd_command *command, struct native_userns *userns,
		     struct exd_error *err)
{
	bool keys = exd_command_count(command, EXD_KEY_UID_MAP) ||
		    exd_command_count(command, EXD_KEY_GID_MAP);
	int r = keys || !userns->rootless ? read_keys(command, userns, err)
					  : read_host(userns, err);

	if (r < 0)
		return r;
	userns->root_uid = native_ids_first(userns->uids);
	userns->root_gid = native_ids_first(userns->gids);
	if (!userns->rootless)
		return 0;
	userns->no_groups = is_own(userns->gids, getegid());
	userns->helpers = !userns->no_groups || !is_own(userns->uids, geteuid());
	if (userns->helpers)
		userns->no_groups = false;
	return 0;
}

int native_userns_read(const struct exd_command *command, struct native_userns *userns,
		       struct exd_error *err)
{
	int mode;

	*userns = (struct native_userns){.rootless = geteuid() != 0, .slot = -1};
	mode = read_mode(command, userns->rootless, err);
	if (mode < 0)
		return mode;
	userns->mode = mode;
	if (mode == NATIVE_NS_JOIN)
		userns->no_groups = userns->rootless;
	return mode == NATIVE_NS_OWN ? read_maps(command, userns, err) : 0;
}

void native_userns_release(struct native_userns *userns)
{
	free(userns->uids);
	free(userns->gids);
	userns->uids = userns->gids = NULL;
}

bool native_userns_has_uid(const struct native_userns *userns, uint32_t uid)
{
	return !userns->uids || native_ids_have(userns->uids, uid);
}

bool native_userns_has_gid(const struct native_userns *userns, uint32_t gid)
{
	return !userns->gids || native_ids_have(userns->gids, gid);
}

bool native_userns_has_tty(const struct native_userns *userns)
{
	return userns->gids ? native_ids_have(userns->gids, NATIVE_TTY_GROUP)
			    : userns->mode != NATIVE_NS_JOIN || !userns->rootless;
}

int native_userns_check_user(const struct native_run *run)
{
	const struct native_userns *userns = &run->userns;

	if (!native_userns_has_uid(userns, run->user.uid) ||
	    !native_userns_has_gid(userns, run->user.gid))
		return exd_error_set(run->err, EXD_ERR_USER, 0,
				     "user %u, group %u is nobody in its user namespace: the maps "
				     "do not have them%s",
				     run->user.uid, run->user.gid,
				     userns->rootless ? " (ordinary users get more than one id "
							"by /etc/subuid and /etc/subgid)"
						      : "");
	if (userns->no_groups && exd_command_count(run->command, EXD_KEY_GROUPS))
		return exd_error_set(run->err, EXD_ERR_USER, EPERM,
				     "additional groups cannot be had in this user namespace: "
				     "they take a range in /etc/subgid, and newgidmap");
	return 0;
}

/*
 * Whose owner is another user namespace, its files of processes cannot be mounted in ours, and the
 * host's show others.
 */
static int check_others(const struct native_run *run)
{
	static const enum native_ns_kind kinds[] = {NATIVE_NS_PID, NATIVE_NS_MNT};
	const char *why = run->userns.mode == NATIVE_NS_OWN ? "private" : "of another container";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum native_ns_mode mode = run->ns[kinds[i]].mode;
		bool host = kinds[i] == NATIVE_NS_PID && mode == NATIVE_NS_HOST;

		if (mode == NATIVE_NS_OWN || host ||
		    (run->userns.mode == NATIVE_NS_JOIN && mode == NATIVE_NS_JOIN))
			continue;
		return exd_error_set(run->err, EXD_ERR_KEY, 0,
				     "with user_namespace %s the %s namespace cannot be that of "
				     "others: join both of a container, or make it private",
				     why, native_ns_name(kinds[i]));
	}
	return 0;
}

int native_userns_make(struct native_run *run)
{
	struct native_userns *userns = &run->userns;
	uint32_t flags = (userns->helpers ? EXD_USERNS_HELPERS : 0) |
			 (userns->no_groups ? EXD_USERNS_NO_SETGROUPS : 0);
	int r = userns->mode == NATIVE_NS_HOST ? 0 : check_others(run);

	if (r < 0 || userns->mode == NATIVE_NS_HOST)
		return r;
	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	if (userns->mode == NATIVE_NS_JOIN) {
		userns->slot = exd_plan_namespace(
			run->plan, exd_command_string(run->command, EXD_KEY_USER_NAMESPACE, ""),
			"user");
		return exd_plan_error(run->plan, run->err);
	}
	userns->slot = exd_plan_slot(run->plan);
	return exd_plan_userns(run->plan, userns->slot, userns->uids, userns->gids, flags) < 0
		       ? exd_plan_error(run->plan, run->err)
		       : 0;
}

/* Only upwards: lower limits could stop a later step, and come last. */
static void raise_limits(struct native_run *run)
{
	size_t count = exd_command_count(run->command, EXD_KEY_RLIMITS);
	struct rlimit own;

	exd_plan_blame(run->plan, EXD_ERR_RLIMIT, 0);
	for (size_t i = 0; i < count; i++) {
		struct exd_rlimit limit = {.struct_size = sizeof(limit)};

		if (exd_command_rlimit(run->command, i, &limit) &&
		    getrlimit(limit.resource, &own) == 0 && limit.hard > own.rlim_max)
			(void)exd_plan_rlimit(run->plan, limit.resource, limit.hard, limit.hard);
	}
}

int native_userns_score(const struct exd_command *command, struct exd_plan *plan,
			struct exd_error *err)
{
	char value[24];
	int fd, slot;

	if (!exd_command_is_set(command, EXD_KEY_OOM_SCORE_ADJ))
		return 0;
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_HOST, errno, "cannot open '/proc'");
	slot = exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
	(void)snprintf(value, sizeof(value), "%" PRId64,
		       exd_command_number(command, EXD_KEY_OOM_SCORE_ADJ, 0));
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	return exd_plan_proc_write(plan, slot, "oom_score_adj", value) < 0
		       ? exd_plan_error(plan, err)
		       : 0;
}

int native_userns_raise(struct native_run *run)
{
	if (run->userns.mode == NATIVE_NS_HOST)
		return 0;
	raise_limits(run);
	return native_userns_score(run->command, run->plan, run->err);
}

/*
 * Additional groups of root go while they may for certain. Who was nobody of the namespace is its
 * root from here on: what is made in it needs an owner.
 */
void native_userns_join(const struct native_userns *userns, struct exd_plan *plan)
{
	exd_plan_blame(plan, EXD_ERR_NAMESPACE, 0);
	if (!userns->rootless)
		(void)exd_plan_groups(plan, NULL, 0);
	(void)exd_plan_setns(plan, userns->slot, CLONE_NEWUSER);
	(void)exd_plan_ids(plan, userns->root_uid, userns->root_gid);
}

void native_userns_enter(struct native_run *run)
{
	if (run->userns.mode == NATIVE_NS_HOST)
		return;
	if (run->userns.rootless && run->userns.mode == NATIVE_NS_JOIN)
		(void)exd_plan_nondumpable(run->plan);
	native_userns_join(&run->userns, run->plan);
	/* what an ordinary user may join is of that user namespace */
	if (run->userns.rootless)
		native_ns_join(run->ns, true, run->plan);
	exd_plan_blame(run->plan, EXD_ERR_NAMESPACE, 0);
	(void)exd_plan_rebirth(run->plan, native_ns_birth_flags(run->ns));
}

void native_userns_note(const struct native_run *run)
{
	static const char *const modes[] = {
		[NATIVE_NS_OWN] = "own", [NATIVE_NS_HOST] = "host", [NATIVE_NS_JOIN] = "joined"};
	const struct native_userns *userns = &run->userns;
	char text[32];

	if (userns->mode == NATIVE_NS_HOST)
		return;
	(void)exd_plan_note(run->plan, "user_namespace", modes[userns->mode]);
	(void)snprintf(text, sizeof(text), "%u:%u", userns->root_uid, userns->root_gid);
	(void)exd_plan_note(run->plan, "userns_root", text);
	(void)exd_plan_note(run->plan, "setgroups", userns->no_groups ? "deny" : "allow");
	(void)exd_plan_note(run->plan, "tty_group", native_userns_has_tty(userns) ? "yes" : "no");
}

int native_userns_of_record(struct exd_record *record, struct exd_plan *plan,
			    struct native_userns *userns, struct exd_error *err)
{
	const char *mode = exd_record_note(record, "user_namespace");
	const char *root = exd_record_note(record, "userns_root");
	const char *groups = exd_record_note(record, "setgroups");
	int fd;

	*userns = (struct native_userns){
		.mode = NATIVE_NS_HOST, .rootless = geteuid() != 0, .slot = -1};
	if (!mode)
		return 0;
	userns->mode = NATIVE_NS_JOIN;
	if (root)
		(void)sscanf(root, "%" SCNu32 ":%" SCNu32, &userns->root_uid, &userns->root_gid);
	userns->no_groups = groups && strcmp(groups, "deny") == 0;
	fd = exd_record_namespace(record, "user", err);
	if (fd < 0)
		return fd;
	userns->slot = exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
	return 0;
}
