/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a call that creates a process to the process. */
#include "drivers/hcs-stub/emulator_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/seqpacket.h"
#include "base/strutil.h"
#include "drivers/hcs-stub/emulator_agent.h"
#include "drivers/hcs-stub/hcs.h"

/* Opens a console: its master and, returned, what the process gets. */
static int open_console(const struct parameters *p, int *master)
{
	const struct winsize size = {.ws_row = p->height, .ws_col = p->width};
	cleanup_close int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	const int unlock = 0;
	int slave;

	if (fd < 0 || ioctl(fd, TIOCSPTLCK, &unlock) < 0 || ioctl(fd, TIOCSWINSZ, &size) < 0)
		return -errno;
	slave = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	*master = take_fd(&fd);
	return slave;
}

static void add_list(struct strbuf *sb, char *const *list, uint32_t *count)
{
	for (*count = 0; list[*count]; (*count)++)
		(void)sb_add_bytes(sb, list[*count], strlen(list[*count]) + 1);
}

static uint32_t send_order(const struct client *c, const struct system *s,
			   const struct parameters *p, int console)
{
	cleanup_strbuf struct strbuf sb = {0};
	struct agent_order order = {
		.kind = AGENT_SPAWN, .handles = c->call.head.handles, .console = console >= 0};
	const char *root = s->document.root ? s->document.root : "";
	struct iovec iov[2] = {{.iov_base = &order, .iov_len = sizeof(order)}};
	ssize_t r;

	(void)sb_add_bytes(&sb, root, strlen(root) + 1);
	(void)sb_add_bytes(&sb, p->directory, strlen(p->directory) + 1);
	(void)sb_add_bytes(&sb, p->program, strlen(p->program) + 1);
	add_list(&sb, p->argv, &order.argc);
	add_list(&sb, p->envp, &order.envc);
	if (sb.error)
		return HCS_E_OUT_OF_MEMORY;
	order.text_size = (uint32_t)sb.size;
	if (sizeof(order) + sb.size > AGENT_MESSAGE_MAX)
		return HCS_E_TOO_LONG;
	iov[1] = (struct iovec){.iov_base = sb.text, .iov_len = sb.size};
	r = seq_send(s->agent.fd, iov, 2, console >= 0 ? &console : c->fds,
		     console >= 0 ? 1 : c->nfds);
	return r < 0 ? HCS_E_OUT_OF_MEMORY : HCS_OK;
}

/* A descriptor that only names a file is no stream. */
static uint32_t check_handles(struct client *c, const struct parameters *p)
{
	if (p->console && c->nfds) {
		(void)snprintf(c->why, sizeof(c->why), "std handles beside a console");
		return HCS_E_INVALID_HANDLE;
	}
	for (unsigned int i = 0; i < c->nfds; i++)
		if (fcntl(c->fds[i], F_GETFL) & O_PATH) {
			(void)snprintf(c->why, sizeof(c->why), "std handle without a stream");
			return HCS_E_INVALID_HANDLE;
		}
	return HCS_OK;
}

static uint32_t spawn_begin(struct client *c, struct system *s, struct parameters *p)
{
	cleanup_close int console = FD_NONE;
	struct spawn *spawn, **at = &s->spawns;
	uint32_t result = check_handles(c, p);

	if (result != HCS_OK)
		return result;
	spawn = calloc(1, sizeof(*spawn));
	if (!spawn)
		return HCS_E_OUT_OF_MEMORY;
	spawn->client = c;
	spawn->master = FD_NONE;
	if (p->console)
		console = open_console(p, &spawn->master);
	if (p->console && console < 0)
		result = HCS_E_OUT_OF_MEMORY;
	else
		result = send_order(c, s, p, console);
	if (result != HCS_OK) {
		spawn_free(spawn);
		return result;
	}
	spawn->command_line = take_ptr(&p->command_line);
	while (*at)
		at = &(*at)->next;
	*at = spawn;
	c->wait = CLIENT_SPAWN;
	return HCS_OK;
}

static size_t spawns_count(const struct system *s)
{
	size_t n = 0;

	for (const struct spawn *spawn = s->spawns; spawn; spawn = spawn->next)
		n++;
	return n;
}

void call_create_process(struct emulator *e, struct client *c, struct system *s)
{
	struct parameters p;
	uint32_t result;

	if (s->state != SYSTEM_RUNNING) {
		client_result(e, c, system_refuses(s));
		return;
	}
	if (s->document.hyperv &&
	    processes_running(s) + spawns_count(s) >= EMULATOR_HYPERV_PROCESSES_MAX) {
		client_result(e, c, HCS_E_EXEC_LIMIT);
		return;
	}
	result = parameters_parse(&p, s->document.hostname, c->call.text, c->why);
	if (result == HCS_OK) {
		result = spawn_begin(c, s, &p);
		parameters_clear(&p);
	}
	if (result != HCS_OK)
		client_result(e, c, result);
}

/* What the client gets of a process: a wait, perhaps a console, and the process. */
static void answer_client(struct emulator *e, struct client *c, const struct process *p,
			  int wait_fd, int master)
{
	int fds[HCS_HANDLES_MAX], n = 0;
	struct answer answer = {
		.process_id = (uint32_t)p->pid, .with = HCS_WITH_WAIT | HCS_WITH_PIDFD, .fds = fds};

	fds[n++] = wait_fd;
	if (master >= 0) {
		answer.with |= HCS_WITH_CONSOLE;
		fds[n++] = master;
	}
	fds[n] = p->pidfd;
	client_answer(e, c, &answer);
}

void spawn_done(struct emulator *e, struct system *s, struct spawn *spawn, pid_t pid,
		int pidfd_consume)
{
	struct process *p = calloc(1, sizeof(*p));
	cleanup_close int wait_fd = FD_NONE;
	int ends[2] = {FD_NONE, FD_NONE};

	if (!p || pipe2(ends, O_CLOEXEC) < 0 || !spawn->client) {
		/* Nobody knows of it, or would hear of its end. */
		(void)syscall(SYS_pidfd_send_signal, pidfd_consume, SIGKILL, NULL, 0);
		if (spawn->client)
			client_result(e, spawn->client, HCS_E_OUT_OF_MEMORY);
		(void)close(pidfd_consume);
		cleanup_close_fn(&ends[0]);
		cleanup_close_fn(&ends[1]);
		free(p);
		return;
	}
	wait_fd = ends[0];
	p->pid = pid;
	p->pidfd = pidfd_consume;
	p->end = ends[1];
	p->console = take_fd(&spawn->master);
	p->command_line = take_ptr(&spawn->command_line);
	p->next = s->processes;
	s->processes = p;
	answer_client(e, spawn->client, p, wait_fd, p->console);
}

void spawn_free(struct spawn *spawn)
{
	cleanup_close_fn(&spawn->master);
	free(spawn->command_line);
	free(spawn);
}
