/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows only of what this very process has started. */
#define ZOO_NAME "remembers_info"
#include "tests/zoo/good.h"

static char known[64][160];
static unsigned int count;

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	(void)snprintf(known[count++ % 64], sizeof(known[0]), "%s",
		       exd_command_string(command, EXD_KEY_ID, ""));
	return good_run(self, command, plan, err);
}

static bool knows(const struct exd_record *record)
{
	for (unsigned int i = 0; i < 64; i++)
		if (strcmp(known[i], exd_record_id(record)) == 0)
			return true;
	return false;
}

static int zoo_info(void *self, struct exd_record *record, struct exd_info *info,
		    struct exd_error *err)
{
	int r = good_info(self, record, info, err);

	info->running = info->running && knows(record);
	return r;
}

ZOO_DRIVER(.run = zoo_run, .info = zoo_info);
