/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes of a system: how they ended, and the waits for that. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/seqpacket.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/emulator_agent.h"
#include "drivers/hcs-stub/emulator_spawn.h"
#include "drivers/hcs-stub/hcs.h"

/* Exit codes of programs that did not choose one. */
#define EXIT_ABORTED 1067u /* ended from outside */
#define EXIT_CONTROL_C 0xc000013au
#define EXIT_ACCESS_VIOLATION 0xc0000005u
#define EXIT_ILLEGAL_INSTRUCTION 0xc000001du
#define EXIT_DIVIDED_BY_ZERO 0xc0000094u
#define EXIT_FAIL_FAST 0xc0000409u

struct process *process_find(const struct system *s, uint32_t process_id)
{
	struct process *p = s->processes;

	while (p && (uint32_t)p->pid != process_id)
		p = p->next;
	return p;
}

size_t processes_running(const struct system *s)
{
	size_t n = 0;

	for (const struct process *p = s->processes; p; p = p->next)
		n += !p->ended;
	return n;
}

static void process_end(struct process *p, uint32_t result, uint32_t exit_code)
{
	p->ended = true;
	p->result = result;
	p->exit_code = exit_code;
	cleanup_close_fn(&p->pidfd);
	cleanup_close_fn(&p->end);
	cleanup_close_fn(&p->console);
	p->pidfd = p->end = p->console = FD_NONE;
}

void process_free(struct process *p)
{
	process_end(p, HCS_E_BROKEN_PIPE, 0);
	free(p->command_line);
	free(p);
}

void processes_lost(struct system *s, uint32_t result)
{
	for (struct process *p = s->processes; p; p = p->next)
		if (!p->ended)
			process_end(p, result, 0);
}

static uint32_t code_of_signal(int sig)
{
	switch (sig) {
	case SIGSEGV:
	case SIGBUS:
		return EXIT_ACCESS_VIOLATION;
	case SIGILL:
		return EXIT_ILLEGAL_INSTRUCTION;
	case SIGFPE:
		return EXIT_DIVIDED_BY_ZERO;
	case SIGABRT:
		return EXIT_FAIL_FAST;
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTERM:
		return EXIT_CONTROL_C;
	default:
		return EXIT_ABORTED;
	}
}

/* A wait that was on when the system was ended by force is cut short: nobody learns a code. */
static void take_end(struct system *s, const struct agent_report *report)
{
	struct process *p = process_find(s, (uint32_t)report->pid);

	if (!p || p->ended)
		return;
	if (report->code == CLD_EXITED)
		process_end(p, HCS_OK, (uint32_t)report->status);
	else if (s->killed && !p->terminated && report->status == SIGKILL)
		process_end(p, HCS_E_BROKEN_PIPE, 0);
	else
		process_end(p, HCS_OK, code_of_signal(report->status));
}

/* The one that the agent was asked for first; it becomes a process, or the call fails. */
static void take_spawned(struct emulator *e, struct system *s, const struct agent_report *report,
			 int *pidfd)
{
	struct spawn *spawn = s->spawns;

	if (!spawn)
		return;
	s->spawns = spawn->next;
	if (report->result == HCS_OK && *pidfd >= 0)
		spawn_done(e, s, spawn, report->pid, take_fd(pidfd));
	else if (spawn->client)
		client_result(e, spawn->client, report->result);
	spawn_free(spawn);
}

void agent_readable(struct emulator *e, struct source *source)
{
	struct system *s = (struct system *)source;
	struct agent_report report;
	unsigned int nfds = 1;
	cleanup_close int pidfd = FD_NONE;
	int fd;
	ssize_t n = seq_recv(source->fd, &report, sizeof(report), &fd, &nfds, MSG_DONTWAIT);

	if (n == -EAGAIN)
		return;
	if (nfds)
		pidfd = fd;
	if (n != (ssize_t)sizeof(report))
		system_agent_gone(e, s);
	else if (report.kind == AGENT_SPAWNED)
		take_spawned(e, s, &report, &pidfd);
	else
		take_end(s, &report);
}

void spawns_lost(struct emulator *e, struct system *s, uint32_t result)
{
	struct spawn *spawn;

	while ((spawn = s->spawns)) {
		s->spawns = spawn->next;
		if (spawn->client)
			client_result(e, spawn->client, result);
		spawn_free(spawn);
	}
}
