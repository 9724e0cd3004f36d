/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verbs of which the service has none. The driver claims them so that it can say so in the words
 * of the original; its probe says that no host has them.
 */
#include <errno.h>

#include "drivers/hcs-stub/stub.h"

int stub_pause(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP,
			     "Windows: Containers cannot be paused");
}

int stub_stats(void *self, struct exd_record *record, struct exd_stats *stats,
	       struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)stats;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP,
			     "Windows: Stats not implemented");
}

int stub_update(void *self, struct exd_record *record, const struct exd_command *command,
		struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)command;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP,
			     "Windows: Update not implemented");
}
