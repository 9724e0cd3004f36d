/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: further processes of a container. */
#include "conformance/kit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANY 5

static struct kit_box waiting(struct kit *kit, uint32_t flags)
{
	struct kit_box box = kit_start_box(kit, "box", "echo ready; read x; exit 0", flags);

	kit_expect(kit, box.out, "ready");
	return box;
}

static int exec_script(struct kit *kit, const char *id, const char *script, uint32_t *code)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_command *command = kit_exec_command(kit, script);
	int r = exd_exec(kit->engine, id, command, NULL, NULL, &status, &kit->err);

	exd_command_free(command);
	if (code)
		*code = status.exit_code;
	return r;
}

static void case_claimed(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE);

	kit_must(kit, exec_script(kit, box.id, "exit 0", NULL), "exec");
	kit_let_end(kit, &box, 0);
}

static void case_inside(struct kit *kit)
{
	static const char *const names[] = {"mnt", "pid", "ipc", "uts", "net"};
	struct kit_box box = waiting(kit, KIT_ONCE);
	struct kit_box exec = kit_start_exec(
		kit, &box, kit_exec_command(kit, "echo ready; read x; exit 0"), NULL);
	int init = (int)exd_process_pid(box.process), own = (int)exd_process_pid(exec.process);
	char theirs[32], ours[32];

	kit_expect(kit, exec.out, "ready");
	for (size_t i = 0; init && own && i < sizeof(names) / sizeof(names[0]); i++) {
		kit_namespace(init, names[i], theirs, sizeof(theirs));
		kit_namespace(own, names[i], ours, sizeof(ours));
		kit_check(kit, strcmp(theirs, ours) == 0, "its %s namespace is another than init's",
			  names[i]);
	}
	kit_let_end(kit, &exec, 0);
	kit_let_end(kit, &box, 0);
}

/* What init writes below /tmp of its root, the exec reads. */
static void case_root(struct kit *kit)
{
	struct kit_box box, exec;
	char script[512], line[KIT_LINE];

	(void)snprintf(script, sizeof(script),
		       "echo here >/tmp/%s-mark; echo ready; read x; rm /tmp/%s-mark; exit 0",
		       kit->token, kit->token);
	box = kit_start_box(kit, "root", script, KIT_ONCE);
	kit_expect(kit, box.out, "ready");
	(void)snprintf(script, sizeof(script), "cat /tmp/%s-mark; read x; exit 0", kit->token);
	exec = kit_start_exec(kit, &box, kit_exec_command(kit, script), NULL);
	kit_line(kit, exec.out, line);
	kit_check(kit, strcmp(line, "here") == 0, "a file of init reads as '%s'", line);
	kit_let_end(kit, &exec, 0);
	kit_let_end(kit, &box, 0);
}

static void case_code(struct kit *kit)
{
	static const uint32_t codes[] = {0, 1, 42, 127, 255};
	struct kit_box box = waiting(kit, KIT_ONCE);
	char script[32];
	uint32_t code;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		(void)snprintf(script, sizeof(script), "exit %u", codes[i]);
		kit_must(kit, exec_script(kit, box.id, script, &code), "exec");
		kit_check(kit, code == codes[i], "exit %u is told as %u", codes[i], code);
	}
	kit_let_end(kit, &box, 0);
}

static void case_stdio(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE);
	struct kit_box exec = kit_start_exec(
		kit, &box, kit_exec_command(kit, "read a; echo \"exec $a\"; read b; exit 0"), NULL);

	kit_tell(kit, &exec, "hello\n");
	kit_expect(kit, exec.out, "exec hello");
	kit_let_end(kit, &exec, 0);
	kit_let_end(kit, &box, 0);
}

static void case_command(struct kit *kit)
{
	struct exd_command *command =
		kit_exec_command(kit, "echo \"$PWD $KIT_OWN ${KIT_INIT-unset}\"; read x; exit 0");
	struct exd_command *init = kit_command(kit, "box", "echo ready; read x; exit 0");
	struct kit_box box, exec;

	kit_set(kit, init, "env", "KIT_INIT=init");
	kit_set(kit, command, "env", "KIT_OWN=own");
	kit_set(kit, command, "cwd", "/dev");
	box = kit_start_command(kit, "box", init, NULL, KIT_ONCE);
	kit_expect(kit, box.out, "ready");
	exec = kit_start_exec(kit, &box, command, NULL);
	kit_expect(kit, exec.out, "/dev own unset");
	kit_let_end(kit, &exec, 0);
	kit_let_end(kit, &box, 0);
}

