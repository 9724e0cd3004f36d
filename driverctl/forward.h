/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals that driverctl gets on behalf of a program in the foreground. */
#ifndef EXECDRIVER_DRIVERCTL_FORWARD_H
#define EXECDRIVER_DRIVERCTL_FORWARD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <execdriver/error.h>

struct forward {
	int fd;            /* a signalfd: readable when forward_next() has one */
	uint64_t asked_ms; /* when the last INT or TERM came; 0: never */
};

/* Takes signals from their default actions for the rest of the process's life, not ignored ones. */
int forward_open(struct forward *forward, struct exd_error *err);
void forward_close(struct forward *forward);

/* The next signal, or 0. A second INT or TERM within two seconds is KILL. */
int forward_next(struct forward *forward);

/* Stops this process as SIGTSTP does; returns when it goes on (at once when it is an orphan). */
void forward_stop_self(void);

#endif
