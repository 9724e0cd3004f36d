/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts into one text what the kernel tells of a process's isolation. */
#include "tests/root/sight.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct out {
	char *at;
	size_t left;
};

static __attribute__((format(printf, 2, 3))) void put(struct out *o, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(o->at, o->left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= o->left)
		n = (int)o->left - 1;
	o->at += n;
	o->left -= (size_t)n;
}

/* Calls back with every line, its newline cut off. */
static void each_line(const char *path, void (*fn)(struct out *o, char *line), struct out *o)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!f) {
		put(o, "no %s\n", path);
		return;
	}
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		fn(o, line);
	}
	free(line);
	fclose(f);
}

static void each_line_of(pid_t pid, const char *name, void (*fn)(struct out *o, char *line),
			 struct out *o)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	put(o, "-- %s\n", name);
	each_line(path, fn, o);
}

static void namespaces(pid_t pid, struct out *o)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time",
					    "user", "uts"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64], theirs[64], ours[64];
		ssize_t n, m;

		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, names[i]);
		n = readlink(path, theirs, sizeof(theirs));
		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		m = readlink(path, ours, sizeof(ours));
		put(o, "%s namespace %s\n", names[i],
		    n > 0 && n == m && memcmp(theirs, ours, (size_t)n) == 0 ? "shared" : "own");
	}
}

static void status_line(struct out *o, char *line)
{
	static const char *const kept[] = {"Umask", "Uid", "Gid", "Groups", "SigBlk",
					   "SigIgn", "SigCgt", "Cap",
					   "NoNewPrivs", "Seccomp", "Speculation", "Cpus_allowed_list",
					   "Mems_allowed_list", "THP_enabled", "CoreDumping"};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strncmp(line, kept[i], strlen(kept[i])) == 0)
			put(o, "%s\n", line);
}

/* Without the ids and the number of the device. */
static void mount_line(struct out *o, char *line)
{
	char *at = line;

	for (int i = 0; i < 3 && at; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return;
	/* Peer groups are numbers too. */
	for (char *group = strstr(at, "master:"); group; group = strstr(group, "master:"))
		for (group += 7; isdigit((unsigned char)*group); group++)
			*group = '#';
	put(o, "%s\n", at);
}

static void plain_line(struct out *o, char *line)
{
	put(o, "%s\n", line);
}

static void limit_file(struct out *o, const char *dir, const char *name)
{
	char path[4608], text[2048];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	put(o, "%s: %s", name, text);
}

/* ID:CONTROLLERS:PATH */
static void cgroup_line(struct out *o, char *line)
{
	static const char *const files[] = {
		"memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
		"memory.soft_limit_in_bytes", "memory.swappiness", "memory.oom_control",
		"memory.max", "memory.swap.max", "memory.high", "memory.low", "cpu.shares",
		"cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.max", "cpu.weight", "cpuset.cpus",
		"cpuset.mems", "pids.max", "devices.list", "freezer.state", "cgroup.freeze"};
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	char dir[4352];

	if (!path)
		return;
	*path++ = '\0';
	controllers++;
	put(o, "%s %s\n", controllers, path);
	if (strncmp(controllers, "name=", 5) == 0)
		controllers += 5;
	(void)snprintf(dir, sizeof(dir), "/sys/fs/cgroup/%s%s", controllers, path);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		limit_file(o, dir, files[i]);
}

static void link_of(struct out *o, const char *dir, const char *name)
{
	char path[320], to[256];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	n = readlink(path, to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = '\0';
	to[strcspn(to, "[")] = '\0';
	put(o, "%s -> %s\n", name, to);
}

static void descriptors(pid_t pid, struct out *o)
{
	char dir[32];

	(void)snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	for (int fd = 0; fd < 1024; fd++) {
		char name[280];

		(void)snprintf(name, sizeof(name), "%s/%d", dir, fd);
		if (faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%d", fd);
		link_of(o, dir, name);
	}
}

void sight_of(pid_t pid, char *text, size_t size)
{
	struct out o = {.at = text, .left = size};
	char dir[32];

	text[0] = '\0';
	(void)snprintf(dir, sizeof(dir), "/proc/%d", (int)pid);
	namespaces(pid, &o);
	each_line_of(pid, "status", status_line, &o);
	each_line_of(pid, "mountinfo", mount_line, &o);
	each_line_of(pid, "limits", plain_line, &o);
	each_line_of(pid, "oom_score_adj", plain_line, &o);
	each_line_of(pid, "personality", plain_line, &o);
	each_line_of(pid, "cgroup", cgroup_line, &o);
	each_line_of(pid, "environ", plain_line, &o);
	each_line_of(pid, "net/route", plain_line, &o);
	link_of(&o, dir, "cwd");
	link_of(&o, dir, "root");
	link_of(&o, dir, "exe");
	descriptors(pid, &o);
}