static void case_goes_on(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE);

	kit_must(kit, exec_script(kit, box.id, "exit 3", NULL), "exec");
	kit_check(kit, kit_status(kit, box.id) == EXD_STATUS_RUNNING, "the container ended too");
	kit_let_end(kit, &box, 0);
}

static void case_ends_with(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE);
	struct kit_box exec =
		kit_start_exec(kit, &box, kit_exec_command(kit, "echo ready; sleep 1000"), NULL);
	struct exd_exit_status status = {.struct_size = sizeof(status)};

	kit_expect(kit, exec.out, "ready");
	kit_let_end(kit, &box, 0);
	kit_must(kit, exd_process_wait(exec.process, KIT_SOON_MS, &status, &kit->err),
		 "the end of the exec after the container's");
	kit_check(kit, status.exit_code != 0, "it is said to have ended well");
	kit_eof(kit, exec.out, "a process of it lives on");
}

static void case_missing(struct kit *kit)
{
	static const char *const args[] = {"/no/such/program", NULL};
	struct kit_box box = waiting(kit, KIT_ONCE);
	struct exd_command *command = kit_exec_command(kit, "");

	kit_must(kit, exd_command_set_args(command, args, &kit->err), "setting arguments");
	kit_refused(kit, exd_exec(kit->engine, box.id, command, NULL, NULL, NULL, &kit->err),
		    EXD_ERR_EXEC_NOT_FOUND, "a program that is not there");
	kit_let_end(kit, &box, 0);
}

static void case_many(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE), execs[MANY];
	char script[64], line[KIT_LINE];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(script, sizeof(script), "echo %d; read x; exit %d", i, 10 + i);
		execs[i] = kit_start_exec(kit, &box, kit_exec_command(kit, script), NULL);
	}
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(line, sizeof(line), "%d", i);
		kit_expect(kit, execs[i].out, line);
	}
	for (int i = MANY - 1; i >= 0; i--)
		kit_let_end(kit, &execs[i], (uint32_t)(10 + i));
	kit_let_end(kit, &box, 0);
}

static void case_stopped(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "stopped", id);
	kit_refused(kit, exec_script(kit, id, "exit 0", NULL), EXD_ERR_NOT_RUNNING,
		    "an exec in a container that has ended");
	(void)exd_delete(kit->engine, id, true, NULL);
}

static void case_paused(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE);
	int r;

	kit_must(kit, exd_pause(kit->engine, box.id, &kit->err), "pause");
	r = exec_script(kit, box.id, "exit 0", NULL);
	(void)exd_unpause(kit->engine, box.id, NULL);
	kit_refused(kit, r, EXD_ERR_PAUSED, "an exec in a paused container");
	kit_let_end(kit, &box, 0);
}

static void case_offspring(struct kit *kit)
{
	struct kit_box box = waiting(kit, KIT_ONCE);
	struct kit_box exec = kit_start_exec(
		kit, &box, kit_exec_command(kit, "sleep 1000 & echo left; read x; exit 0"), NULL);

	kit_expect(kit, exec.out, "left");
	kit_tell(kit, &exec, "end\n");
	(void)kit_wait(kit, &exec);
	kit_let_end(kit, &box, 0);
	kit_eof(kit, exec.out, "what the exec started lives on when the container is gone");
}

#define EXEC EXD_CAP_EXEC
#define GATE "cap.exec"

static const struct kit_case cases[] = {
	{GATE, "cap-1", EXEC, "run.once", .run = case_claimed},
	{"exec.inside", "exec-1", EXEC, GATE, .run = case_inside},
	{"exec.root", "exec-1", EXEC, GATE, .run = case_root},
	{"exec.code", "exec-2", EXEC, GATE, .run = case_code},
	{"exec.stdio", "exec-3", EXEC, GATE, .run = case_stdio},
	{"exec.command", "exec-4", EXEC, GATE, .run = case_command},
	{"exec.goes_on", "exec-5", EXEC, GATE, .run = case_goes_on},
	{"exec.ends_with", "exec-6", EXEC, GATE, .run = case_ends_with},
	{"exec.missing", "exec-7", EXEC, GATE, .run = case_missing},
	{"exec.many", "exec-8", EXEC, "exec.code", .run = case_many},
	{"exec.stopped", "exec-9", EXEC, GATE, .run = case_stopped},
	{"exec.paused", "exec-10", EXEC | EXD_CAP_PAUSE, GATE, .run = case_paused},
	{"exec.offspring", "exec-11", EXEC, "exec.ends_with", .run = case_offspring},
};

KIT_GROUP(kit_exec);
