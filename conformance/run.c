/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: what a program gets when it runs, and how its end is told. */
#include "conformance/kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void case_works(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "works", "exit 0");
	struct exd_exit_status status = kit_run_command(kit, command);

	kit_check(kit, !status.lost, "its end is lost");
	kit_check(kit, status.signal == 0 || status.signal == SIGKILL,
		  "it ended by signal %u, unasked", status.signal);
	exd_command_free(command);
}

static void case_once(struct kit *kit)
{
	char text[KIT_LINE];

	(void)kit_output(kit, kit_command(kit, "once", "echo began; echo ended"), text,
			 sizeof(text));
	kit_check(kit, strcmp(text, "began\nended\n") == 0, "its output is '%s'", text);
}

/* As arguments behind the script: "$0" and on. */
static void case_arguments(struct kit *kit)
{
	static const char *const odd[] = {
		"",
		" ",
		"two words",
		"\"quoted\"",
		"'single'",
		"back\\slash\\",
		"a\nline",
		"$HOME `x` *",
		"-x",
		"a=b",
		"\\\"",
		"\xc3\xa4\xff",
	};
	const size_t count = sizeof(odd) / sizeof(odd[0]);
	struct exd_command *command =
		kit_command(kit, "arguments", "for a in \"$@\"; do printf '<%s>' \"$a\"; done");
	char got[2048], want[2048];
	size_t used = 0;

	kit_must(kit, exd_command_add(command, EXD_KEY_ARGS, "zero", &kit->err), "an argument");
	for (size_t i = 0; i < count; i++) {
		kit_must(kit, exd_command_add(command, EXD_KEY_ARGS, odd[i], &kit->err),
			 "an argument");
		used += (size_t)snprintf(want + used, sizeof(want) - used, "<%s>", odd[i]);
	}
	(void)kit_output(kit, command, got, sizeof(got));
	kit_check(kit, strcmp(got, want) == 0, "the arguments arrive as %s", got);
}

static void case_environment(struct kit *kit)
{
	struct exd_command *command =
		kit_command(kit, "environment", "echo \"$KIT_A|$KIT_B|$KIT_C|$KIT_D|${KIT_E-unset}\"");
	char text[KIT_LINE];

	kit_set(kit, command, "env", "KIT_A=plain");
	kit_set(kit, command, "env", "KIT_B=a=b=c");
	kit_set(kit, command, "env", "KIT_C=two words \"and\" more");
	kit_set(kit, command, "env", "KIT_D=first");
	kit_set(kit, command, "env", "KIT_D=second");
	(void)kit_output(kit, command, text, sizeof(text));
	kit_check(kit, strcmp(text, "plain|a=b=c|two words \"and\" more|second|unset\n") == 0,
		  "the variables arrive as %s", text);
}

static void case_host_environment(struct kit *kit)
{
	char text[KIT_LINE];

	(void)setenv("KIT_SECRET", "of the host", 1);
	kit_new_engine(kit);
	(void)kit_output(kit, kit_command(kit, "secret", "echo \"${KIT_SECRET-unset}\""), text,
			 sizeof(text));
	kit_check(kit, strcmp(text, "unset\n") == 0, "a variable of the host is there: %s", text);
}

static void case_directory(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "directory", "pwd");
	char text[KIT_LINE];

	kit_set(kit, command, "cwd", "/dev");
	(void)kit_output(kit, command, text, sizeof(text));
	kit_check(kit, strcmp(text, "/dev\n") == 0, "it begins in %s", text);
}

static struct exd_command *program(struct kit *kit, const char *name, const char *path)
{
	struct exd_command *command = kit_command(kit, name, "");
	const char *const args[] = {path, NULL};

	kit_must(kit, exd_command_set_args(command, args, &kit->err), "setting arguments");
	return command;
}

static int run_only(struct kit *kit, const struct exd_command *command)
{
	return exd_run(kit->engine, command, NULL, NULL, NULL, &kit->err);
}

