/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan as a container of steps, data and slots; sealing lives in plan_seal.c. */
#include "core/plan.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FIRST_BYTES 4096 /* of each array: most plans then never grow */

_Static_assert((int)EXD_STEP_OPTIONAL == (int)WIRE_OPTIONAL, "step flags travel as they are");
_Static_assert((int)EXD_STEP_SKIP_MISSING == (int)WIRE_SKIP_MISSING,
	       "step flags travel as they are");
_Static_assert((int)EXD_CLEANUP == (int)WIRE_CLEANUP, "phases travel as they are");

static uint32_t parse_tty_size(const char *text)
{
	unsigned int rows = 0, columns = 0;

	if (!text || sscanf(text, "%5ux%5u", &rows, &columns) != 2)
		return 0;
	return (rows & 0xffff) << 16 | (columns & 0xffff);
}

int plan_new(struct exd_plan **out, int root_fd, const struct exd_command *command,
	     struct exd_error *err)
{
	struct exd_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot make a plan");
	plan->root_fd = root_fd;
	plan->pidns_slot = -1;
	plan->cgroup_slot = -1;
	for (int i = 0; i < 3; i++)
		plan->stdio_slot[i] = -1;
	plan->tty_size = parse_tty_size(exd_command_string(command, EXD_KEY_TTY_SIZE, NULL));
	*out = plan;
	return 0;
}

struct exd_plan *plan_free(struct exd_plan *plan)
{
	if (!plan)
		return NULL;
	for (size_t i = 0; i < plan->slot_count; i++)
		if (plan->slots[i].owned)
			(void)close(plan->slots[i].fd);
	for (size_t i = 0; i < plan->note_count; i++) {
		free(plan->notes[i].name);
		free(plan->notes[i].value);
	}
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		free(plan->cgroups[i].controllers);
		free(plan->cgroups[i].mount);
		free(plan->cgroups[i].path);
	}
	for (size_t i = 0; i < plan->warning_count; i++)
		free(plan->warnings[i]);
	free(plan->steps);
	free(plan->data);
	free(plan->slots);
	free(plan->notes);
	free(plan->cgroups);
	free(plan->warnings);
	free(plan->fds);
	free(plan);
	return NULL;
}

void plan_freep(struct exd_plan **plan)
{
	int saved = errno;

	*plan = plan_free(*plan);
	errno = saved;
}

int plan_fail(struct exd_plan *plan, enum exd_code code, int errnum, const char *format, ...)
{
	char text[EXD_ERROR_TEXT_MAX];
	va_list args;

	if (plan->result < 0)
		return plan->result;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	plan->failed.step = -1;
	plan->result = exd_error_set(&plan->failed, code, errnum, "%s", text);
	return plan->result;
}

int plan_grow(void *arrayp, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : FIRST_BYTES / size;
	void *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*(void **)arrayp, more, size);
	if (!grown)
		return -ENOMEM;
	*(void **)arrayp = grown;
	*room = more;
	return 0;
}

