/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What run, exec and explain have in common: command, terminal, descriptors, start. */
#include "driverctl/launch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "driverctl/command_build.h"
#include "driverctl/pid_file.h"
#include "driverctl/print.h"
#include "driverctl/tty.h"

/* A terminal of its own when asked for, or when the caller is at one. */
static int decide_tty(struct launch *launch, struct exd_error *err)
{
	const struct settings *settings = &launch->ctl->args.settings;
	uint16_t rows, columns;
	char size[16];
	int r;

	if (settings->tty && settings->no_tty)
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "--tty and --no-tty exclude each other");
	if (settings->tty || settings->no_tty)
		launch->tty = settings->tty;
	else if (exd_command_is_set(launch->command, EXD_KEY_TTY))
		launch->tty = exd_command_bool(launch->command, EXD_KEY_TTY);
	else
		launch->tty = !settings->detach && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (settings->detach && launch->tty && launch->exec_id)
		return exd_error_set(
			err, EXD_ERR_INVALID, 0,
			"--detach and --tty exclude each other: nobody would hold the terminal");
	if (settings->detach && settings->interactive && !launch->tty)
		return exd_error_set(
			err, EXD_ERR_INVALID, 0,
			"--interactive with --detach needs --tty: nothing else could write to it");
	r = exd_command_set_bool(launch->command, EXD_KEY_TTY, launch->tty, err);
	if (r < 0 || !launch->tty || exd_command_is_set(launch->command, EXD_KEY_TTY_SIZE) ||
	    !tty_size(&rows, &columns))
		return r;
	(void)snprintf(size, sizeof(size), "%ux%u", rows, columns);
	return exd_command_set_string(launch->command, EXD_KEY_TTY_SIZE, size, err);
}

int launch_prepare(struct launch *launch, struct ctl *ctl, struct exd_error *err)
{
	const char *id = ctl->args.operand_count ? ctl->args.operands[0] : NULL;
	int r;

	*launch = (struct launch){.ctl = ctl, .hook_error = EXD_ERROR_INIT};
	r = command_build(&launch->command, &ctl->args, err);
	if (r < 0)
		return r;
	if (!exd_command_count(launch->command, EXD_KEY_ARGS))
		return exd_error_set(err, EXD_ERR_INVALID, 0, "no program to run: driverctl %s %s",
				     ctl->verb->name, ctl->verb->usage);
	if (ctl->verb->of == OF_EXEC)
		launch->exec_id = id;
	else if (id)
		r = exd_command_set_string(launch->command, EXD_KEY_ID, id, err);
	return r < 0 ? r : decide_tty(launch, err);
}

void launch_free(struct launch *launch)
{
	launch->process = exd_process_free(launch->process);
	launch->command = exd_command_free(launch->command);
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct launch *launch = ctx;

	(void)process;
	(void)oom_fd;
	return pid_file_write(launch->ctl->args.settings.pid_file, pid, &launch->hook_error);
}

static int lent_fd(const struct ctl *ctl, int fd)
{
	return ctl->closed[fd] ? EXD_FD_NULL : fd;
}

static int start(struct launch *launch, struct exd_error *err)
{
	struct ctl *ctl = launch->ctl;
	const struct settings *settings = &ctl->args.settings;
	const struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = launch, .start = on_start};
	const struct exd_hooks *hooked = settings->pid_file ? &hooks : NULL;
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio),
		.in = lent_fd(ctl, STDIN_FILENO),
		.out = lent_fd(ctl, STDOUT_FILENO),
		.err = lent_fd(ctl, STDERR_FILENO),
	};
	uint32_t flags = EXD_START_TIED | EXD_START_EPHEMERAL;

	if (settings->detach) {
		stdio.in = EXD_FD_NULL;
		/* The file is the container's own; an exec's output has nowhere to go. */
		stdio.out = stdio.err = launch->exec_id ? EXD_FD_NULL : EXD_FD_OUTPUT;
		flags = settings->remove ? EXD_START_EPHEMERAL : 0;
	}
	if (launch->exec_id)
		/* Not tied: as with others of its kind, it goes on when this is killed. */
		return exd_exec_start(ctl->engine, launch->exec_id, launch->command, &stdio, hooked,
				      0, &launch->process, err);
	return exd_start(ctl->engine, launch->command, &stdio, hooked, flags, &launch->process,
			 err);
}

static bool has_begun(enum exd_phase phase)
{
	return phase != EXD_PHASE_STARTING && phase != EXD_PHASE_PARKED;
}

/* Waits for the start alone, and prints the id. */
static int detach(struct launch *launch, struct exd_error *err)
{
	struct exd_engine *engine = launch->ctl->engine;
	struct pollfd fd = {.fd = exd_engine_fd(engine), .events = POLLIN};

	while (!has_begun(exd_process_phase(launch->process))) {
		int r;

		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return exd_error_set(err, EXD_ERR_SYSTEM, errno,
					     "cannot wait for the start");
		r = exd_engine_dispatch(engine, err);
		if (r < 0)
			return r;
	}
	if (exd_process_phase(launch->process) == EXD_PHASE_FAILED)
		return launch_outcome(launch, err);
	if (launch->exec_id)
		return 0;
	(void)printf("%s\n", exd_process_id(launch->process));
	return print_flush(err);
}

/* What 8 bits can say: a code that would look like success is not one. */
static int exit_code(const struct exd_exit_status *status)
{
	int low = (int)(status->exit_code & 0xff);

	if (status->signal)
		return 128 + (int)status->signal;
	return low == 0 && status->exit_code ? EXIT_DRIVERCTL : low;
}

int launch_outcome(struct launch *launch, struct exd_error *err)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	int r = exd_process_wait(launch->process, -1, &status, err);

	if (r < 0 && launch->hook_error.code && err->code == EXD_ERR_HOOK)
		*err = launch->hook_error;
	if (r < 0)
		return r;
	if (status.lost)
		return exd_error_set(err, EXD_ERR_LOST, 0,
				     "%s has ended and its exit code is lost: %s",
				     exd_process_id(launch->process), exd_lost_reason(status.lost));
	if (status.oom_killed)
		log_line(&launch->ctl->log, EXD_LOG_WARNING, "", exd_process_id(launch->process),
			 "killed: it used more memory than its limit allows");
	return exit_code(&status);
}

int launch_run(struct launch *launch, struct exd_error *err)
{
	int r = start(launch, err);

	if (r < 0)
		return r;
	return launch->ctl->args.settings.detach ? detach(launch, err)
						 : foreground_wait(launch, err);
}
