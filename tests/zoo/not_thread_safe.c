/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has one buffer for all threads. */
#define ZOO_NAME "not_thread_safe"
#include "tests/zoo/good.h"

#include <time.h>

static struct {
	char id[256];
	char script[256];
} shared;

/* As good_run(), but by way of the buffer. */
static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	size_t last = exd_command_count(command, EXD_KEY_ARGS) - 1;
	const char *script = exd_command_item(command, EXD_KEY_ARGS, last);

	(void)snprintf(shared.id, sizeof(shared.id), "%s",
		       exd_command_string(command, EXD_KEY_ID, ""));
	if (strlen(script) >= sizeof(shared.script) || strncmp(script, "exit ", 5) != 0)
		return good_run(self, command, plan, err);
	(void)snprintf(shared.script, sizeof(shared.script), "%s", script);
	(void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	if (strcmp(shared.id, exd_command_string(command, EXD_KEY_ID, "")) != 0)
		return exd_error_set(err, EXD_ERR_INTERNAL, 0, "the buffer is another's");
	return good_run(self, command, plan, err);
}

ZOO_DRIVER(.run = zoo_run);
