/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: hooks. */
#include "conformance/kit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen {
	struct kit *kit;
	char order[128];
	pid_t pre_pid;
	pid_t pid;
	char id[KIT_ID];
	bool is_exec;
	bool running;   /* process and pid agreed in the start hook */
	bool pre_began; /* the program had written in pre_start */
	int out;        /* its stdout; -1: not looked at */
	char spaces[2][6][32];
	const char *fail_in;
};

static const char *const spaces[] = {"mnt", "pid", "ipc", "uts", "net", "cgroup"};

static int note(struct seen *seen, const char *hook)
{
	size_t used = strlen(seen->order);

	(void)snprintf(seen->order + used, sizeof(seen->order) - used, "%s ", hook);
	return seen->fail_in && strcmp(seen->fail_in, hook) == 0 ? -EPERM : 0;
}

static void note_spaces(struct seen *seen, int when, pid_t pid)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		kit_namespace((int)pid, spaces[i], seen->spaces[when][i],
			      sizeof(seen->spaces[when][i]));
}

static int on_pre_start(void *ctx, struct exd_process *process, pid_t pid)
{
	struct seen *seen = ctx;
	struct pollfd p = {.fd = seen->out, .events = POLLIN};

	seen->pre_pid = pid;
	note_spaces(seen, 0, pid);
	seen->pre_began = seen->out >= 0 && poll(&p, 1, 100) > 0;
	return note(seen, "pre_start");
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;

	seen->pid = pid;
	seen->is_exec = exd_process_is_exec(process);
	seen->running = exd_process_phase(process) == EXD_PHASE_RUNNING &&
			exd_process_pid(process) == pid &&
			exd_process_oom_fd(process) == oom_fd;
	(void)snprintf(seen->id, sizeof(seen->id), "%s", exd_process_id(process));
	note_spaces(seen, 1, pid);
	return note(seen, "start");
}

static void on_exit_hook(void *ctx, struct exd_process *process,
			 const struct exd_exit_status *status)
{
	(void)note(ctx, "exit");
}

static void on_post_stop(void *ctx, struct exd_process *process)
{
	(void)note(ctx, "post_stop");
}

/* With pre_start where the driver has it. */
static struct exd_hooks hooks_of(struct kit *kit, struct seen *seen)
{
	seen->kit = kit;
	seen->out = -1;
	return (struct exd_hooks){
		.struct_size = sizeof(struct exd_hooks),
		.ctx = seen,
		.pre_start = kit->caps & EXD_CAP_PRE_START ? on_pre_start : NULL,
		.start = on_start,
		.exit = on_exit_hook,
		.post_stop = on_post_stop,
	};
}

static int run_hooked(struct kit *kit, const char *script, const struct exd_hooks *hooks,
		      struct exd_exit_status *status)
{
	struct exd_command *command = kit_command(kit, "hooked", script);

	*status = (struct exd_exit_status){.struct_size = sizeof(*status)};
	return exd_run(kit->engine, command, NULL, hooks, status, &kit->err);
}

static void case_order(struct kit *kit)
{
	struct exd_exit_status status;
	struct seen seen = {0};
	struct exd_hooks hooks = hooks_of(kit, &seen);

	hooks.pre_start = NULL;
	kit_must(kit, run_hooked(kit, "exit 5", &hooks, &status), "run");
	kit_check(kit, strcmp(seen.order, "start exit post_stop ") == 0, "hooks were called: %s",
		  seen.order);
}

static void case_all(struct kit *kit)
{
	struct exd_exit_status status;
	struct seen seen = {0};
	struct exd_hooks hooks = hooks_of(kit, &seen);

	kit_must(kit, run_hooked(kit, "exit 5", &hooks, &status), "run");
	kit_check(kit, strcmp(seen.order, "pre_start start exit post_stop ") == 0,
		  "hooks were called: %s", seen.order);
}

