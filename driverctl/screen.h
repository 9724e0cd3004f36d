/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's terminal while driverctl shows a page on it that changes. */
#ifndef EXECDRIVER_DRIVERCTL_SCREEN_H
#define EXECDRIVER_DRIVERCTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "base/strutil.h"
#include "driverctl/forward.h"

struct screen {
	struct termios saved;
	bool keys; /* standard input is a terminal that gives us each key, `saved` is how it was */
	struct forward forward;
};

enum screen_event {
	SCREEN_TIMEOUT,
	SCREEN_KEY,
	SCREEN_RESIZED, /* or somebody else has written on it: draw again */
	SCREEN_SIGNAL   /* one that asks us to end */
};

/* Whether standard output is a terminal that understands what screen_draw() writes. */
bool screen_possible(void);

/* Signals come by screen_wait() for the rest of the process's life. */
int screen_open(struct screen *screen, struct exd_error *err);
/* Puts the terminal back as it was. */
void screen_close(struct screen *screen);

/*
 * Shows as many lines of the text as fit, each cut at the right edge; line number `marked` in
 * reverse. 0 or negative errno.
 */
int screen_draw(const struct strbuf *text, size_t marked);

/* Waits until then (clock_ms()); *what is the key or the signal. ^Z is done with inside. */
enum screen_event screen_wait(struct screen *screen, int64_t deadline_ms, int *what);

#endif