static void case_missing(struct kit *kit)
{
	kit_refused(kit, run_only(kit, program(kit, "missing", "/no/such/program")),
		    EXD_ERR_EXEC_NOT_FOUND, "a program that is not there");
}

static void case_not_executable(struct kit *kit)
{
	kit_refused(kit, run_only(kit, program(kit, "directory", "/dev")), EXD_ERR_EXEC,
		    "a directory as a program");
}

static void case_failed(struct kit *kit)
{
	kit_check(kit, run_only(kit, program(kit, "failed", "/no/such/program")) < 0,
		  "it runs what is not there");
}

static void case_code(struct kit *kit)
{
	static const uint32_t codes[] = {0, 1, 3, 42, 127, 128, 137, 255};
	struct exd_exit_status status;
	char script[32];

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		(void)snprintf(script, sizeof(script), "exit %u", codes[i]);
		status = kit_run_command(kit, kit_command(kit, "code", script));
		kit_check(kit, status.exit_code == codes[i] && status.signal == 0,
			  "exit %u is told as code %u, signal %u", codes[i], status.exit_code,
			  status.signal);
	}
}

static void read_on(struct kit *kit, const char *name, struct kit_box *box)
{
	*box = kit_start_box(kit, name, "echo ready; read x", KIT_ONCE);
	kit_expect(kit, box->out, "ready");
}

static void case_killed(struct kit *kit)
{
	struct exd_exit_status status;
	struct kit_box box;

	read_on(kit, "killed", &box);
	kit_must(kit, exd_kill(kit->engine, box.id, SIGKILL, &kit->err), "kill");
	status = kit_wait(kit, &box);
	kit_check(kit,
		  (status.signal == SIGKILL && status.exit_code == 128 + SIGKILL) ||
			  (status.signal == 0 && status.exit_code != 0),
		  "a killed program has signal %u and code %u", status.signal, status.exit_code);
}

/* All that matters here is that it comes back. */
static void case_kill_returns(struct kit *kit)
{
	struct kit_box box;

	read_on(kit, "signalled", &box);
	(void)exd_kill(kit->engine, box.id, SIGKILL, &kit->err);
}

static void case_two_engines(struct kit *kit)
{
	struct exd_engine *first = kit->engine, *second = kit_engine(kit, kit->options->config);
	struct exd_command *command = kit_command(kit, "two", "exit 3");

	kit_check(kit, kit_run_command(kit, command).exit_code == 3, "the first engine cannot run");
	kit->engine = second;
	kit_check(kit, kit_run_command(kit, command).exit_code == 3, "the second cannot run");
	exd_engine_close(first);
	kit_check(kit, kit_run_command(kit, command).exit_code == 3,
		  "the second cannot run when the first is closed");
}

static const struct kit_case cases[] = {
	{"run.works", "run-1", .needs = "probe.works", .run = case_works},
	{"run.once", "run-2", .needs = "run.works", .run = case_once},
	{"run.code", "run-10", .needs = "run.once", .run = case_code},
	{"run.arguments", "run-3", .needs = "run.once", .run = case_arguments},
	{"run.environment", "run-4", .needs = "run.once", .run = case_environment},
	{"run.host_environment", "run-5", .needs = "run.once", .run = case_host_environment},
	{"run.directory", "run-6", .needs = "run.once", .run = case_directory},
	{"run.missing", "run-7", .needs = "run.once", .run = case_missing},
	{"run.not_executable", "run-8", .needs = "run.once", .run = case_not_executable},
	{"run.failed", "run-9", .needs = "run.missing", .left = KIT_LEFT_ALL, .run = case_failed},
	{"open.two", "open-4", .needs = "run.code", .run = case_two_engines},
	{"kill.returns", "kill-1", .needs = "run.once", .run = case_kill_returns},
	{"run.killed", "run-11", .needs = "kill.returns", .run = case_killed},
};

KIT_GROUP(kit_run);
