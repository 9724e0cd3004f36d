/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A driver whose container is a child of its worker, tests/root/worker.c. What that does is in the
 * command's environment: WORKER=...
 */
#include "tests/drivers/odd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef WORKER_FLAGS
#define WORKER_FLAGS 0
#define WORKER_KILL NULL
#define WORKER_NAME "worker"
#endif

#define ARGS_MAX 32

static int open_worker(void **self, const struct exd_options *options, struct exd_error *err)
{
	static const char *const known[] = {"program", NULL};
	const char *program = exd_options_string(options, "program", "");

	*self = strdup(program);
	return exd_options_check(options, known, err);
}

static void close_worker(void *self)
{
	free(self);
}

static const char *behaviour(const struct exd_command *command)
{
	const char *found = "good";

	for (size_t i = 0; i < exd_command_count(command, EXD_KEY_ENV); i++) {
		const char *item = exd_command_item(command, EXD_KEY_ENV, i);

		if (strncmp(item, "WORKER=", 7) == 0)
			found = item + 7;
	}
	return found;
}

/* PROGRAM BEHAVIOUR FLAGS ARGS..., with the state directory as descriptor 4. */
static int plan_worker(void *self, const struct exd_command *command, struct exd_plan *plan, struct exd_error *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	bool tty = exd_command_bool(command, EXD_KEY_TTY);
	const char *argv[ARGS_MAX + 4] = {self, behaviour(command)};
	size_t count = exd_command_count(command, EXD_KEY_ARGS);
	int slot = exd_plan_fd_consume(plan, fcntl(exd_plan_root_fd(plan), F_DUPFD_CLOEXEC, 3), EXD_FD_KEEP);

	argv[2] = exd_plan_wants_park(plan) ? (tty ? "park,tty" : "park") : tty ? "tty"
										: "";
	for (size_t i = 0; i < count && i < ARGS_MAX; i++)
		argv[3 + i] = exd_command_item(command, EXD_KEY_ARGS, i);
	(void)exd_plan_worker(plan, argv, env, &slot, 1, WORKER_FLAGS);
	return exd_plan_error(plan, err);
}

static int exec_worker(void *self, struct exd_record *record, const struct exd_command *command, struct exd_plan *plan,
		       struct exd_error *err)
{
	return plan_worker(self, command, plan, err);
}

static int kill_pidfd(struct exd_record *record)
{
	int pidfd = exd_record_pidfd(record);

	if (pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return 0;
}

/* What the worker of a container elsewhere wrote down: its pid, in a file of the state directory. */
UNUSED static int kill_remote(void *self, struct exd_record *record, int sig, struct exd_error *err)
{
	int fd = openat(exd_record_root_fd(record), ".remote", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH, "no such service");
	(void)close(fd);
	return kill(atoi(text), sig) < 0 ? exd_error_set(err, EXD_ERR_SYSTEM, errno, "kill") : 0;
}

static int terminate_worker(void *self, struct exd_record *record, struct exd_error *err)
{
	return kill_pidfd(record);
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	ODD_DRIVER,
	.name = WORKER_NAME,
	.caps = EXD_CAP_EXEC | EXD_CAP_PRE_START,
	.open = open_worker,
	.close = close_worker,
	.run = plan_worker,
	.exec = exec_worker,
	.terminate = terminate_worker,
	.kill = WORKER_KILL,
};
