/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which part of a plan can be done before it is known for whom. */
#include "core/plan.h"

#include <errno.h>

int exd_plan_warm(struct exd_plan *plan, unsigned int count)
{
	uint16_t steps = 0;

	if (plan->result < 0)
		return plan->result;
	if (count > WIRE_WARM_MAX)
		return plan_fail(plan, EXD_ERR_INVALID, ERANGE,
				 "%u boxes are to be kept warm, more than %u", count,
				 WIRE_WARM_MAX);
	if (plan->cut)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "the plan has two cuts");
	for (size_t i = 0; i < plan->step_count; i++)
		steps += plan->steps[i].phase == EXD_CHILD;
	if (steps == 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "nothing is before the plan's cut");
	plan->cut = count ? steps : 0;
	plan->warm = count;
	return 0;
}
