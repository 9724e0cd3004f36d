/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builder call for a time namespace. */
#include "core/plan.h"

int exd_plan_time(struct exd_plan *plan, int proc_slot, const char *offsets)
{
	struct wire_step *step = step_add(plan, EXD_CHILD, WIRE_TIME);

	step_slot(plan, step, 0, proc_slot);
	if (offsets)
		step_string(plan, step, 0, offsets);
	return plan->result;
}
