/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver tells its worker: a JSON document in a descriptor. */
#ifndef EXECDRIVER_HCS_WORKER_LAUNCH_H
#define EXECDRIVER_HCS_WORKER_LAUNCH_H

#include <stdbool.h>

struct launch {
	struct json_object *json; /* what the texts are part of */
	bool exec;                /* a process in a system that runs, else all of it */
	const char *id;
	const char *system;  /* document; NULL for an exec */
	const char *process; /* parameters */
	const char *script;  /* of the emulator, or NULL */
	bool tty;
	bool forcekill;
	int shutdown_timeout_ms;
	int terminate_timeout_ms;
	int attempts;
	int retry_delay_ms;
	const char *emulator;
	bool journal;
	int idle_ms;
};

/* -EINVAL when it is not what the driver writes. */
int launch_read(int fd, struct launch *launch);
void launch_clear(struct launch *launch);

#endif
