/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop around a program in the foreground: the engine's messages, signals, the terminal. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "driverctl/forward.h"
#include "driverctl/launch.h"
#include "driverctl/tty.h"

struct foreground {
	struct launch *launch;
	struct forward forward;
	struct tty tty;
	int waiting; /* a signal that came before the program was there to get it */
};

static void report(struct foreground *fg, const char *what, const struct exd_error *err)
{
	struct exd_error shown = *err;

	(void)exd_error_prefix(&shown, -1, "%s", what);
	log_line(&fg->launch->ctl->log, EXD_LOG_WARNING, "", "", shown.text);
}

/* Where there are no signals, what asks a program to end is to end it all the same. */
static int kill_container(struct launch *launch, int number, struct exd_error *err)
{
	const char *id = exd_process_id(launch->process);
	bool asks = number == SIGINT || number == SIGQUIT || number == SIGHUP;
	int r = exd_kill(launch->ctl->engine, id, number, err);

	if (r < 0 && asks && err->code == EXD_ERR_UNSUPPORTED) {
		*err = (struct exd_error)EXD_ERROR_INIT;
		r = exd_kill(launch->ctl->engine, id, SIGTERM, err);
	}
	return r;
}

/* To the container's first process, or to that of the exec. */
static void send_signal(struct foreground *fg, int number)
{
	struct launch *launch = fg->launch;
	struct exd_error err = EXD_ERROR_INIT;
	int r;

	if (launch->exec_id) {
		r = (int)syscall(SYS_pidfd_send_signal, exd_process_pidfd(launch->process), number,
				 NULL, 0);
		if (r < 0 && errno != ESRCH)
			(void)exd_error_set(&err, EXD_ERR_SYSTEM, errno, "the program in %s",
					    launch->exec_id);
	} else {
		r = kill_container(launch, number, &err);
	}
	if (r < 0 && err.code && err.code != EXD_ERR_NOT_RUNNING && err.code != EXD_ERR_NOT_FOUND)
		report(fg, "signal not passed on", &err);
}

/* ^Z: the program stands still with us. An exec is stopped alone, not the container around it. */
static void suspend(struct foreground *fg)
{
	struct launch *launch = fg->launch;
	const char *id = exd_process_id(launch->process);
	struct exd_error err = EXD_ERROR_INIT;
	int paused = -EBUSY;

	if (launch->exec_id)
		send_signal(fg, SIGSTOP);
	else
		paused = exd_pause(launch->ctl->engine, id, &err);
	if (err.code && err.code != EXD_ERR_PAUSED)
		report(fg, "not paused", &err);
	tty_cooked(&fg->tty);
	forward_stop_self();
	if (launch->tty)
		tty_raw(&fg->tty);
	if (launch->exec_id)
		send_signal(fg, SIGCONT);
	else if (paused >= 0 && exd_unpause(launch->ctl->engine, id, &err) < 0)
		report(fg, "not resumed", &err);
}

/* Before the pty is there, the library keeps the size for it. */
static void resize(struct foreground *fg)
{
	uint16_t rows, columns;

	if (!fg->launch->tty || !tty_size(&rows, &columns))
		return;
	if (fg->tty.pty >= 0)
		tty_resize(&fg->tty, rows, columns);
	else
		(void)exd_process_resize(fg->launch->process, rows, columns, NULL);
}

static void handle_signal(struct foreground *fg, int number)
{
	bool running = exd_process_phase(fg->launch->process) == EXD_PHASE_RUNNING;

	if (number == SIGWINCH)
		resize(fg);
	else if (number == SIGTSTP && running)
		suspend(fg);
	else if (number != SIGTSTP && running)
		send_signal(fg, number);
	else if (number != SIGTSTP)
		fg->waiting = number;
}

/* What becomes possible once the program runs. */
static void catch_up(struct foreground *fg)
{
	struct exd_process *process = fg->launch->process;
	enum exd_phase phase = exd_process_phase(process);

	if (fg->launch->tty && fg->tty.pty < 0 && !fg->tty.error && phase >= EXD_PHASE_RUNNING &&
	    phase != EXD_PHASE_FAILED) {
		int pty = exd_process_take_fd(process, 3);

		if (pty >= 0)
			tty_attach_take(&fg->tty, pty);
	}
	if (fg->waiting && phase == EXD_PHASE_RUNNING) {
		send_signal(fg, fg->waiting);
		fg->waiting = 0;
	}
}

static bool is_over(const struct exd_process *process)
{
	enum exd_phase phase = exd_process_phase(process);

	return phase == EXD_PHASE_DONE || phase == EXD_PHASE_FAILED;
}

static int loop(struct foreground *fg, struct exd_error *err)
{
	struct exd_engine *engine = fg->launch->ctl->engine;
	struct pollfd fds[2 + TTY_POLL_FDS];

	for (;;) {
		int number, timeout, r = exd_engine_dispatch(engine, err);

		if (r < 0)
			return r;
		catch_up(fg);
		if (is_over(fg->launch->process))
			return 0;
		/* Given up before the program began: closing the engine ends what there is. */
		if (fg->waiting == SIGKILL)
			return exd_error_set(err, EXD_ERR_ABORTED, 0,
					     "given up before the program began");
		fds[0] = (struct pollfd){.fd = exd_engine_fd(engine), .events = POLLIN};
		fds[1] = (struct pollfd){.fd = fg->forward.fd, .events = POLLIN};
		timeout = tty_poll(&fg->tty, fds + 2);
		if (poll(fds, 2 + TTY_POLL_FDS, timeout) < 0) {
			if (errno == EINTR)
				continue;
			return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot wait");
		}
		while ((number = forward_next(&fg->forward)))
			handle_signal(fg, number);
		tty_copy(&fg->tty, fds + 2);
	}
}

int foreground_wait(struct launch *launch, struct exd_error *err)
{
	struct foreground fg = {.launch = launch, .tty.pty = FD_NONE};
	bool reads =
		launch->tty && (launch->ctl->args.settings.interactive || isatty(STDIN_FILENO));
	int error, r;

	r = forward_open(&fg.forward, err);
	if (r < 0)
		return r;
	tty_open(&fg.tty, reads);
	r = loop(&fg, err);
	if (r == 0)
		tty_drain(&fg.tty);
	error = fg.tty.error;
	tty_close(&fg.tty);
	forward_close(&fg.forward);
	if (r == 0)
		r = launch_outcome(launch, err);
	if (r >= 0 && error)
		return exd_error_set(err, EXD_ERR_SYSTEM, error, "cannot write to standard output");
	return r;
}
