/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw mode and the copying between the caller's terminal and the program's. */
#include "driverctl/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

/* How soon to look again at a pty that nobody has open inside. */
#define HUNG_MS 100

enum { POLL_IN,
       POLL_PTY,
       POLL_OUT };

void tty_open(struct tty *tty, bool reads)
{
	memset(tty, 0, sizeof(*tty));
	tty->pty = FD_NONE;
	tty->reads = reads;
	tty_raw(tty);
}

void tty_raw(struct tty *tty)
{
	struct termios raw;

	if (!tty->reads || tty->raw || tcgetattr(STDIN_FILENO, &tty->saved) < 0)
		return;
	raw = tty->saved;
	cfmakeraw(&raw);
	tty->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void tty_cooked(struct tty *tty)
{
	if (tty->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &tty->saved);
	tty->raw = false;
}

static void close_pty(struct tty *tty)
{
	cleanup_close_fn(&tty->pty);
	tty->pty = FD_NONE;
}

void tty_close(struct tty *tty)
{
	tty_cooked(tty);
	close_pty(tty);
}

void tty_attach_take(struct tty *tty, int pty)
{
	tty->pty = pty;
	(void)fcntl(pty, F_SETFL, fcntl(pty, F_GETFL) | O_NONBLOCK);
}

bool tty_size(uint16_t *rows, uint16_t *columns)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 &&
	    ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return size.ws_row && size.ws_col;
}

void tty_resize(const struct tty *tty, uint16_t rows, uint16_t columns)
{
	const struct winsize size = {.ws_row = rows, .ws_col = columns};

	(void)ioctl(tty->pty, TIOCSWINSZ, &size);
}

static bool is_empty(const struct copy *copy)
{
	return copy->at == copy->size;
}

int tty_poll(const struct tty *tty, struct pollfd fds[TTY_POLL_FDS])
{
	for (int i = 0; i < TTY_POLL_FDS; i++)
		fds[i] = (struct pollfd){.fd = -1};
	if (tty->pty < 0)
		return -1;
	if (tty->reads && is_empty(&tty->in))
		fds[POLL_IN] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	if (!is_empty(&tty->out))
		fds[POLL_OUT] = (struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT};
	if (tty->hung)
		return HUNG_MS;
	/* A hang-up wakes poll without being wanted: not while output waits to be written. */
	if (is_empty(&tty->out))
		fds[POLL_PTY] = (struct pollfd){.fd = tty->pty, .events = POLLIN};
	if (!is_empty(&tty->in)) {
		fds[POLL_PTY].fd = tty->pty;
		fds[POLL_PTY].events |= POLLOUT;
	}
	return -1;
}

static void read_input(struct tty *tty)
{
	ssize_t size = read(STDIN_FILENO, tty->in.bytes, sizeof(tty->in.bytes));

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (size <= 0) {
		/* What a person types at the end of input: the program sees the end as well. */
		tty->reads = tty->raw;
		tty->in.bytes[0] = '\004';
		size = 1;
	}
	tty->in.at = 0;
	tty->in.size = (size_t)size;
}

static void write_input(struct tty *tty)
{
	ssize_t size = write(tty->pty, tty->in.bytes + tty->in.at, tty->in.size - tty->in.at);

	if (size > 0)
		tty->in.at += (size_t)size;
	else if (size < 0 && errno != EAGAIN && errno != EINTR)
		tty->in.at = tty->in.size;
}

/* Returns whether there was something. */
static bool read_output(struct tty *tty)
{
	ssize_t size = read(tty->pty, tty->out.bytes, sizeof(tty->out.bytes));

	tty->hung = size < 0 && errno == EIO;
	if (size <= 0)
		return false;
	tty->out.at = 0;
	tty->out.size = (size_t)size;
	return true;
}

/* Output that cannot be written hangs the program's terminal up, as a lost line does. */
static void write_output(struct tty *tty)
{
	ssize_t size =
		write(STDOUT_FILENO, tty->out.bytes + tty->out.at, tty->out.size - tty->out.at);

	if (size > 0) {
		tty->out.at += (size_t)size;
	} else if (size < 0 && errno != EAGAIN && errno != EINTR) {
		tty->error = errno;
		tty->out.at = tty->out.size;
		close_pty(tty);
	}
}

void tty_copy(struct tty *tty, const struct pollfd fds[TTY_POLL_FDS])
{
	if (fds[POLL_OUT].revents)
		write_output(tty);
	if (tty->pty < 0)
		return;
	if (fds[POLL_IN].revents)
		read_input(tty);
	if (fds[POLL_PTY].revents & POLLOUT)
		write_input(tty);
	if (is_empty(&tty->out) && (tty->hung || (fds[POLL_PTY].revents & ~POLLOUT)))
		(void)read_output(tty);
}

void tty_drain(struct tty *tty)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (tty->pty >= 0 && (!is_empty(&tty->out) || read_output(tty))) {
		if (poll(&out, 1, -1) > 0)
			write_output(tty);
	}
}
