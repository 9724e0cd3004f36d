/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl ps: the processes of a container as the host sees them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "driverctl/ctl.h"
#include "driverctl/print.h"

static const struct column columns[] = {
	{"PID", "pid", COLUMN_NUMBER},
	{"PPID", "ppid", COLUMN_NUMBER},
	{"STATE", "state", COLUMN_TEXT},
	{"TIME", NULL, COLUMN_TEXT},
	{NULL, "cpu_ms", COLUMN_NUMBER},
	{"COMMAND", "command", COLUMN_TEXT},
	{NULL, NULL, COLUMN_TEXT},
};

#define COMMAND_MAX 4096

struct process {
	char state[2];
	uint64_t ppid;
	uint64_t cpu_ms;
	char command[COMMAND_MAX];
};

/* The file's first bytes, NUL-terminated; how many, or negative. */
static ssize_t read_proc(pid_t pid, const char *name, char *out, size_t room)
{
	cleanup_close int fd = FD_NONE;
	char path[64];
	ssize_t size;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, out, room - 1);
	if (size >= 0)
		out[size] = '\0';
	return size;
}

/* The name in parentheses may hold anything: what follows the last one is the rest. */
static bool parse_stat(struct process *process, char *stat)
{
	char *end = strrchr(stat, ')'), *name = strchr(stat, '(');
	uint64_t user, system, ticks = (uint64_t)sysconf(_SC_CLK_TCK);

	if (!end || !name)
		return false;
	if (sscanf(end + 1,
		   " %1s %" SCNu64 " %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64,
		   process->state, &process->ppid, &user, &system) != 4)
		return false;
	process->cpu_ms = (user + system) * 1000 / ticks;
	*end = '\0';
	(void)snprintf(process->command, sizeof(process->command), "[%s]", name + 1);
	return true;
}

/* false when it has gone meanwhile. */
static bool look_at(struct process *process, pid_t pid)
{
	char stat[1024], line[COMMAND_MAX];
	ssize_t size = read_proc(pid, "stat", stat, sizeof(stat));

	if (size <= 0 || !parse_stat(process, stat))
		return false;
	size = read_proc(pid, "cmdline", line, sizeof(line));
	if (size <= 0)
		return true;
	while (size && !line[size - 1])
		size--;
	for (ssize_t i = 0; i < size; i++)
		if (!line[i])
			line[i] = ' ';
	memcpy(process->command, line, (size_t)size);
	process->command[size] = '\0';
	return true;
}

/* All of them: as many more as came between two calls. */
static int all_pids(struct ctl *ctl, pid_t **out, struct exd_error *err)
{
	cleanup_free pid_t *pids = NULL;
	size_t room = 0;
	int count = exd_pids(ctl->engine, ctl->args.operands[0], NULL, 0, err);

	while (count > 0 && (size_t)count > room) {
		pid_t *grown;

		room = (size_t)count + 32;
		grown = reallocarray(pids, room, sizeof(*pids));
		if (!grown)
			return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM,
					     "cannot list processes");
		pids = grown;
		count = exd_pids(ctl->engine, ctl->args.operands[0], pids, room, err);
	}
	if (count >= 0)
		*out = take_ptr(&pids);
	return count;
}

static void add_process(struct listing *listing, pid_t pid, const struct process *process)
{
	uint64_t s = process->cpu_ms / 1000;
	char time[48];

	(void)snprintf(time, sizeof(time), "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
		       s / 60 % 60, s % 60);
	listing_number(listing, (uint64_t)pid);
	listing_number(listing, process->ppid);
	listing_text(listing, process->state);
	listing_text(listing, time);
	listing_number(listing, process->cpu_ms);
	listing_text(listing, process->command);
}

int verb_ps(struct ctl *ctl, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	cleanup_free pid_t *pids = NULL;
	int count;

	listing_init(&listing, columns, ctl->args.settings.json);
	count = all_pids(ctl, &pids, err);
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		struct process process;

		if (look_at(&process, pids[i]))
			add_process(&listing, pids[i], &process);
	}
	return listing_print(&listing, err);
}
