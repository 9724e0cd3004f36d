/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker hears: from the process it started, and from the monitor. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <execdriver/worker.h>

#include "base/seqpacket.h"
#include "drivers/lxc/worker.h"

static void take(int *to, int *fd)
{
	if (*to >= 0)
		(void)close(*to);
	*to = *fd;
	*fd = -1;
}

static void handle(struct worker *w, const struct words_message *message, int *fd)
{
	switch ((enum words_kind)message->kind) {
	case WORDS_TTY:
		take(&w->tty, fd);
		break;
	case WORDS_LINE:
		take(&w->below, fd);
		break;
	case WORDS_PARKED:
		worker_alive(w, EXD_WORKER_PARKED);
		break;
	case WORDS_GOING:
		w->going = true;
		break;
	case WORDS_FAILED:
		w->failure = *message;
		break;
	case WORDS_STATUS:
		w->has_status = true;
		w->status = message->status;
		break;
	}
}

/* One message. False when there is none; *end when there never will be. */
static bool read_one(struct worker *w, int line, bool *end)
{
	struct words_message message;
	unsigned int count = 1;
	int fd = -1;
	ssize_t n = seq_recv(line, &message, sizeof(message), &fd, &count, MSG_DONTWAIT);

	*end = n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR);
	if (n != (ssize_t)sizeof(message))
		return false;
	handle(w, &message, &fd);
	if (fd >= 0)
		(void)close(fd);
	return true;
}

static void drain(struct worker *w, int *line)
{
	bool end = false;

	while (*line >= 0 && read_one(w, *line, &end))
		;
	if (!end)
		return;
	(void)close(*line);
	*line = -1;
}

void worker_read_line(struct worker *w)
{
	bool had_below;

	drain(w, &w->line);
	had_below = w->below >= 0;
	drain(w, &w->below);
	if (w->ready || !w->going || w->failure.kind)
		return;
	if (had_below ? w->below >= 0 : w->line >= 0)
		return;
	w->ready = true;
	worker_alive(w, EXD_WORKER_READY);
}

bool worker_read_order(struct worker *w)
{
	struct exd_worker_order order;
	ssize_t n = recv(w->monitor, &order, sizeof(order), MSG_DONTWAIT);
	char go = 1;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	if (n == (ssize_t)sizeof(order) && order.kind == EXD_WORKER_GO && w->line >= 0)
		(void)send(w->line, &go, 1, MSG_NOSIGNAL);
	return true;
}
