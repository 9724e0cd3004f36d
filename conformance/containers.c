/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines, commands and containers for cases. */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"

#define SHELL_WORDS 16
#define OUTPUT_MS 1000

static void keep_warning(void *arg, enum exd_log_level level, const char *driver, const char *id,
			 const char *text)
{
	const struct kit *kit = arg;

	(void)level;
	(void)driver;
	(void)id;
	(void)write_all(kit->warnings_fd, text, strlen(text));
	(void)write_all(kit->warnings_fd, "\n", 1);
}

struct exd_engine *kit_engine(struct kit *kit, const char *config)
{
	struct exd_engine_config full = {
		.struct_size = sizeof(full),
		.config = config,
		.root = kit->root,
		.driver = kit->options->driver,
		.log = keep_warning,
		.log_arg = kit,
		.log_level = EXD_LOG_WARNING,
	};
	struct exd_engine *engine = NULL;

	kit_must(kit, exd_engine_open(&engine, &full, &kit->err), "opening an engine");
	return engine;
}

bool kit_warned(struct kit *kit, const char *key)
{
	char text[4096];
	ssize_t n = read_file_fd(kit->warnings_fd, text, sizeof(text));

	return n > 0 && strstr(text, key);
}

const char *kit_id(struct kit *kit, const char *name, char id[KIT_ID])
{
	(void)snprintf(id, KIT_ID, "%s-%s", kit->token, name);
	return id;
}

void kit_set(struct kit *kit, struct exd_command *command, const char *key, const char *value)
{
	kit_must(kit, exd_command_set(command, key, value, &kit->err), key);
}

struct exd_command *kit_exec_command(struct kit *kit, const char *script)
{
	static const char *const usual[] = {"/bin/sh", "-c", NULL};
	const char *const *shell = kit->options->shell ? kit->options->shell : usual;
	const char *args[SHELL_WORDS + 2] = {0};
	struct exd_command *command = NULL;
	size_t count = 0;

	while (count < SHELL_WORDS && shell[count]) {
		args[count] = shell[count];
		count++;
	}
	args[count] = script;
	kit_must(kit, exd_command_new(&command, &kit->err), "making a command");
	kit_must(kit, exd_command_set_args(command, args, &kit->err), "setting arguments");
	return command;
}

struct exd_command *kit_command(struct kit *kit, const char *name, const char *script)
{
	struct exd_command *command = kit_exec_command(kit, script);
	char id[KIT_ID];

	kit_must(kit,
		 exd_command_set_string(command, EXD_KEY_ID, kit_id(kit, name, id), &kit->err),
		 "setting the id");
	if (kit->options->rootfs)
		kit_set(kit, command, "rootfs", kit->options->rootfs);
	return command;
}

struct exd_exit_status kit_run_command(struct kit *kit, const struct exd_command *command)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};

	kit_must(kit, exd_run(kit->engine, command, NULL, NULL, &status, &kit->err), "run");
	return status;
}

