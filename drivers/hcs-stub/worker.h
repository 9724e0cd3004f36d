/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker of the hcs-stub driver: what its parts share. */
#ifndef EXECDRIVER_HCS_WORKER_H
#define EXECDRIVER_HCS_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/worker_launch.h"

/* What waits fail with where nobody is to hang for it. */
#define EXIT_WAIT_FAILED 32767u

/* Patience with the service while undoing: the monitor's own is 10 s. */
#define UNDO_MS 5000

struct hcs_worker {
	struct launch launch;
	int root_fd;
	bool alone; /* the monitor has gone: nobody listens */
	struct hcs_client *client;
	struct hcs_process process;
	uint32_t exit_code;
};

/* ---- reports --------------------------------------------------------------------------------- */

/* FAILED, in the words that hosts know, as 125: the call did not do. */
int worker_call_failed(struct hcs_worker *w, const char *call, uint32_t result);
int worker_failed(uint32_t code, int error_num, const char *text);
void worker_warn(const struct hcs_worker *w, const char *call, uint32_t result);
int worker_ready(const struct hcs_worker *w);
void worker_code(uint32_t code);
/* Whether the container is to be ended now; notes when the monitor has gone. */
bool worker_told_to_stop(struct hcs_worker *w);

/* ---- stages ---------------------------------------------------------------------------------- */

/* To the program that runs: 0, or an exit code after FAILED or an undoing. */
int worker_begin(struct hcs_worker *w);
/* Until the program has ended: false when nobody knows how it did. */
bool worker_wait(struct hcs_worker *w);
/* The end of a system whose first process has ended. */
void worker_stop_system(struct hcs_worker *w);

#endif
