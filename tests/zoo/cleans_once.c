/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fails to clean what is clean. */
#define ZOO_NAME "cleans_once"
#include "tests/zoo/good.h"

static char cleaned[256];

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	cleaned[0] = '\0';
	return good_run(self, command, plan, err);
}

static int zoo_clean(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	if (strcmp(cleaned, exd_record_id(record)) == 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, ENOENT, "there is nothing to clean");
	(void)snprintf(cleaned, sizeof(cleaned), "%s", exd_record_id(record));
	return 0;
}

ZOO_DRIVER(.run = zoo_run, .clean = zoo_clean);