static void case_process(struct kit *kit)
{
	struct exd_exit_status status;
	struct seen seen = {0};
	struct exd_hooks hooks = hooks_of(kit, &seen);
	char id[KIT_ID];

	kit_must(kit, run_hooked(kit, "exit 5", &hooks, &status), "run");
	kit_check(kit, strcmp(seen.id, kit_id(kit, "hooked", id)) == 0, "its id is %s", seen.id);
	kit_check(kit, seen.running, "pid, phase or OOM channel of the process are others");
	kit_check(kit, !seen.is_exec, "it is called an exec");
}

/* "$$" of the program is the last number of NSpid of the right process. */
static void check_pid(struct kit *kit, int pid, const char *own)
{
	char status[4096], pids[128];
	const char *last;

	kit_check(kit, kit_proc(pid, "status", status, sizeof(status)),
		  "there is no process %d", pid);
	kit_proc_field(status, "NSpid", pids, sizeof(pids));
	last = strrchr(pids, '\t');
	last = last ? last + 1 : pids;
	kit_check(kit, strcmp(last, own) == 0,
		  "the program is %s in its pid namespace, but process %d is %s", own, pid, last);
}

static void case_pid(struct kit *kit)
{
	struct seen seen = {0};
	struct exd_hooks hooks = hooks_of(kit, &seen);
	struct exd_command *command = kit_command(kit, "pid", "echo $$; read x; exit 0");
	struct kit_box box = kit_start_command(kit, "pid", command, &hooks, KIT_ONCE);
	struct exd_box *record = NULL;
	char own[KIT_LINE];

	kit_line(kit, box.out, own);
	kit_must(kit, exd_box_find(kit->engine, box.id, &record, &kit->err), "its record");
	kit_check(kit, exd_box_pid(record) == seen.pid, "the record says %d, the hook %d",
		  (int)exd_box_pid(record), (int)seen.pid);
	if (seen.pid)
		check_pid(kit, (int)seen.pid, own);
	kit_let_end(kit, &box, 0);
}

/* ---- pre_start ------------------------------------------------------------------------------- */

static void run_parked(struct kit *kit, struct seen *seen)
{
	struct exd_hooks hooks = hooks_of(kit, seen);
	struct exd_command *command = kit_command(kit, "parked", "echo began");
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .err = EXD_FD_NULL};
	int out[2];

	kit_pipe(kit, out);
	seen->out = out[0];
	stdio.out = out[1];
	kit_must(kit, exd_run(kit->engine, command, &stdio, &hooks, NULL, &kit->err), "run");
	kit_expect(kit, out[0], "began");
}

static void case_claimed(struct kit *kit)
{
	struct seen seen = {0};

	run_parked(kit, &seen);
	kit_check(kit, strstr(seen.order, "pre_start") != NULL, "the hook was not called");
}

static void case_not_begun(struct kit *kit)
{
	struct seen seen = {0};

	run_parked(kit, &seen);
	kit_check(kit, !seen.pre_began, "the program has written something before");
}

static void case_same_pid(struct kit *kit)
{
	struct seen seen = {0};

	run_parked(kit, &seen);
	kit_check(kit, seen.pre_pid == seen.pid, "it is %d in pre_start, and %d in start",
		  (int)seen.pre_pid, (int)seen.pid);
}

static void case_namespaces(struct kit *kit)
{
	struct seen seen = {0};

	run_parked(kit, &seen);
	/* By the time of start a quick program may be gone: then there is nothing to compare. */
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		kit_check(kit,
			  !seen.spaces[1][i][0] ||
				  strcmp(seen.spaces[0][i], seen.spaces[1][i]) == 0,
			  "its %s namespace is another in start", spaces[i]);
}

