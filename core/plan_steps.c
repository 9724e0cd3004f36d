/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builder calls for prepare, process, namespaces, end and cleanup: one step each. */
#include "core/plan.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

#define BIRTH_FLAGS \
	(CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */)

int exd_plan_birth(struct exd_plan *plan, uint64_t clone_flags, int pidns_slot, int cgroup_slot)
{
	const int slots[2] = {pidns_slot, cgroup_slot};

	if (plan->result < 0)
		return plan->result;
	if (clone_flags & ~(uint64_t)BIRTH_FLAGS)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "a process cannot be born with flags 0x%llx",
				 (unsigned long long)clone_flags);
	for (int i = 0; i < 2; i++)
		if (slots[i] < -1 || slots[i] >= (int)plan->slot_count)
			return plan_fail(plan, EXD_ERR_INTERNAL, 0,
					 "birth: the plan has no slot %d", slots[i]);
	plan->clone_flags = clone_flags;
	plan->pidns_slot = pidns_slot;
	plan->cgroup_slot = cgroup_slot;
	return 0;
}

/* ---- prepare --------------------------------------------------------------------------------- */

int exd_plan_cgroup_make(struct exd_plan *plan, int root_slot, int out_slot, const char *path,
			 const char *enable, bool cpuset)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_CGROUP_MAKE);

	step_slot(plan, step, 0, root_slot);
	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, path);
	if (enable && enable[0])
		step_string(plan, step, 1, enable);
	step->num[0] = cpuset;
	return plan->result;
}

int exd_plan_cgroup_make_file(struct exd_plan *plan, int root_slot, int out_slot, const char *path,
			      const char *file, bool cpuset)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_CGROUP_MAKE);

	step_slot(plan, step, 0, root_slot);
	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, path);
	step_string(plan, step, 2, file);
	step->num[0] = cpuset;
	return plan->result;
}

int exd_plan_write(struct exd_plan *plan, int dir_slot, const char *file, const void *bytes,
		   size_t size)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_WRITE);

	step_slot(plan, step, 0, dir_slot);
	step_string(plan, step, 0, file);
	step_bytes(plan, step, 1, bytes, size);
	return plan->result;
}

int exd_plan_open(struct exd_plan *plan, enum exd_plan_phase phase, int dir_slot, int out_slot,
		  const char *path, int flags)
{
	struct wire_step *step = step_add(plan, phase, WIRE_OPEN);

	step_slot_or_none(plan, step, 0, dir_slot);
	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, path);
	if (dir_slot == -1 && path && path[0] != '/')
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "'%s' is to be opened without a directory", path);
	step->num[0] = (uint64_t)(unsigned int)flags;
	return plan->result;
}

int exd_plan_oom_watch(struct exd_plan *plan, int memory_slot, int version)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_OOM_WATCH);

	step_slot(plan, step, 0, memory_slot);
	step->num[0] = (uint64_t)version;
	return plan->result;
}

int exd_plan_devices(struct exd_plan *plan, int leaf_slot, const void *program, size_t size,
		     const char *words)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_DEVICES);

	if (size == 0 || size % 8 != 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "a program of %zu bytes", size);
	step_slot(plan, step, 0, leaf_slot);
	step_string(plan, step, 0, words);
	step_numbers(plan, step, 1, program, size);
	return plan->result;
}

/* ---- child: process and namespaces ----------------------------------------------------------- */

static struct wire_step *child(struct exd_plan *plan, enum wire_op op)
{
	return step_add(plan, EXD_CHILD, op);
}

int exd_plan_cgroup_join(struct exd_plan *plan, int procs_slot)
{
	step_slot(plan, child(plan, WIRE_CGROUP_JOIN), 0, procs_slot);
	return plan->result;
}

int exd_plan_setns(struct exd_plan *plan, int slot, int type)
{
	struct wire_step *step = child(plan, WIRE_SETNS);

	step_slot(plan, step, 0, slot);
	step->num[0] = (uint64_t)(unsigned int)type;
	return plan->result;
}

int exd_plan_unshare(struct exd_plan *plan, uint64_t flags)
{
	child(plan, WIRE_UNSHARE)->num[0] = flags;
	return plan->result;
}

int exd_plan_setsid(struct exd_plan *plan)
{
	child(plan, WIRE_SETSID);
	return plan->result;
}

int exd_plan_nondumpable(struct exd_plan *plan)
{
	child(plan, WIRE_NONDUMPABLE);
	return plan->result;
}

int exd_plan_keyring(struct exd_plan *plan)
{
	child(plan, WIRE_KEYRING);
	return plan->result;
}

int exd_plan_stdio(struct exd_plan *plan, int in_slot, int out_slot, int err_slot)
{
	struct wire_step *step = child(plan, WIRE_STDIO);

	step_slot(plan, step, 0, in_slot);
	step_slot(plan, step, 1, out_slot);
	step_slot(plan, step, 2, err_slot);
	return plan->result;
}

int exd_plan_ctty(struct exd_plan *plan)
{
	child(plan, WIRE_CTTY);
	return plan->result;
}

int exd_plan_tty_open(struct exd_plan *plan, int root_slot, const char *devpts, int out_slot,
		      uint32_t uid, uint32_t gid)
{
	struct wire_step *step = child(plan, WIRE_TTY_OPEN);

	step_slot(plan, step, 0, root_slot);
	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, devpts);
	step->num[0] = plan->tty_size;
	step->num[1] = uid;
	step->num[2] = gid;
	return plan->result;
}

