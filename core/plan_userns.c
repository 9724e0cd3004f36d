/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builder calls for user namespaces: made, entered by being born again, and mapped on mounts. */
#include "core/plan.h"

#include <sched.h>

#define BIRTH_FLAGS \
	(CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */)

_Static_assert((int)EXD_USERNS_HELPERS == (int)WIRE_USERNS_HELPERS &&
		       (int)EXD_USERNS_NO_SETGROUPS == (int)WIRE_USERNS_NO_SETGROUPS,
	       "drivers and monitor speak of the same flags");

int exd_plan_userns(struct exd_plan *plan, int out_slot, const char *uid_map, const char *gid_map,
		    uint32_t flags)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, WIRE_USERNS);

	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, uid_map);
	step_string(plan, step, 1, gid_map);
	step->num[0] = flags;
	return plan->result;
}

int exd_plan_rebirth(struct exd_plan *plan, uint64_t clone_flags)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, WIRE_REBIRTH);

	if (clone_flags & ~(uint64_t)BIRTH_FLAGS)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "a process cannot be born again with flags 0x%llx",
				 (unsigned long long)clone_flags);
	step->num[0] = clone_flags;
	return plan->result;
}

int exd_plan_idmap(struct exd_plan *plan, int slot, int userns_slot, const char *what,
		   bool recursive)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, WIRE_IDMAP);

	step_slot(plan, step, 0, slot);
	step_slot(plan, step, 1, userns_slot);
	step_string(plan, step, 0, what);
	step->num[0] = recursive;
	return plan->result;
}