static void case_abort(struct kit *kit)
{
	struct seen seen = {.fail_in = "pre_start"};
	struct exd_hooks hooks = hooks_of(kit, &seen);
	struct exd_stdio stdio = {
		.struct_size = sizeof(stdio), .in = EXD_FD_NULL, .err = EXD_FD_NULL};
	int out[2], r;
	char byte;

	kit_pipe(kit, out);
	stdio.out = out[1];
	r = exd_run(kit->engine, kit_command(kit, "aborted", "echo began"), &stdio, &hooks, NULL,
		    &kit->err);
	kit_refused(kit, r, EXD_ERR_HOOK, "a start whose pre_start hook failed");
	kit_check(kit, !strstr(seen.order, "start exit"), "hooks were called: %s", seen.order);
	(void)close(out[1]);
	kit_check(kit, read(out[0], &byte, 1) == 0, "the program began");
}

/* ---- start ----------------------------------------------------------------------------------- */

static void case_start_fails(struct kit *kit)
{
	struct exd_exit_status status;
	struct seen seen = {.fail_in = "start"};
	struct exd_hooks hooks = hooks_of(kit, &seen);

	kit_refused(kit, run_hooked(kit, "sleep 1000", &hooks, &status), EXD_ERR_HOOK,
		    "a start whose hook failed");
	kit_check(kit, strstr(seen.order, "start exit post_stop") != NULL, "hooks were called: %s",
		  seen.order);
	kit_check(kit, status.exit_code != 0, "it ended by itself");
}

static void case_quick(struct kit *kit)
{
	for (int i = 0; i < 20; i++) {
		struct exd_exit_status status;
		struct seen seen = {0};
		struct exd_hooks hooks = hooks_of(kit, &seen);

		hooks.pre_start = NULL;
		kit_must(kit, run_hooked(kit, "exit 0", &hooks, &status), "run");
		kit_check(kit, strcmp(seen.order, "start exit post_stop ") == 0,
			  "time %d hooks were called: %s", i + 1, seen.order);
	}
}

static void case_exec(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "exec", "echo ready; read x; exit 0", KIT_ONCE);
	struct seen seen = {0};
	struct exd_hooks hooks = hooks_of(kit, &seen);
	char own[KIT_LINE];
	struct kit_box exec;

	kit_expect(kit, box.out, "ready");
	hooks.pre_start = NULL;
	exec = kit_start_exec(kit, &box, kit_exec_command(kit, "echo $$; read x; exit 0"), &hooks);
	kit_line(kit, exec.out, own);
	kit_check(kit, seen.is_exec && seen.running, "the process is not that of the exec");
	kit_check(kit, seen.pid == 0 || seen.pid != exd_process_pid(box.process),
		  "its pid is init's");
	if (seen.pid)
		check_pid(kit, (int)seen.pid, own);
	kit_let_end(kit, &exec, 0);
	kit_check(kit, strcmp(seen.order, "start exit ") == 0, "hooks were called: %s", seen.order);
	kit_let_end(kit, &box, 0);
}

#define PRE EXD_CAP_PRE_START

static const struct kit_case cases[] = {
	{"hook.order", "hook-1", .needs = "run.once", .run = case_order},
	{"hook.process", "hook-2", .needs = "run.once", .run = case_process},
	{"hook.pid", "hook-3", .needs = "run.once", .run = case_pid},
	{"cap.pre_start", "cap-1", PRE, "run.once", .run = case_claimed},
	{"hook.all", "hook-1", PRE, "cap.pre_start", .run = case_all},
	{"hook.not_begun", "hook-4", PRE, "cap.pre_start", .run = case_not_begun},
	{"hook.same_pid", "hook-5", PRE, "cap.pre_start", .run = case_same_pid},
	{"hook.namespaces", "hook-6", PRE, "cap.pre_start", .run = case_namespaces},
	{"hook.abort", "hook-7", PRE, "hook.not_begun", .run = case_abort},
	{"hook.abort_leaves", "hook-8", PRE, "hook.abort", KIT_LEFT_ALL, case_abort},
	{"hook.start_fails", "hook-9", .needs = "hook.order", .run = case_start_fails},
	{"hook.quick", "hook-10", .needs = "hook.order", .run = case_quick},
	{"hook.exec", "hook-11", EXD_CAP_EXEC, "hook.pid cap.exec", .run = case_exec},
};

KIT_GROUP(kit_hooks);