static int no_memory(struct exd_plan *plan)
{
	return plan_fail(plan, EXD_ERR_NO_MEMORY, ENOMEM, "cannot build the plan");
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void step_init(struct exd_plan *plan, struct plan_step *step, enum exd_plan_phase phase,
		      enum wire_op op)
{
	const struct plan_op *known = plan_op((uint16_t)op);

	memset(step, 0, sizeof(*step));
	step->phase = phase;
	step->wire.op = (uint16_t)op;
	step->wire.code = (uint16_t)(plan->blame_code ? plan->blame_code : known->code);
	step->wire.flags = (uint16_t)plan->blame_flags;
	for (int i = 0; i < 4; i++)
		step->wire.slot[i] = WIRE_NO_SLOT;
}

struct wire_step *step_add(struct exd_plan *plan, enum exd_plan_phase phase, enum wire_op op)
{
	struct plan_step *step = &plan->scratch;

	if (plan->result == 0 && (unsigned int)phase > EXD_CLEANUP)
		plan_fail(plan, EXD_ERR_INVALID, 0, "%d is not a phase of a plan", (int)phase);
	if (plan->result == 0 && phase == EXD_CHILD && plan->complete)
		plan_fail(plan, EXD_ERR_INTERNAL, 0,
			  "the driver adds a step of the process behind its program");
	if (plan->result == 0 && plan->step_count >= WIRE_STEPS_MAX)
		plan_fail(plan, EXD_ERR_INVALID, E2BIG, "the command needs more than %u steps",
			  WIRE_STEPS_MAX);
	if (plan->result == 0 &&
	    plan_grow(&plan->steps, plan->step_count, &plan->step_room, sizeof(*step)) < 0)
		no_memory(plan);
	if (plan->result == 0)
		step = &plan->steps[plan->step_count++];
	step_init(plan, step, phase, op);
	return &step->wire;
}

void step_slot_or_none(struct exd_plan *plan, struct wire_step *step, int index, int slot)
{
	if (plan->result < 0 || slot == -1)
		return;
	if (slot < 0 || (size_t)slot >= plan->slot_count) {
		plan_fail(plan, EXD_ERR_INTERNAL, 0, "step '%s': the plan has no slot %d",
			  plan_op(step->op)->text, slot);
		return;
	}
	step->slot[index] = (uint16_t)slot;
}

void step_slot(struct exd_plan *plan, struct wire_step *step, int index, int slot)
{
	if (slot == -1)
		plan_fail(plan, EXD_ERR_INTERNAL, 0, "step '%s' needs a slot",
			  plan_op(step->op)->text);
	step_slot_or_none(plan, step, index, slot);
}

/* Makes room for `size` bytes at the end of the data, or fails. */
static bool data_fits(struct exd_plan *plan, const struct wire_step *step, size_t size)
{
	if (plan->result < 0)
		return false;
	if (size > WIRE_PLAN_MAX || plan->data_size + size > WIRE_PLAN_MAX) {
		plan_fail(plan, (enum exd_code)step->code, E2BIG, "the command is too large");
		return false;
	}
	while (plan->data_room < plan->data_size + size)
		if (plan_grow(&plan->data, plan->data_room, &plan->data_room, 1) < 0) {
			no_memory(plan);
			return false;
		}
	return true;
}

static void add_data(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		     size_t size)
{
	step->str[index].offset = (uint32_t)plan->data_size;
	step->str[index].size = (uint32_t)size;
	memcpy(plan->data + plan->data_size, bytes, size);
	plan->data_size += size;
}

void step_string(struct exd_plan *plan, struct wire_step *step, int index, const char *text)
{
	if (!text)
		plan_fail(plan, EXD_ERR_INTERNAL, 0, "step '%s' needs a text",
			  plan_op(step->op)->text);
	else
		step_array(plan, step, index, text, strlen(text) + 1);
}

void step_bytes(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		size_t size)
{
	if (!data_fits(plan, step, size) || !data_fits(plan, step, size + 1))
		return;
	if (size > 0)
		add_data(plan, step, index, bytes, size);
	else
		step->str[index].offset = (uint32_t)plan->data_size;
	plan->data[plan->data_size++] = '\0';
	step->str[index].size++;
}

void step_array(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		size_t size)
{
	if (size > 0 && data_fits(plan, step, size))
		add_data(plan, step, index, bytes, size);
}

void step_numbers(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		  size_t size)
{
	size_t gap = -plan->data_size % sizeof(uint64_t);

	if (!data_fits(plan, step, gap))
		return;
	if (gap > 0)
		memset(plan->data + plan->data_size, 0, gap);
	plan->data_size += gap;
	step_array(plan, step, index, bytes, size);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static int add_slot(struct exd_plan *plan, int fd, bool owned, enum exd_plan_fd kind)
{
	if (plan->result < 0)
		return plan->result;
	if (plan->slot_count >= WIRE_SLOTS_MAX)
		return plan_fail(plan, EXD_ERR_INVALID, E2BIG,
				 "the command needs more than %u descriptors", WIRE_SLOTS_MAX);
	if (plan_grow(&plan->slots, plan->slot_count, &plan->slot_room, sizeof(plan->slots[0])) < 0)
		return no_memory(plan);
	plan->slots[plan->slot_count] = (struct plan_slot){.fd = fd, .owned = owned, .kind = kind};
	return (int)plan->slot_count++;
}

int exd_plan_fd_consume(struct exd_plan *plan, int fd, enum exd_plan_fd kind)
{
	int slot;

	if (fd < 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, EBADF,
				 "the driver gives the plan no descriptor");
	slot = add_slot(plan, fd, true, kind);
	if (slot < 0)
		(void)close(fd);
	return slot;
}

int exd_plan_fd_lend(struct exd_plan *plan, int fd)
{
	if (fd < 0)
		return plan_fail(plan, EXD_ERR_INTERNAL, EBADF,
				 "the driver lends the plan no descriptor");
	return add_slot(plan, fd, false, EXD_FD_KEEP);
}

int exd_plan_slot(struct exd_plan *plan)
{
	return add_slot(plan, FD_NONE, false, EXD_FD_ONCE);
}

int plan_set_stdio(struct exd_plan *plan, int in, int out, int errfd, struct exd_error *err)
{
	const int fds[3] = {in, out, errfd};

	for (int i = 0; i < 3; i++) {
		int slot = add_slot(plan, fds[i], false, EXD_FD_ONCE);

		if (slot < 0)
			return exd_plan_error(plan, err);
		plan->stdio_slot[i] = slot;
	}
	return 0;
}

int exd_plan_stdio_slot(const struct exd_plan *plan, int which)
{
	return which >= 0 && which < 3 ? plan->stdio_slot[which] : -1;
}

/* ---- the rest of a plan's properties --------------------------------------------------------- */

int exd_plan_error(const struct exd_plan *plan, struct exd_error *err)
{
	if (plan->result < 0 && err)
		*err = plan->failed;
	return plan->result;
}

void plan_set_park(struct exd_plan *plan, bool park)
{
	plan->wants_park = park;
}

int exd_plan_root_fd(const struct exd_plan *plan)
{
	return plan->root_fd;
}

bool exd_plan_wants_park(const struct exd_plan *plan)
{
	return plan->wants_park;
}

void exd_plan_blame(struct exd_plan *plan, enum exd_code code, uint32_t step_flags)
{
	plan->blame_code = (uint32_t)code;
	plan->blame_flags = step_flags & (EXD_STEP_OPTIONAL | EXD_STEP_SKIP_MISSING);
}

int exd_plan_note(struct exd_plan *plan, const char *name, const char *value)
{
	struct plan_note *note;

	if (plan->result < 0)
		return plan->result;
	if (!name || !value)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "a note of the driver lacks a text");
	if (plan_grow(&plan->notes, plan->note_count, &plan->note_room, sizeof(*note)) < 0)
		return no_memory(plan);
	note = &plan->notes[plan->note_count++];
	note->name = strdup(name);
	note->value = strdup(value);
	return note->name && note->value ? 0 : no_memory(plan);
}

int exd_plan_cgroup(struct exd_plan *plan, const char *controllers, const char *mount,
		    const char *path)
{
	struct plan_cgroup *cgroup;

	if (plan->result < 0)
		return plan->result;
	if (!controllers || !mount || !path)
		return plan_fail(plan, EXD_ERR_INTERNAL, 0, "a cgroup of the driver lacks a text");
	if (plan_grow(&plan->cgroups, plan->cgroup_count, &plan->cgroup_room, sizeof(*cgroup)) < 0)
		return no_memory(plan);
	cgroup = &plan->cgroups[plan->cgroup_count++];
	cgroup->controllers = strdup(controllers);
	cgroup->mount = strdup(mount);
	cgroup->path = strdup(path);
	return cgroup->controllers && cgroup->mount && cgroup->path ? 0 : no_memory(plan);
}

void exd_plan_warn(struct exd_plan *plan, const char *format, ...)
{
	char text[EXD_ERROR_TEXT_MAX];
	va_list args;

	if (plan_grow(&plan->warnings, plan->warning_count, &plan->warning_room, sizeof(char *)) <
	    0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	plan->warnings[plan->warning_count] = strdup(text);
	if (plan->warnings[plan->warning_count])
		plan->warning_count++;
}

size_t plan_warning_count(const struct exd_plan *plan)
{
	return plan->warning_count;
}

const char *plan_warning(const struct exd_plan *plan, size_t index)
{
	return index < plan->warning_count ? plan->warnings[index] : NULL;
}
