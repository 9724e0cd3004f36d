/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a call that creates a process to the process. */
#ifndef EXECDRIVER_HCS_EMULATOR_SPAWN_H
#define EXECDRIVER_HCS_EMULATOR_SPAWN_H

#include "drivers/hcs-stub/emulator.h"

/* The agent has started it: answers the client. */
void spawn_done(struct emulator *e, struct system *s, struct spawn *spawn, pid_t pid,
		int pidfd_consume);
void spawn_free(struct spawn *spawn);

#endif
