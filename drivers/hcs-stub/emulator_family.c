/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that descends from a process, by what the kernel says of parents. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/hcs-stub/emulator_agent.h"

#define STAT_SIZE 1024

struct member {
	pid_t pid;
	pid_t parent;
	bool ours;
};

struct family {
	struct member *members;
	size_t count;
	size_t room;
};

/* "12 (name, maybe with blanks and brackets) S 1 ..." */
static pid_t parent_of(int proc, const char *pid)
{
	char path[32], text[STAT_SIZE], *rest;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.20s/stat", pid);
	n = read_file_at(proc, path, text, sizeof(text));
	rest = n > 0 ? strrchr(text, ')') : NULL;
	return rest && strlen(rest) > 4 ? (pid_t)strtol(rest + 4, NULL, 10) : 0;
}

static void add(struct family *f, pid_t pid, pid_t parent)
{
	if (f->count == f->room) {
		size_t room = f->room ? f->room * 2 : 128;
		struct member *members = reallocarray(f->members, room, sizeof(*members));

		if (!members)
			return;
		f->members = members;
		f->room = room;
	}
	f->members[f->count++] = (struct member){.pid = pid, .parent = parent};
}

static void read_all(struct family *f)
{
	cleanup_closedir DIR *dir = opendir("/proc");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			add(f, (pid_t)strtol(entry->d_name, NULL, 10),
			    parent_of(dirfd(dir), entry->d_name));
}

static bool is_ours(const struct family *f, pid_t pid)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->members[i].pid == pid)
			return f->members[i].ours;
	return false;
}

/* A child may be listed before its parent: as many rounds as there are generations. */
static void find_ours(struct family *f, pid_t self, bool only_children)
{
	bool found = true;

	while (found) {
		found = false;
		for (size_t i = 0; i < f->count; i++) {
			struct member *m = &f->members[i];

			if (m->ours || (m->parent != self &&
					(only_children || !is_ours(f, m->parent))))
				continue;
			m->ours = found = true;
		}
	}
}

/* By then the pid may be another's: the pidfd is of whom the parent is asked for once more. */
static void signal_one(int proc, const struct member *m, int sig)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0);
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", m->pid);
	if (pidfd >= 0 && parent_of(proc, pid) == m->parent)
		(void)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

void agent_signal_all(int sig, bool only_children)
{
	cleanup_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct family f = {0};

	read_all(&f);
	find_ours(&f, getpid(), only_children);
	for (size_t i = 0; i < f.count; i++)
		if (f.members[i].ours)
			signal_one(proc, &f.members[i], sig);
	free(f.members);
}

size_t family_of(pid_t ancestor, pid_t **pids)
{
	struct family f = {0};
	size_t n = 0;

	read_all(&f);
	find_ours(&f, ancestor, false);
	*pids = calloc(f.count + 1, sizeof(**pids));
	for (size_t i = 0; *pids && i < f.count; i++)
		if (f.members[i].ours)
			(*pids)[n++] = f.members[i].pid;
	free(f.members);
	return n;
}
