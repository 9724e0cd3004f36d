/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recipe of a worker, while it is written. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <execdriver/worker.h>

#include "base/memfd.h"
#include "drivers/lxc/lxc.h"

/* The recipe itself is the worker's first descriptor. */
#define FIRST_SLOT (EXD_WORKER_FIRST_SLOT + 1)

void recipe_line(struct recipe *recipe, const char *format, ...)
{
	cleanup_free char *line = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		recipe->error = -ENOMEM;
	else if (sb_add_bytes(&recipe->text, line, (size_t)n + 1) < 0)
		recipe->error = recipe->text.error;
}

int recipe_slot(struct recipe *recipe, int slot)
{
	if (slot < 0 || recipe->count == LXC_SLOTS_MAX - 1) {
		recipe->error = slot < 0 ? slot : -E2BIG;
		return -1;
	}
	recipe->slots[recipe->count] = slot;
	return FIRST_SLOT + (int)recipe->count++;
}

int recipe_plan(struct recipe *recipe, const struct lxc *lxc, struct exd_plan *plan,
		struct exd_error *err)
{
	/* no PATH: it would have liblxc look for helper programs that are setuid */
	static const char *const env[] = {NULL};
	const char *const argv[] = {lxc->worker, NULL};
	int slots[LXC_SLOTS_MAX], fd;

	if (recipe->error)
		return exd_error_set(err, EXD_ERR_INTERNAL, -recipe->error,
				     "the recipe of the lxc worker");
	fd = memfd_sealed("execdriver-lxc", recipe->text.text, recipe->text.size, false);
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -fd, "cannot make a memory file");
	slots[0] = exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
	memcpy(slots + 1, recipe->slots, recipe->count * sizeof(slots[0]));
	exd_plan_blame(plan, EXD_ERR_EXEC, 0);
	(void)exd_plan_worker(plan, argv, env, slots, recipe->count + 1, 0);
	return exd_plan_error(plan, err);
}

void recipe_release(struct recipe *recipe)
{
	sb_free(&recipe->text);
}
