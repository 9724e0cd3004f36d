/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host in small: runs a program in a container, and hears of its start, its OOM kills and its end in one poll loop. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

/* Hooks run inside exd_engine_dispatch(); a negative errno value from this one would end the container. */
static int started(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	*(int *)ctx = oom_fd;
	return printf("%s: started as process %d\n", exd_process_id(process), (int)pid) < 0 ? -EIO : 0;
}

static void ended(void *ctx, struct exd_process *process, const struct exd_exit_status *status)
{
	(void)ctx;
	(void)printf("%s: ended with %" PRIu32 "%s\n", exd_process_id(process), status->exit_code,
		     status->oom_killed ? ", out of memory" : "");
}

/* The container is at its end when the channel is: then it leaves the poll loop. */
static int read_oom(int oom_fd)
{
	struct exd_oom_event event;

	if (read(oom_fd, &event, sizeof(event)) != (ssize_t)sizeof(event))
		return -1;
	(void)printf("the kernel killed a process for memory, %" PRIu64 " so far\n", event.oom_kills);
	return oom_fd;
}

static int follow(struct exd_engine *engine, const struct exd_process *process, int *oom_fd, struct exd_error *err)
{
	while (exd_process_phase(process) < EXD_PHASE_DONE) {
		struct pollfd fds[2] = {
			{.fd = exd_engine_fd(engine), .events = POLLIN},
			{.fd = *oom_fd, .events = POLLIN},
		};
		int r = poll(fds, 2, -1);

		if (r < 0 && errno != EINTR)
			return exd_error_set(err, EXD_ERR_SYSTEM, errno, "poll");
		if (r > 0 && fds[1].revents)
			*oom_fd = read_oom(*oom_fd);
		r = exd_engine_dispatch(engine, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run(struct exd_engine *engine, const struct exd_command *command, struct exd_exit_status *status,
	       struct exd_error *err)
{
	int oom_fd = -1;
	struct exd_stdio stdio = {.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .out = 1, .err = 2};
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = &oom_fd, .start = started, .exit = ended};
	struct exd_process *process;
	int r = exd_start(engine, command, &stdio, &hooks, EXD_START_TIED | EXD_START_EPHEMERAL, &process, err);

	if (r < 0)
		return r;
	r = follow(engine, process, &oom_fd, err);
	if (r == 0)
		r = exd_process_wait(process, 0, status, err);
	exd_process_free(process);
	return r;
}

int main(int argc, char **argv)
{
	static const char *const hello[] = {"sh", "-c", "echo hello from process $$; exit 42", NULL};
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_engine *engine = NULL;
	struct exd_command *command = NULL;
	int r = exd_engine_open(&engine, NULL, &err);

	if (r == 0)
		r = exd_command_new(&command, &err);
	if (r == 0)
		r = exd_command_set_args(command, argc > 1 ? (const char *const *)(argv + 1) : hello, &err);
	if (r == 0)
		r = exd_command_set(command, "memory", "64m", &err);
	if (r == 0)
		r = exd_command_set_bool(command, EXD_KEY_BEST_EFFORT, true, &err);
	if (r == 0)
		r = run(engine, command, &status, &err);
	if (r < 0)
		(void)fprintf(stderr, "embed: %s\n", err.text);
	exd_command_free(command);
	exd_engine_close(engine);
	return r < 0 ? exd_error_exit_code(&err) : (int)status.exit_code;
}