int exd_plan_hostname(struct exd_plan *plan, const char *name)
{
	step_string(plan, child(plan, WIRE_HOSTNAME), 0, name);
	return plan->result;
}

int exd_plan_domainname(struct exd_plan *plan, const char *name)
{
	step_string(plan, child(plan, WIRE_DOMAINNAME), 0, name);
	return plan->result;
}

int exd_plan_loopback_up(struct exd_plan *plan)
{
	child(plan, WIRE_LOOPBACK_UP);
	return plan->result;
}

int exd_plan_park(struct exd_plan *plan)
{
	child(plan, WIRE_PARK);
	return plan->result;
}

/* ---- child: the process itself --------------------------------------------------------------- */

static const char *const resources[] = {
	[RLIMIT_AS] = "as",
	[RLIMIT_CORE] = "core",
	[RLIMIT_CPU] = "cpu",
	[RLIMIT_DATA] = "data",
	[RLIMIT_FSIZE] = "fsize",
	[RLIMIT_LOCKS] = "locks",
	[RLIMIT_MEMLOCK] = "memlock",
	[RLIMIT_MSGQUEUE] = "msgqueue",
	[RLIMIT_NICE] = "nice",
	[RLIMIT_NOFILE] = "nofile",
	[RLIMIT_NPROC] = "nproc",
	[RLIMIT_RSS] = "rss",
	[RLIMIT_RTPRIO] = "rtprio",
	[RLIMIT_RTTIME] = "rttime",
	[RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_STACK] = "stack",
};

int exd_plan_rlimit(struct exd_plan *plan, int resource, uint64_t soft, uint64_t hard)
{
	struct wire_step *step = child(plan, WIRE_RLIMIT);
	unsigned int index = (unsigned int)resource;

	if (index < sizeof(resources) / sizeof(resources[0]))
		step_string(plan, step, 0, resources[index]);
	step->num[0] = index;
	step->num[1] = soft;
	step->num[2] = hard;
	return plan->result;
}

int exd_plan_umask(struct exd_plan *plan, mode_t mask)
{
	child(plan, WIRE_UMASK)->num[0] = mask;
	return plan->result;
}

int exd_plan_chdir(struct exd_plan *plan, const char *path, bool make)
{
	struct wire_step *step = child(plan, WIRE_CHDIR);

	step_string(plan, step, 0, path);
	step->num[0] = make;
	return plan->result;
}

int exd_plan_groups(struct exd_plan *plan, const uint32_t *gids, size_t count)
{
	struct wire_step *step = child(plan, WIRE_GROUPS);

	if (count > WIRE_PLAN_MAX / sizeof(*gids))
		return plan_fail(plan, EXD_ERR_USER, E2BIG, "too many additional groups");
	step_numbers(plan, step, 0, gids, count * sizeof(*gids));
	return plan->result;
}

int exd_plan_ids(struct exd_plan *plan, uint32_t uid, uint32_t gid)
{
	struct wire_step *step = child(plan, WIRE_IDS);

	step->num[0] = uid;
	step->num[1] = gid;
	return plan->result;
}

int exd_plan_bounding(struct exd_plan *plan, uint64_t keep)
{
	child(plan, WIRE_BOUNDING)->num[0] = keep;
	return plan->result;
}

int exd_plan_caps(struct exd_plan *plan, uint64_t effective, uint64_t permitted,
		  uint64_t inheritable, uint64_t ambient)
{
	struct wire_step *step = child(plan, WIRE_CAPS);

	step->num[0] = effective;
	step->num[1] = permitted;
	step->num[2] = inheritable;
	step->num[3] = ambient;
	return plan->result;
}

int exd_plan_no_new_privs(struct exd_plan *plan)
{
	child(plan, WIRE_NO_NEW_PRIVS);
	return plan->result;
}

int exd_plan_seccomp(struct exd_plan *plan, const void *filter, size_t size, uint32_t flags)
{
	struct wire_step *step = child(plan, WIRE_SECCOMP);

	if (size == 0 || size % 8 != 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "a seccomp filter of %zu bytes", size);
	step_numbers(plan, step, 0, filter, size);
	step->num[0] = flags;
	return plan->result;
}

int exd_plan_init(struct exd_plan *plan)
{
	child(plan, WIRE_INIT);
	return plan->result;
}

/* ---- end and cleanup ------------------------------------------------------------------------- */

int exd_plan_cgroup_kill(struct exd_plan *plan, enum exd_plan_phase phase, int dir_slot,
			 int freezer_slot, int version)
{
	struct wire_step *step = step_add(plan, phase, WIRE_CGROUP_KILL);

	step_slot(plan, step, 0, dir_slot);
	step_slot_or_none(plan, step, 1, freezer_slot);
	step->num[0] = (uint64_t)version;
	return plan->result;
}

int exd_plan_cgroup_remove(struct exd_plan *plan, int root_slot, int dir_slot, const char *path)
{
	struct wire_step *step = step_add(plan, EXD_CLEANUP, WIRE_CGROUP_REMOVE);

	step_slot(plan, step, 0, root_slot);
	step_slot(plan, step, 1, dir_slot);
	step_string(plan, step, 0, path);
	return plan->result;
}
