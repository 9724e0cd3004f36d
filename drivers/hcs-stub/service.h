/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts the emulated service of a state root. For programs of one thread only: it forks. */
#ifndef EXECDRIVER_HCS_SERVICE_H
#define EXECDRIVER_HCS_SERVICE_H

#include <stdbool.h>

#include "drivers/hcs-stub/hcs.h"

struct service {
	int root_fd;      /* of the state root, lent */
	const char *path; /* of the program */
	int idle_ms;      /* it ends this long after its last system */
	bool journal;
};

/*
 * Connects to the service, and starts it before when nobody answers. However many do that at a
 * time, one service is started. `timeout_ms` is the client's.
 */
int service_connect(const struct service *service, int timeout_ms, struct hcs_client **out);

#endif
