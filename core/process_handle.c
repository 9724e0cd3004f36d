/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's view of a process: getters, stdio, the pty, waiting. */
#include "core/process.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/sized.h"

static pthread_mutex_t *guard(const struct exd_process *p)
{
	return (pthread_mutex_t *)&p->lock;
}

static int read_fd(const struct exd_process *p, const int *fd)
{
	int value;

	pthread_mutex_lock(guard(p));
	value = *fd;
	pthread_mutex_unlock(guard(p));
	return value;
}

enum exd_phase exd_process_phase(const struct exd_process *process)
{
	enum exd_phase phase;

	pthread_mutex_lock(guard(process));
	phase = process->phase;
	pthread_mutex_unlock(guard(process));
	return phase;
}

const char *exd_process_id(const struct exd_process *process)
{
	return process->id;
}

pid_t exd_process_pid(const struct exd_process *process)
{
	return read_fd(process, &process->pid);
}

int exd_process_pidfd(const struct exd_process *process)
{
	return read_fd(process, &process->pidfd);
}

bool exd_process_is_exec(const struct exd_process *process)
{
	return process->is_exec;
}

int exd_process_stdin(const struct exd_process *process)
{
	return read_fd(process, &process->stdio[0]);
}

int exd_process_stdout(const struct exd_process *process)
{
	return read_fd(process, &process->stdio[1]);
}

int exd_process_stderr(const struct exd_process *process)
{
	return read_fd(process, &process->stdio[2]);
}

int exd_process_tty(const struct exd_process *process)
{
	return read_fd(process, &process->tty);
}

int exd_process_oom_fd(const struct exd_process *process)
{
	/* Readable from the start on, which gives it a pidfd. */
	return exd_process_pidfd(process) >= 0 ? read_fd(process, &process->oom_fd) : FD_NONE;
}

int exd_wait_fd(const struct exd_process *process)
{
	return exd_process_pidfd(process);
}

int exd_process_take_fd(struct exd_process *process, int which)
{
	int fd = FD_NONE;

	pthread_mutex_lock(&process->lock);
	if (which >= 0 && which < 3)
		fd = take_fd(&process->stdio[which]);
	else if (which == 3)
		fd = take_fd(&process->tty);
	pthread_mutex_unlock(&process->lock);
	return fd;
}

int exd_process_close_stdin(struct exd_process *process, struct exd_error *err)
{
	int fd = exd_process_take_fd(process, 0);

	if (fd >= 0)
		(void)close(fd);
	return 0;
}

int exd_process_resize(struct exd_process *process, uint16_t rows, uint16_t columns,
		       struct exd_error *err)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	int r = 0;

	pthread_mutex_lock(&process->lock);
	if (process->tty >= 0) {
		r = ioctl(process->tty, TIOCSWINSZ, &size) < 0 ? errno : 0;
	} else if (process->wants_tty && process->phase < EXD_PHASE_RUNNING) {
		process->rows = rows;
		process->columns = columns;
	} else {
		r = ENOTTY;
	}
	pthread_mutex_unlock(&process->lock);
	if (r)
		return exd_error_set(err, EXD_ERR_TTY, r, "cannot resize the terminal of '%s'",
				     process->id);
	return 0;
}

int exd_process_wait(struct exd_process *process, int timeout_ms, struct exd_exit_status *status,
		     struct exd_error *err)
{
	int64_t deadline = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	struct exd_engine *engine = process->engine;
	int r = sized_check(status, "exd_exit_status", err);

	if (r < 0)
		return r;
	watch_ref(engine, &process->watch);
	r = process_claim(process, deadline);
	if (r == 0) {
		r = process_finish(process, deadline);
		if (r == 0)
			r = process_result(process, status, err);
		else
			r = exd_error_set(err, EXD_ERR_TIMEOUT, -r, "'%s' has not ended yet",
					  process->id);
		process_release(process);
	} else if (r == -ETIMEDOUT) {
		exd_error_set(err, EXD_ERR_TIMEOUT, -r, "'%s' has not ended yet", process->id);
	} else {
		exd_error_set(err, EXD_ERR_INVALID, -r,
			      "a hook cannot wait for its own process '%s'", process->id);
	}
	watch_unref(engine, &process->watch);
	return r;
}

struct exd_process *exd_process_free(struct exd_process *process)
{
	struct exd_engine *engine;
	bool needed;

	if (!process)
		return NULL;
	engine = process->engine;
	pthread_mutex_lock(&process->lock);
	process->freed = true;
	/*
	 * Its connection keeps a tied container alive, and a start that is under way wants its
	 * answer.
	 */
	needed = process->phase < EXD_PHASE_RUNNING ||
		 (process->tied && process->phase == EXD_PHASE_RUNNING);
	memset(&process->hooks, 0, sizeof(process->hooks));
	pthread_mutex_unlock(&process->lock);
	if (!needed)
		watch_remove(engine, &process->watch);
	watch_unref(engine, &process->watch);
	return NULL;
}