struct exd_exit_status kit_output(struct kit *kit, const struct exd_command *command, char *text,
				  size_t size)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .err = EXD_FD_NULL};
	struct pollfd p = {.events = POLLIN};
	size_t used = 0;
	ssize_t n;
	int out[2];

	kit_pipe(kit, out);
	stdio.out = out[1];
	p.fd = out[0];
	kit_must(kit, exd_run(kit->engine, command, &stdio, NULL, &status, &kit->err), "run");
	(void)close(out[1]);
	/* That EOF comes is the business of a case of its own. */
	while (used + 1 < size && poll(&p, 1, OUTPUT_MS) > 0 &&
	       (n = read(out[0], text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	(void)close(out[0]);
	return status;
}

void kit_until(struct kit *kit, const struct exd_process *process, enum exd_phase phase)
{
	struct pollfd p = {.fd = exd_engine_fd(kit->engine), .events = POLLIN};
	int64_t deadline = clock_ms() + KIT_SOON_MS;

	while (exd_process_phase(process) < phase && clock_left_ms(deadline) > 0)
		if (poll(&p, 1, clock_left_ms(deadline)) > 0)
			kit_must(kit, exd_engine_dispatch(kit->engine, &kit->err), "dispatch");
	kit_check(kit, exd_process_phase(process) >= phase, "%s: nothing was heard of it in %d s",
		  exd_process_id(process), KIT_SOON_MS / 1000);
	if (exd_process_phase(process) != EXD_PHASE_FAILED || phase == EXD_PHASE_FAILED)
		return;
	kit_must(kit, exd_process_wait((struct exd_process *)process, 0, NULL, &kit->err), "start");
	kit_fail(kit, "the start failed without an error");
}

static struct exd_stdio lend(struct kit *kit, int in[2], int out[2])
{
	struct exd_stdio stdio = {.struct_size = sizeof(stdio), .err = EXD_FD_NULL};

	kit_pipe(kit, in);
	kit_pipe(kit, out);
	stdio.in = in[0];
	stdio.out = out[1];
	return stdio;
}

struct kit_box kit_start_command(struct kit *kit, const char *name,
				 const struct exd_command *command, const struct exd_hooks *hooks,
				 uint32_t flags)
{
	struct kit_box box = {0};
	int in[2], out[2];
	struct exd_stdio stdio = lend(kit, in, out);

	kit_id(kit, name, box.id);
	kit_must(kit,
		 exd_start(kit->engine, command, &stdio, hooks, flags, &box.process, &kit->err),
		 "start");
	(void)close(in[0]);
	(void)close(out[1]);
	box.in = in[1];
	box.out = out[0];
	kit_until(kit, box.process, EXD_PHASE_RUNNING);
	return box;
}

struct kit_box kit_start_box(struct kit *kit, const char *name, const char *script, uint32_t flags)
{
	struct exd_command *command = kit_command(kit, name, script);
	struct kit_box box = kit_start_command(kit, name, command, NULL, flags);

	exd_command_free(command);
	return box;
}

struct kit_box kit_start_exec(struct kit *kit, const struct kit_box *in_box,
			      const struct exd_command *command, const struct exd_hooks *hooks)
{
	struct kit_box box = *in_box;
	int in[2], out[2];
	struct exd_stdio stdio = lend(kit, in, out);

	kit_must(kit,
		 exd_exec_start(kit->engine, in_box->id, command, &stdio, hooks, 0, &box.process,
				&kit->err),
		 "exec");
	(void)close(in[0]);
	(void)close(out[1]);
	box.in = in[1];
	box.out = out[0];
	kit_until(kit, box.process, EXD_PHASE_RUNNING);
	return box;
}

void kit_tell(struct kit *kit, const struct kit_box *box, const char *text)
{
	kit_check(kit, write_all(box->in, text, strlen(text)) == 0, "cannot write to its stdin: %s",
		  strerror(errno));
}

struct exd_exit_status kit_wait(struct kit *kit, const struct kit_box *box)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};

	kit_must(kit, exd_process_wait(box->process, KIT_SOON_MS, &status, &kit->err), "waiting");
	return status;
}

void kit_let_end(struct kit *kit, struct kit_box *box, uint32_t code)
{
	struct exd_exit_status status;

	kit_tell(kit, box, "end\n");
	status = kit_wait(kit, box);
	kit_check(kit, status.exit_code == code, "it exited with code %u instead of %u",
		  status.exit_code, code);
	box->process = exd_process_free(box->process);
	(void)close(box->in);
	(void)close(box->out);
}

void kit_stopped(struct kit *kit, const char *name, char id[KIT_ID])
{
	struct kit_box box = kit_start_box(kit, name, "exit 0", 0);

	(void)kit_wait(kit, &box);
	exd_process_free(box.process);
	(void)close(box.in);
	(void)close(box.out);
	memcpy(id, box.id, KIT_ID);
}

enum exd_status kit_status(struct kit *kit, const char *id)
{
	struct exd_box *box = NULL;
	enum exd_status status;

	kit_must(kit, exd_box_find(kit->engine, id, &box, &kit->err), "finding the container");
	status = exd_box_status(box);
	exd_box_free(box);
	return status;
}

void kit_new_engine(struct kit *kit)
{
	exd_engine_close(kit->engine);
	kit->engine = kit_engine(kit, kit->options->config);
}
