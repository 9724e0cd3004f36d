/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a driver compiles a command into: steps, data and descriptors, to be sealed. */
#ifndef EXECDRIVER_CORE_PLAN_H
#define EXECDRIVER_CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

#include "base/cleanup.h"
#include "base/wire.h"

/*
 * A plan belongs to one thread. Slots are numbered in the order in which the driver asked for them;
 * plan_seal() renumbers them, so that the descriptors that travel with the plan come first, as the
 * wire format wants it.
 */
struct plan_slot {
	int fd;     /* FD_NONE: filled by a step */
	bool owned; /* closed by plan_free() */
	enum exd_plan_fd kind;
};

struct plan_step {
	struct wire_step wire; /* with the driver's slot numbers */
	enum exd_plan_phase phase;
};

struct plan_note {
	char *name;
	char *value;
};

struct plan_cgroup {
	char *controllers; /* "cpu,cpuacct"; "" for cgroup v2 */
	char *mount;
	char *path;
};

struct exd_plan {
	int root_fd;             /* state directory, lent: for container:ID namespaces */
	struct exd_error failed; /* the first failure; failed.code == EXD_OK: none */
	int result;              /* its negative errno value, or 0 */

	struct plan_step *steps;
	size_t step_count, step_room;
	struct plan_step scratch; /* what a builder call fills in after a failure */
	char *data;
	size_t data_size, data_room;
	struct plan_slot *slots;
	size_t slot_count, slot_room;

	uint32_t blame_code; /* enum exd_code; EXD_OK: that of the operation */
	uint32_t blame_flags;
	uint64_t clone_flags;
	int pidns_slot, cgroup_slot; /* -1: none */
	int stdio_slot[3];           /* -1 each with a tty */
	bool wants_park;
	uint16_t cut;      /* of exd_plan_warm(): child steps that were there by then; 0: none */
	uint32_t warm;     /* boxes to keep */
	bool complete;     /* the program was added: no child step after it */
	uint32_t tty_size; /* rows << 16 | columns; 0: leave it */

	struct plan_note *notes;
	size_t note_count, note_room;
	struct plan_cgroup *cgroups;
	size_t cgroup_count, cgroup_room;
	char **warnings;
	size_t warning_count, warning_room;

	int *fds; /* made by plan_seal(): in wire order, lent to the sender */
	size_t fd_count;
};

/* ---- for the engine -------------------------------------------------------------------------- */

/*
 * An empty plan for the command (of which only the tty size is read). root_fd is lent for the
 * plan's life.
 */
int plan_new(struct exd_plan **out, int root_fd, const struct exd_command *command,
	     struct exd_error *err);
/* NULL is fine; closes the descriptors given to the plan; returns NULL. */
struct exd_plan *plan_free(struct exd_plan *plan);
void plan_freep(struct exd_plan **plan);
#define cleanup_plan CLEANUP(plan_freep)

/*
 * Before the driver's run() or exec(): the descriptors that become 0, 1 and 2 of the process. They
 * are lent until the plan is freed and may be equal. Not called at all for a tty.
 */
int plan_set_stdio(struct exd_plan *plan, int in, int out, int errfd, struct exd_error *err);
/* Before the driver's run() or exec(): whether a pre_start hook waits. */
void plan_set_park(struct exd_plan *plan, bool park);

/*
 * After the driver: lays the plan out as struct wire_plan in a sealed memfd that is the caller's.
 * Equal building calls give equal bytes, whatever the descriptors, so *hash (FNV-1a of the bytes)
 * is the same for explain and run. Fails with the sticky error of the builder, or EXD_ERR_INTERNAL
 * for a plan that does not end in a program. `memfd` may be NULL (explain), `hash` too.
 */
int plan_seal(struct exd_plan *plan, int *memfd, uint64_t *hash, struct exd_error *err);

/*
 * After plan_seal(): the descriptors for WIRE_FDS messages in their order; lent, they end with the
 * plan.
 */
const int *plan_fds(const struct exd_plan *plan, size_t *count);

/* Texts of exd_plan_warn(), to be logged before the launch. */
size_t plan_warning_count(const struct exd_plan *plan);
const char *plan_warning(const struct exd_plan *plan, size_t index);

/*
 * One line per step in the order of the sealed plan: topic "PHASE N" with N the number that struct
 * exd_error.step has when this step fails, text for people.
 */
int plan_print(const struct exd_plan *plan, struct exd_report *report, struct exd_error *err);

/* ---- for the builder's own files ------------------------------------------------------------- */

/* Remembers the first failure; returns the negative errno value of the first one. */
int plan_fail(struct exd_plan *plan, enum exd_code code, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * A new step of this phase with the current blame, valid until the next one; after a failure a
 * place that nobody reads. Never NULL.
 */
struct wire_step *step_add(struct exd_plan *plan, enum exd_plan_phase phase, enum wire_op op);
/*
 * Slot number `index` of the step. -1 is WIRE_NO_SLOT for step_slot_or_none(), a failure for
 * step_slot().
 */
void step_slot(struct exd_plan *plan, struct wire_step *step, int index, int slot);
void step_slot_or_none(struct exd_plan *plan, struct wire_step *step, int index, int slot);
/*
 * str[index] of the step: a string with its NUL (NULL: a failure), or bytes (a NUL is added behind
 * them and counted).
 */
void step_string(struct exd_plan *plan, struct wire_step *step, int index, const char *text);
void step_bytes(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		size_t size);
/* As step_bytes() without the NUL: lists of texts. No bytes: an absent str. */
void step_array(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		size_t size);
/* As step_array(), where a number may be read in place: behind zeroes up to a multiple of 8. */
void step_numbers(struct exd_plan *plan, struct wire_step *step, int index, const void *bytes,
		  size_t size);

/*
 * Grows an array of `*room` elements of `size` bytes so that one more fits behind `count`. -ENOMEM.
 */
int plan_grow(void *arrayp, size_t count, size_t *room, size_t size);

/*
 * Order of steps after sealing: order[n] is the index in plan->steps of step n. The caller frees
 * it. -ENOMEM.
 */
int plan_order(const struct exd_plan *plan, size_t **order);

/* What is said about an operation. */
struct plan_op {
	uint16_t op;      /* enum wire_op */
	uint16_t code;    /* enum exd_code of its failure, when the driver blames nothing else */
	const char *text; /* for people, with {..} parts: see plan_print.c */
};

/* NULL: not an operation. */
const struct plan_op *plan_op(uint16_t op);

#endif
