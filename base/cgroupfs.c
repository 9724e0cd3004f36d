/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cgroup directories by descriptor: pids, kill, OOM count, removal. Making them: cgroupmake.c. */
#include "base/cgroupfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroupwalk.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"

/* Below the size of a stack page; a read never splits a line for long: rests are kept. */
#define PROCS_CHUNK 2048
#define POLL_NS 500000

static void nap(void)
{
	struct timespec ts = {.tv_nsec = POLL_NS};

	(void)nanosleep(&ts, NULL);
}

struct pid_sink {
	pid_t *pids;
	size_t max;
	size_t count;
	bool kill;
};

static void sink_pid(struct pid_sink *sink, pid_t pid)
{
	if (sink->kill)
		(void)kill(pid, SIGKILL);
	else if (sink->count < sink->max)
		sink->pids[sink->count] = pid;
	sink->count++;
}

/* v2 threaded cgroups refuse to be read (EOPNOTSUPP): their processes are in the domain's file. */
static int each_pid(int dir, void *arg)
{
	cleanup_close int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char buf[PROCS_CHUNK];
	pid_t pid = 0;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				pid = pid * 10 + (buf[i] - '0');
				continue;
			}
			/* 0: a process of a pid namespace that is not below ours. */
			if (pid > 0)
				sink_pid(arg, pid);
			pid = 0;
		}
	}
	if (n < 0 && errno != ENODEV && errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

int cgroup_pids(int dirfd, pid_t *pids, size_t max)
{
	struct pid_sink sink = {.pids = pids, .max = max};
	int r = cgroup_walk(dirfd, each_pid, &sink);

	return r < 0 ? r : (int)sink.count;
}

int cgroup_empty(int dirfd, int version)
{
	char text[256];
	ssize_t n;

	if (version == 1) {
		n = cgroup_pids(dirfd, NULL, 0);
		return n < 0 ? (int)n : n == 0;
	}
	n = read_file_at(dirfd, "cgroup.events", text, sizeof(text));
	if (n == -ENOENT || n == -ENODEV)
		return 1;
	return n < 0 ? (int)n : strstr(text, "populated 1") == NULL;
}

static int write_text_at(int dir, const char *file, const char *text)
{
	return write_file_at(dir, file, text, strlen(text));
}

static bool reads_as(int dir, const char *file, const char *wanted)
{
	char text[64];
	ssize_t n = read_file_at(dir, file, text, sizeof(text));

	return n >= 0 && strncmp(text, wanted, strlen(wanted)) == 0;
}

/*
 * A process in an uninterruptible sleep can keep the state at FREEZING: then kill what can be
 * killed.
 */
static void freeze_v1(int freezer, int64_t until)
{
	if (write_text_at(freezer, "freezer.state", "FROZEN") < 0)
		return;
	while (!reads_as(freezer, "freezer.state", "FROZEN") && clock_ms() < until) {
		/* Forks that were under way keep it at FREEZING until it is told again. */
		(void)write_text_at(freezer, "freezer.state", "FROZEN");
		nap();
	}
}

static int kill_round_v1(int dirfd, int freezer, int64_t until)
{
	struct pid_sink sink = {.kill = true};
	int64_t freeze_until = clock_ms() + 10;
	int r;

	if (freezer >= 0)
		freeze_v1(freezer, freeze_until < until ? freeze_until : until);
	r = cgroup_walk(dirfd, each_pid, &sink);
	if (freezer >= 0)
		(void)write_text_at(freezer, "freezer.state", "THAWED");
	return r;
}

/* Kernels before 5.14 have no cgroup.kill: freezing works there too, under another name. */
static int kill_round_v2(int dirfd)
{
	struct pid_sink sink = {.kill = true};
	int r = write_text_at(dirfd, "cgroup.kill", "1");

	if (r != -ENOENT)
		return r;
	if (faccessat(dirfd, "cgroup.procs", F_OK, 0) < 0)
		return -errno;
	(void)write_text_at(dirfd, "cgroup.freeze", "1");
	r = cgroup_walk(dirfd, each_pid, &sink);
	(void)write_text_at(dirfd, "cgroup.freeze", "0");
	return r;
}

int cgroup_kill(int dirfd, int freezer, int version, int deadline_ms)
{
	int64_t until = clock_ms() + (deadline_ms > 0 ? deadline_ms : 0);
	int r = cgroup_empty(dirfd, version);

	while (r == 0) {
		int64_t settle = clock_ms() + 5;

		r = version == 1 ? kill_round_v1(dirfd, freezer, until) : kill_round_v2(dirfd);
		if (r < 0)
			break;
		/* The killed need a moment to go; only then look for new ones. */
		while ((r = cgroup_empty(dirfd, version)) == 0 && clock_ms() < settle)
			nap();
		if (r == 0 && clock_ms() >= until)
			return -EBUSY;
	}
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	return r < 0 ? r : 0;
}

int cgroup_remove(int root, const char *path, int deadline_ms)
{
	int64_t until = deadline_ms > 0 ? clock_ms() + deadline_ms : 0;

	while (unlinkat(root, path, AT_REMOVEDIR) < 0) {
		cleanup_close int dir = FD_NONE;

		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return -errno;
		dir = openat(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir >= 0 && cgroup_remove_children(dir) > 0)
			continue;
		if (clock_ms() >= until)
			return -EBUSY;
		nap();
	}
	return 0;
}

struct oom_sum {
	const char *file;
	uint64_t kills;
	bool found;
};

static int each_oom(int dir, void *arg)
{
	struct oom_sum *sum = arg;
	char text[512];
	const char *p;
	ssize_t n = read_file_at(dir, sum->file, text, sizeof(text));

	if (n < 0)
		return n == -ENOENT || n == -ENODEV ? 0 : (int)n;
	p = strstr(text, "oom_kill ");
	if (p) {
		sum->kills += strtoull(p + strlen("oom_kill "), NULL, 10);
		sum->found = true;
	}
	return 0;
}

int cgroup_oom_kills(int dirfd, int version, uint64_t *kills)
{
	struct oom_sum all = {.file = version == 1 ? "memory.oom_control" : "memory.events"};
	struct oom_sum local = {.file = "memory.events.local"};
	int r;

	if (version == 1) {
		r = cgroup_walk(dirfd, each_oom, &all);
	} else {
		r = each_oom(dirfd, &all);
		/* With memory_localevents in force memory.events leaves the children out. */
		if (!r && cgroup_has_children(dirfd))
			(void)cgroup_walk(dirfd, each_oom, &local);
	}
	if (r < 0)
		return r;
	if (!all.found)
		return -ENOENT;
	*kills = all.kills > local.kills ? all.kills : local.kills;
	return 0;
}
