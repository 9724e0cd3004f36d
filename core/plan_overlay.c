/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builder calls for an overlay whose upper directory lives and dies with the container. */
#include "core/plan.h"

int exd_plan_scratch(struct exd_plan *plan, int upper_slot, int work_slot)
{
	struct wire_step *step = step_add(plan, EXD_PREPARE, WIRE_SCRATCH);

	step_slot(plan, step, 1, upper_slot);
	step_slot(plan, step, 2, work_slot);
	return plan->result;
}

int exd_plan_overlay(struct exd_plan *plan, const int *lower_slots, size_t count, int out_slot,
		     const int scratch_slots[2], uint64_t mount_attr)
{
	struct wire_step *step;

	if (count == 0 || count > WIRE_LAYERS_MAX)
		return plan_fail(plan, EXD_ERR_ROOTFS, E2BIG,
				 "an overlay takes from 1 to %u lower directories", WIRE_LAYERS_MAX);
	for (size_t i = 0; i < count; i++)
		step_slot(plan, step_add(plan, EXD_CHILD, WIRE_LAYER), 0, lower_slots[i]);
	step = step_add(plan, EXD_CHILD, WIRE_OVERLAY);
	step_slot(plan, step, 1, out_slot);
	step_slot(plan, step, 2, scratch_slots[0]);
	step_slot(plan, step, 3, scratch_slots[1]);
	step->num[0] = mount_attr;
	return plan->result;
}
