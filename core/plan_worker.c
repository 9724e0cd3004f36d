/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last child step of drivers whose container is started by a program of theirs. */
#include "core/plan.h"

#include <sched.h>
#include <string.h>

#include "base/strutil.h"

static bool has_step(const struct exd_plan *plan, enum wire_op op)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].wire.op == op)
			return true;
	return false;
}

static int check(struct exd_plan *plan, const char *const *argv, size_t count, uint32_t flags)
{
	if (!argv || !argv[0] || argv[0][0] != '/')
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "the driver's worker has no absolute path");
	if (flags & ~(uint32_t)EXD_WORKER_REMOTE)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "flags 0x%x of a worker", flags);
	if (count > WIRE_SLOTS_MAX)
		return plan_fail(plan, EXD_ERR_INTERNAL, E2BIG, "a worker with %zu descriptors",
				 count);
	if (has_step(plan, WIRE_PARK) || has_step(plan, WIRE_INIT) ||
	    has_step(plan, WIRE_TTY_OPEN))
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "a step of the plan that the driver's worker does itself");
	if (plan->clone_flags & CLONE_NEWPID || plan->pidns_slot >= 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "a worker cannot be born in another pid namespace");
	return 0;
}

/* What its contract promises, unless the driver has seen to it. */
static void add_surroundings(struct exd_plan *plan)
{
	if (!has_step(plan, WIRE_SETSID))
		(void)exd_plan_setsid(plan);
	if (!has_step(plan, WIRE_STDIO) && plan->stdio_slot[0] >= 0)
		(void)exd_plan_stdio(plan, plan->stdio_slot[0], plan->stdio_slot[1],
				     plan->stdio_slot[2]);
}

static uint64_t wire_flags(const struct exd_plan *plan, uint32_t flags)
{
	return (flags & EXD_WORKER_REMOTE ? WIRE_WORKER_REMOTE : 0) |
	       (plan->wants_park ? WIRE_WORKER_PARK : 0) |
	       (plan->stdio_slot[0] < 0 ? WIRE_WORKER_TTY : 0);
}

static uint64_t add_list(struct exd_plan *plan, struct wire_step *step, int index,
			 const char *const *texts)
{
	cleanup_strbuf struct strbuf list = {0};
	uint64_t count = 0;

	for (; texts && texts[count] && list.size <= WIRE_PLAN_MAX; count++)
		sb_add_bytes(&list, texts[count], strlen(texts[count]) + 1);
	if (list.error)
		(void)plan_fail(plan, EXD_ERR_NO_MEMORY, ENOMEM, "cannot build the plan");
	else
		step_array(plan, step, index, list.text, list.size);
	return count;
}

int exd_plan_worker(struct exd_plan *plan, const char *const *argv, const char *const *envp,
		    const int *slots, size_t count, uint32_t flags)
{
	struct wire_step *step;

	if (plan->result < 0 || check(plan, argv, count, flags) < 0)
		return plan->result;
	add_surroundings(plan);
	for (size_t i = 0; i < count; i++)
		step_slot(plan, step_add(plan, EXD_CHILD, WIRE_LEND), 0, slots[i]);
	step = step_add(plan, EXD_CHILD, WIRE_WORKER);
	step->flags = 0;
	step_string(plan, step, 0, argv[0]);
	step->num[0] = add_list(plan, step, 1, argv);
	step->num[1] = add_list(plan, step, 2, envp);
	step->num[2] = wire_flags(plan, flags);
	plan->complete = plan->result == 0;
	return plan->result;
}
