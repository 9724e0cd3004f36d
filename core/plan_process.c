/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builder calls for how a process is scheduled, what kernel it sees, and which files it may touch. */
#include "core/plan.h"

#include <errno.h>
#include <string.h>

#include "base/scheduling.h"
#include "base/strutil.h"

static struct wire_step *child(struct exd_plan *plan, enum wire_op op, const char *text)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, op);

	step_string(plan, step, 0, text);
	return step;
}

int exd_plan_scheduler(struct exd_plan *plan, const char *text)
{
	struct wire_step *step = child(plan, WIRE_SCHEDULER, text);
	struct scheduling attr;

	if (plan->result == 0 && scheduling_parse(text, &attr) < 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "'%s' is not a way to be scheduled",
				 text);
	if (plan->result == 0)
		step_numbers(plan, step, 1, &attr, sizeof(attr));
	return plan->result;
}

int exd_plan_nice(struct exd_plan *plan, int nice)
{
	step_add(plan, EXD_CHILD, WIRE_NICE)->num[0] = (uint64_t)(int64_t)nice;
	return plan->result;
}

int exd_plan_ioprio(struct exd_plan *plan, const char *text)
{
	struct wire_step *step = child(plan, WIRE_IOPRIO, text);
	int value = text ? scheduling_ioprio(text) : -EINVAL;

	if (plan->result == 0 && value < 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "'%s' is not an I/O priority", text);
	step->num[0] = (uint64_t)(unsigned int)value;
	return plan->result;
}

int exd_plan_affinity(struct exd_plan *plan, const char *cpus)
{
	struct wire_step *step = child(plan, WIRE_AFFINITY, cpus);
	uint64_t mask[SCHEDULING_CPUS / 64];
	size_t used;

	if (plan->result == 0 && scheduling_cpus(cpus, strlen(cpus), mask, &used) < 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "'%s' is not a list of cpus", cpus);
	if (plan->result == 0)
		step_numbers(plan, step, 1, mask, used);
	return plan->result;
}

int exd_plan_personality(struct exd_plan *plan, const char *name, uint32_t persona)
{
	child(plan, WIRE_PERSONALITY, name)->num[0] = persona;
	return plan->result;
}

int exd_plan_connect(struct exd_plan *plan, int out_slot, const char *path)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_CONNECT);

	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, path);
	return plan->result;
}

int exd_plan_seccomp_notify(struct exd_plan *plan, const void *filter, size_t size, uint32_t flags,
			    int socket_slot, const char *const *pieces)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, WIRE_SECCOMP_NOTIFY);
	cleanup_strbuf struct strbuf list = {0};

	for (; pieces && *pieces; pieces++)
		sb_add_bytes(&list, *pieces, strlen(*pieces) + 1);
	if (list.error)
		return plan_fail(plan, EXD_ERR_NO_MEMORY, ENOMEM, "cannot build the plan");
	if (size == 0 || size % 8 != 0 || list.size == 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0,
				 "a seccomp filter of %zu bytes that notifies", size);
	step_slot(plan, step, 0, socket_slot);
	step_numbers(plan, step, 0, filter, size);
	step_array(plan, step, 1, list.text, list.size);
	step->num[0] = flags;
	return plan->result;
}

int exd_plan_landlock(struct exd_plan *plan, const char *const *rules, uint64_t handled,
		      uint64_t read_only)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, WIRE_LANDLOCK);
	cleanup_strbuf struct strbuf list = {0};

	for (; rules && *rules; rules++)
		sb_add_bytes(&list, *rules, strlen(*rules) + 1);
	if (list.error)
		return plan_fail(plan, EXD_ERR_NO_MEMORY, ENOMEM, "cannot build the plan");
	if (list.size == 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "Landlock without rules");
	step_array(plan, step, 0, list.text, list.size);
	step->num[0] = handled;
	step->num[1] = read_only;
	return plan->result;
}
