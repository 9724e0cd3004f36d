/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a finished plan to the bytes that the monitor gets. */
#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memfd.h"

/* A plan on its way into its wire form. */
struct layout {
	size_t *order;       /* plan_order() */
	uint16_t *wire_slot; /* by the driver's slot number */
	char *bytes;
	size_t size;
};

static void layout_free(struct layout *layout)
{
	free(layout->order);
	free(layout->wire_slot);
	free(layout->bytes);
}

#define cleanup_layout CLEANUP(layout_free)

int plan_order(const struct exd_plan *plan, size_t **order)
{
	size_t *sorted = calloc(plan->step_count + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (int phase = 0; phase < WIRE_PHASES; phase++)
		for (size_t i = 0; i < plan->step_count; i++)
			if ((int)plan->steps[i].phase == phase)
				sorted[n++] = i;
	*order = sorted;
	return 0;
}

/*
 * The monitor fills the first slots from messages, so those with a descriptor get the first
 * numbers.
 */
static int number_slots(struct exd_plan *plan, struct layout *layout)
{
	uint16_t next = 0;

	layout->wire_slot = calloc(plan->slot_count + 1, sizeof(*layout->wire_slot));
	free(plan->fds);
	plan->fds = calloc(plan->slot_count + 1, sizeof(*plan->fds));
	if (!layout->wire_slot || !plan->fds)
		return -ENOMEM;
	for (size_t i = 0; i < plan->slot_count; i++)
		if (plan->slots[i].fd >= 0) {
			plan->fds[next] = plan->slots[i].fd;
			layout->wire_slot[i] = next++;
		}
	plan->fd_count = next;
	for (size_t i = 0; i < plan->slot_count; i++)
		if (plan->slots[i].fd < 0)
			layout->wire_slot[i] = next++;
	return 0;
}

static uint16_t wire_slot(const struct layout *layout, int slot)
{
	return slot < 0 || slot == WIRE_NO_SLOT ? WIRE_NO_SLOT : layout->wire_slot[slot];
}

static void write_head(const struct exd_plan *plan, const struct layout *layout,
		       struct wire_plan *head)
{
	head->magic = WIRE_PLAN_MAGIC;
	head->version = WIRE_VERSION;
	head->size = (uint32_t)layout->size;
	head->fds = (uint16_t)plan->fd_count;
	head->slots = (uint16_t)plan->slot_count;
	for (size_t i = 0; i < plan->step_count; i++)
		head->phase_steps[plan->steps[i].phase]++;
	head->pidns_slot = wire_slot(layout, plan->pidns_slot);
	head->into_cgroup_slot = wire_slot(layout, plan->cgroup_slot);
	head->data_size = (uint32_t)plan->data_size;
	head->clone_flags = plan->clone_flags;
	head->cut = plan->cut;
}

static int write_bytes(const struct exd_plan *plan, struct layout *layout)
{
	struct wire_step *steps;

	layout->size =
		sizeof(struct wire_plan) + plan->step_count * sizeof(*steps) + plan->data_size;
	if (layout->size > WIRE_PLAN_MAX)
		return -E2BIG;
	layout->bytes = calloc(1, layout->size);
	if (!layout->bytes)
		return -ENOMEM;
	write_head(plan, layout, (struct wire_plan *)(void *)layout->bytes);
	steps = (struct wire_step *)(void *)(layout->bytes + sizeof(struct wire_plan));
	for (size_t i = 0; i < plan->step_count; i++) {
		steps[i] = plan->steps[layout->order[i]].wire;
		for (int s = 0; s < 4; s++)
			steps[i].slot[s] = wire_slot(layout, steps[i].slot[s]);
	}
	if (plan->data_size > 0)
		memcpy(steps + plan->step_count, plan->data, plan->data_size);
	return 0;
}

int plan_seal(struct exd_plan *plan, int *memfd, uint64_t *hash, struct exd_error *err)
{
	cleanup_layout struct layout layout = {0};
	int fd, r;

	if (exd_plan_error(plan, err) < 0)
		return plan->result;
	if (!plan->complete)
		return exd_error_set(err, EXD_ERR_INTERNAL, 0,
				     "the driver made a plan without a program");
	r = plan_order(plan, &layout.order);
	if (r == 0)
		r = number_slots(plan, &layout);
	if (r == 0)
		r = write_bytes(plan, &layout);
	if (r == -E2BIG)
		return exd_error_set(err, EXD_ERR_EXEC, E2BIG,
				     "the command is larger than %u bytes", WIRE_PLAN_MAX);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, -r, "cannot lay out the plan");
	if (hash)
		*hash = hash_words(HASH_INIT, layout.bytes, layout.size);
	if (!memfd)
		return 0;
	fd = memfd_sealed("execdriver-plan", layout.bytes, layout.size, false);
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -fd,
				     "cannot make a memory file for the plan");
	*memfd = fd;
	return 0;
}

const int *plan_fds(const struct exd_plan *plan, size_t *count)
{
	*count = plan->fd_count;
	return plan->fds;
}
