/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child step: a root of directories that others may use too, and one that takes what is written. */
#include "monitor/child.h"

#include <errno.h>

#include "base/overlay.h"

int child_overlay(struct child *c, const struct wire_step *s)
{
	const struct wire_step *first = s;
	int lower[WIRE_LAYERS_MAX];
	struct overlay overlay = {
		.lower = lower,
		.upper = child_slot(c, s, 2),
		.work = child_slot(c, s, 3),
		.attr = (unsigned int)s->num[0],
	};
	int fd;

	while (first > c->launch->steps && first[-1].op == WIRE_LAYER &&
	       s - first < (int)WIRE_LAYERS_MAX)
		first--;
	for (; first < s; first++)
		lower[overlay.count++] = child_slot(c, first, 0);
	fd = overlay_make(&overlay);
	c->object = fd == -E2BIG ? "of more directories than this kernel takes"
				 : "with its upper directory in the state directory";
	return child_fill(c, s, 1, fd);
}
