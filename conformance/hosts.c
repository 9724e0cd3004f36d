/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other hosts, hosts and monitors that die, and what is seen of processes from outside. */
#include "conformance/kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"

#define NAP_MS 10

/* ---- other hosts ----------------------------------------------------------------------------- */

pid_t kit_fork(struct kit *kit, void (*fn)(struct kit *kit, void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid == 0) {
		kit->engine = kit_engine(kit, kit->options->config);
		fn(kit, arg);
		exd_engine_close(kit->engine);
		_exit(0);
	}
	kit_check(kit, pid > 0, "the kit cannot fork: %s", strerror(errno));
	return pid;
}

void kit_join(struct kit *kit, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (kit->verdict->failed)
		_exit(1);
	kit_check(kit, status == 0, "another host ended with status 0x%x", status);
}

struct dying {
	void (*fn)(struct kit *kit, void *arg);
	void *arg;
	int ready;
};

static void live_on(struct kit *kit, void *arg)
{
	const struct dying *dying = arg;

	dying->fn(kit, dying->arg);
	(void)write_all(dying->ready, "r", 1);
	for (;;)
		(void)pause();
}

void kit_host_dies(struct kit *kit, void (*fn)(struct kit *kit, void *arg), void *arg)
{
	struct dying dying = {.fn = fn, .arg = arg};
	ssize_t n;
	char byte;
	int ready[2];
	pid_t pid;

	kit_pipe(kit, ready);
	dying.ready = ready[1];
	pid = kit_fork(kit, live_on, &dying);
	(void)close(ready[1]);
	n = read(ready[0], &byte, 1);
	(void)close(ready[0]);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (kit->verdict->failed)
		_exit(1);
	kit_check(kit, n == 1, "the host that was to be killed ended before");
}

static pid_t monitor_of(struct kit *kit, const struct exd_box *box)
{
	const char *at = strstr(exd_box_json(box), "\"monitor\"");

	at = at ? strstr(at, "\"pid\"") : NULL;
	at = at ? strpbrk(at, "0123456789") : NULL;
	if (!at || atoi(at) <= 1)
		kit_fail(kit, "the record names no monitor: %s", exd_box_json(box));
	return (pid_t)atoi(at);
}

void kit_kill_monitor(struct kit *kit, const char *id)
{
	int64_t deadline = clock_ms() + KIT_SOON_MS;
	struct exd_box *box = NULL;
	bool alive = true;

	kit_must(kit, exd_box_find(kit->engine, id, &box, &kit->err), "finding the container");
	kit_check(kit, kill(monitor_of(kit, box), SIGKILL) == 0, "the monitor is gone already");
	exd_box_free(box);
	while (alive && clock_left_ms(deadline) > 0) {
		kit_nap(NAP_MS);
		box = NULL;
		kit_must(kit, exd_box_find(kit->engine, id, &box, &kit->err), "finding it again");
		alive = exd_box_monitor_alive(box);
		exd_box_free(box);
	}
	kit_check(kit, !alive, "the monitor cannot be killed");
}

/* ---- descriptors ----------------------------------------------------------------------------- */

void kit_pipe(struct kit *kit, int ends[2])
{
	kit_check(kit, pipe2(ends, O_CLOEXEC) == 0, "no pipe: %s", strerror(errno));
}

void kit_nap(int ms)
{
	(void)poll(NULL, 0, ms);
}

static ssize_t read_soon(struct kit *kit, int fd, void *buf, size_t size, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	kit_check(kit, poll(&p, 1, clock_left_ms(deadline)) > 0,
		  "nothing came from the program within %d s", KIT_SOON_MS / 1000);
	return read(fd, buf, size);
}

void kit_line(struct kit *kit, int fd, char line[KIT_LINE])
{
	int64_t deadline = clock_ms() + KIT_SOON_MS;
	size_t used = 0;

	while (used + 1 < KIT_LINE) {
		kit_check(kit, read_soon(kit, fd, line + used, 1, deadline) == 1,
			  "the program's output ended before its line was complete");
		if (line[used] == '\n')
			break;
		used++;
	}
	line[used] = '\0';
}

void kit_expect(struct kit *kit, int fd, const char *line)
{
	char got[KIT_LINE];

	kit_line(kit, fd, got);
	kit_check(kit, strcmp(got, line) == 0, "the program wrote '%s' instead of '%s'", got, line);
}

void kit_eof(struct kit *kit, int fd, const char *what)
{
	int64_t deadline = clock_ms() + KIT_SOON_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char buf[4096];
	ssize_t n = 1;

	while (n > 0 && poll(&p, 1, clock_left_ms(deadline)) > 0)
		n = read(fd, buf, sizeof(buf));
	kit_check(kit, n == 0, "%s", what);
}

size_t kit_count_entries(const char *path)
{
	cleanup_closedir DIR *d = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	while (d && (entry = readdir(d)))
		count += entry->d_name[0] != '.';
	return count;
}

/* ---- processes ------------------------------------------------------------------------------- */

bool kit_proc(int pid, const char *file, char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return read_file_at(AT_FDCWD, path, text, size) > 0;
}

void kit_proc_field(const char *status, const char *field, char *text, size_t size)
{
	size_t length = strlen(field), n = 0;
	const char *at = status;

	while (at && (strncmp(at, field, length) != 0 || at[length] != ':')) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	text[0] = '\0';
	if (!at)
		return;
	at += length + 1;
	at += strspn(at, " \t");
	for (; n + 1 < size && at[n] && at[n] != '\n'; n++)
		text[n] = at[n];
	text[n] = '\0';
}

void kit_namespace(int pid, const char *name, char *text, size_t size)
{
	char path[64];
	struct stat st;

	text[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	if (stat(path, &st) == 0)
		(void)snprintf(text, size, "%llu", (unsigned long long)st.st_ino);
}

bool kit_alive(int pid)
{
	char status[4096], state[32];

	if (!kit_proc(pid, "status", status, sizeof(status)))
		return false;
	kit_proc_field(status, "State", state, sizeof(state));
	return state[0] != 'Z' && state[0] != 'X';
}
