/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: plans, as the monitor checks them. What it lets through is read as walkers do. */
#include <stdlib.h>
#include <string.h>

#include "monitor/task.h"
#include "tests/fuzz/fuzz.h"

/* The sum of all bytes: so that nothing of the reading can be left out. */
static volatile size_t seen;

static const char *data_of(const struct wire_plan *plan, const struct wire_step **steps)
{
	size_t count = 0;

	for (int i = 0; i < WIRE_PHASES; i++)
		count += plan->phase_steps[i];
	*steps = (const struct wire_step *)(plan + 1);
	return (const char *)(*steps + count);
}

/* As launch.c lays out what execve takes: texts counted by num, one behind the other. */
static void read_list(const char *text, uint64_t count)
{
	for (; count > 0; count--) {
		size_t size = strlen(text) + 1;

		seen += size;
		text += size;
	}
}

static void walk(const struct wire_plan *plan)
{
	const struct wire_step *steps;
	const char *data = data_of(plan, &steps);
	int child = plan->phase_steps[WIRE_PREPARE] + plan->phase_steps[WIRE_CHILD];
	const struct wire_step *program = &steps[child - 1];

	fuzz_require(program->op == WIRE_EXEC || program->op == WIRE_WORKER,
		     "the child ends in a program");
	read_list(data + program->str[1].offset, program->num[0]);
	read_list(data + program->str[2].offset, program->num[1]);
	for (int i = 0; i < child; i++) {
		fuzz_require(steps[i].op != WIRE_CGROUP_JOIN || steps[i].slot[0] < plan->slots,
			     "slots are inside");
		switch (steps[i].op) {
		case WIRE_OPEN:
		case WIRE_MKDIR:
		case WIRE_CHDIR:
		case WIRE_CGROUP_MAKE:
		case WIRE_HOSTNAME:
			seen += strlen(data + steps[i].str[0].offset);
			break;
		default:
			break;
		}
	}
}

/* Sizes that agree are a matter of luck: an odd first byte makes them so. */
static void set_right(struct wire_plan *plan, size_t size)
{
	size_t steps = 0;

	for (int i = 0; i < WIRE_PHASES; i++)
		steps += plan->phase_steps[i] * sizeof(struct wire_step);
	plan->magic = WIRE_PLAN_MAGIC;
	plan->version = WIRE_VERSION;
	plan->size = (uint32_t)size;
	plan->data_size = (uint32_t)(size - sizeof(*plan) - steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t how = input_byte(&in);
	struct wire_failure failure;
	struct wire_plan *plan = malloc(in.left ? in.left : 1);
	int r;

	fuzz_require(plan != NULL, "memory for a plan");
	if (in.left)
		memcpy(plan, in.at, in.left);
	if (how & 1 && in.left >= sizeof(*plan))
		set_right(plan, in.left);
	memset(&failure, 0xff, sizeof(failure));
	r = plan_validate(plan, in.left, &failure);
	if (r == 0)
		walk(plan);
	else
		fuzz_require(memchr(failure.object, '\0', sizeof(failure.object)) != NULL,
			     "a refusal says what is wrong");
	free(plan);
	return 0;
}
