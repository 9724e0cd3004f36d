/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pty of a detached container: what it prints is copied into its output file. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fdio.h"
#include "monitor/task.h"

#define CHUNK 4096
/* How much of one flood is copied before others get their turn. */
#define CHUNKS_A_TURN 16

/*
 * False when there is nothing more to come. What the output file does not take is lost, not waited
 * for.
 */
static bool copy(struct task *t)
{
	char buf[CHUNK];

	for (int i = 0; i < CHUNKS_A_TURN; i++) {
		ssize_t n = read(t->tty.fd, buf, sizeof(buf));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		/* EIO: no slave is open any more. */
		if (n <= 0)
			return false;
		(void)write_all(t->output, buf, (size_t)n);
	}
	return true;
}

static void tty_ready(struct monitor *m, struct watch *w, uint32_t events)
{
	struct task *t = container_of(w, struct task, tty);

	(void)events;
	if (!copy(t))
		watch_close(m, w);
}

/* Takes the master; it is not the client's then. */
int tty_keep(struct monitor *m, struct task *t)
{
	int master = t->master;

	if (master < 0)
		return 0;
	t->master = -1;
	t->tty.fd = master;
	t->tty.fn = tty_ready;
	if (fcntl(t->tty.fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return -errno;
	return watch_add(m, &t->tty, EPOLLIN);
}

void tty_finish(struct monitor *m, struct task *t)
{
	if (t->tty.fd < 0)
		return;
	(void)copy(t);
	watch_close(m, &t->tty);
}

int tty_resize(struct task *t, uint16_t rows, uint16_t columns)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};

	if (t->tty.fd < 0)
		return -ENOTTY;
	return ioctl(t->tty.fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
