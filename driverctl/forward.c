/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals that driverctl gets on behalf of a program in the foreground. */
#include "driverctl/forward.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define IMPATIENCE_MS 2000

int forward_open(struct forward *forward, struct exd_error *err)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGWINCH};
	sigset_t set;

	*forward = (struct forward){.fd = FD_NONE};
	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct sigaction action;

		/* The caller's nohup holds for the program as well. */
		if (sigaction(taken[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			(void)sigaddset(&set, taken[i]);
	}
	forward->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (forward->fd < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot receive signals");
	/* Output that nobody reads is an error of write(2), told when the program has ended. */
	(void)sigaddset(&set, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return 0;
}

void forward_close(struct forward *forward)
{
	cleanup_close_fn(&forward->fd);
	forward->fd = FD_NONE;
}

int forward_next(struct forward *forward)
{
	struct signalfd_siginfo info;
	uint64_t now, before = forward->asked_ms;

	if (read(forward->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo != SIGINT && info.ssi_signo != SIGTERM)
		return (int)info.ssi_signo;
	now = (uint64_t)clock_ms();
	forward->asked_ms = now;
	return before && now - before <= IMPATIENCE_MS ? SIGKILL : (int)info.ssi_signo;
}

void forward_stop_self(void)
{
	sigset_t stop;

	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stop, NULL);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
}
