/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pids as the kernel's log writes them, also where /proc writes others. */
#ifndef EXECDRIVER_MONITOR_LOGPID_H
#define EXECDRIVER_MONITOR_LOGPID_H

#include <stdbool.h>
#include <stdint.h>

/* A child's own, and that of the program under a small init; 0: not known. */
#define LOGPIDS 2

/* Is this the first pid namespace? Its pids are those of the log. */
bool logpid_is_ours(void);

/* For the monitor: what its children ask the kernel with, or -errno. */
int logpid_open(void);

/*
 * For a child, and async-signal-safe: the calling process's own pid in the first pid namespace; 0
 * when the kernel does not tell.
 */
int32_t logpid_ask(int asker);

#endif
