/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's terminal while a program with a terminal of its own is in the foreground. */
#ifndef EXECDRIVER_DRIVERCTL_TTY_H
#define EXECDRIVER_DRIVERCTL_TTY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct copy {
	char bytes[16384];
	size_t at;
	size_t size; /* bytes[at...size) are still to be written */
};

struct tty {
	int pty;    /* the program's; FD_NONE before and after */
	bool raw;   /* our terminal is in raw mode, `saved` is how it was */
	bool reads; /* standard input goes to the program */
	bool hung;  /* nobody has the other end open at the moment */
	int error;  /* errno value of the first write to standard output that failed */
	struct termios saved;
	struct copy in;
	struct copy out;
};

#define TTY_POLL_FDS 3

/* `reads`: copy standard input, in raw mode when it is a terminal. */
void tty_open(struct tty *tty, bool reads);
/* Puts the terminal back as it was and closes the pty. */
void tty_close(struct tty *tty);

/* Raw mode on and off again, around a stop. */
void tty_raw(struct tty *tty);
void tty_cooked(struct tty *tty);

/* The pty has come: *tty owns it. */
void tty_attach_take(struct tty *tty, int pty);

/* The program gets a SIGWINCH. */
void tty_resize(const struct tty *tty, uint16_t rows, uint16_t columns);

/* What to wait for; returns how long poll() may take. */
int tty_poll(const struct tty *tty, struct pollfd fds[TTY_POLL_FDS]);
/* Copies what can be copied without waiting. */
void tty_copy(struct tty *tty, const struct pollfd fds[TTY_POLL_FDS]);
/* Copies the rest of the output after the end. */
void tty_drain(struct tty *tty);

/* The size of the caller's terminal; false when there is none. */
bool tty_size(uint16_t *rows, uint16_t *columns);

#endif
