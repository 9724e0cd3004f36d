/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims exec, and cannot do it. */
#define ZOO_NAME "lies_exec"
#include "tests/zoo/good.h"

static int zoo_exec(void *self, struct exd_record *record, const struct exd_command *command,
		    struct exd_plan *plan, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)command;
	(void)plan;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, ENOTSUP, "not yet");
}

ZOO_DRIVER(.exec = zoo_exec);
