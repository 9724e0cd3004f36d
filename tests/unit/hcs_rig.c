/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An emulated compute service in a scratch directory, for tests. */
#include "tests/unit/hcs_rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/hcs-stub/service.h"
#include "tests/unit/scratch.h"

#define PATIENCE_MS 30000
#define JOURNAL_MAX (1024 * 1024)

static struct scratch scratch;
static int root_fd = FD_NONE;
static pid_t guard_pid;
static int guard_end = FD_NONE;

/* Its descriptor 4 is the directory. */
static bool is_service(const char *pid)
{
	char path[64], name[32] = "", link[PATH_MAX], want[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	if (read_file_at(AT_FDCWD, path, name, sizeof(name)) < 0 ||
	    strcmp(name, "hcs-emulator\n") != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%.16s/fd/4", pid);
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = '\0';
	snprintf(want, sizeof(want), "%s/.hcs", scratch.path);
	return strcmp(link, want) == 0;
}

static pid_t find_service(void)
{
	cleanup_closedir DIR *proc = opendir("/proc");
	const struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (is_service(entry->d_name))
			return (pid_t)strtol(entry->d_name, NULL, 10);
	return 0;
}

/* A service whose test has failed would live as long as its systems. */
_Noreturn static void guard(int end)
{
	pid_t service;
	char byte;

	(void)setsid();
	(void)dup2(end, 3);
	(void)close_range(4, ~0u, 0);
	if (read(3, &byte, 1) != 1) {
		while ((service = find_service()))
			if (kill(service, SIGKILL) < 0 || !rig_dead(service))
				break;
		scratch_remove(&scratch);
	}
	_exit(0);
}

static void guard_begin(void)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	guard_pid = fork();
	ck_assert_int_ge(guard_pid, 0);
	if (guard_pid == 0)
		guard(ends[0]);
	close(ends[0]);
	guard_end = ends[1];
}

static void guard_dismiss(void)
{
	ck_assert_int_eq(write(guard_end, "", 1), 1);
	close(guard_end);
	ck_assert_int_eq(waitpid(guard_pid, NULL, 0), guard_pid);
}

const char *rig_root(void)
{
	if (!*scratch.path) {
		scratch_make(&scratch);
		guard_begin();
	}
	return scratch.path;
}

int rig_root_fd(void)
{
	if (root_fd < 0)
		root_fd = open(rig_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root_fd, 0);
	return root_fd;
}

const char *rig_program(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/drivers/hcs-stub/%s", getenv("EXD_TEST_BUILDDIR"), name);
	return path;
}

struct hcs_client *rig_client(void)
{
	const struct service service = {
		.root_fd = rig_root_fd(),
		.path = rig_program("execdriver-hcs-emulator"),
		.idle_ms = 50,
		.journal = true,
	};
	struct hcs_client *client = NULL;

	ck_assert_int_eq(service_connect(&service, PATIENCE_MS, &client), 0);
	return client;
}

struct hcs_client *rig_connect(void)
{
	struct hcs_client *client = NULL;

	return hcs_connect(rig_root_fd(), PATIENCE_MS, &client) < 0 ? NULL : client;
}

static void pause_a_bit(void)
{
	(void)poll(NULL, 0, 10);
}

/* A connection would keep it: its socket is looked for only. */
void rig_wait_end(void)
{
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		if (faccessat(rig_root_fd(), ".hcs/sock", F_OK, 0) < 0)
			return;
		pause_a_bit();
	}
	ck_abort_msg("the service has not ended");
}

void rig_end(struct hcs_client *client)
{
	(void)hcs_disconnect(client);
	rig_wait_end();
	(void)close(root_fd);
	root_fd = FD_NONE;
	if (*scratch.path)
		guard_dismiss();
	scratch_remove(&scratch);
	scratch.path[0] = '\0';
}

void rig_system(struct hcs_client *client, const char *id, const char *document)
{
	ck_hcs(hcs_create_system(client, id, document), HCS_OK);
	ck_hcs(hcs_start_system(client, id), HCS_OK);
}

struct hcs_process rig_process(struct hcs_client *client, const char *id, const char *parameters)
{
	const int handles[3] = {-1, -1, -1};
	struct hcs_process process;

	ck_hcs(hcs_create_process(client, id, parameters, handles, &process), HCS_OK);
	return process;
}

void rig_close(struct hcs_process *process)
{
	cleanup_close_fn(&process->wait_fd);
	cleanup_close_fn(&process->console_fd);
	cleanup_close_fn(&process->pidfd);
}

void rig_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
}

uint32_t rig_exit(struct hcs_client *client, const char *id, struct hcs_process *process)
{
	uint32_t code = 0;

	rig_readable(process->wait_fd);
	ck_hcs(hcs_wait_process(client, id, process->process_id, &code), HCS_OK);
	rig_close(process);
	return code;
}

/* Also when nobody has taken notice of its end yet. */
static bool is_dead(pid_t pid)
{
	char path[32], text[512], *rest;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return true;
	rest = strrchr(text, ')');
	return rest && (rest[2] == 'Z' || rest[2] == 'X');
}

bool rig_dead(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		if (is_dead(pid))
			return true;
		pause_a_bit();
	}
	return false;
}

pid_t rig_service(void)
{
	pid_t pid = find_service();

	ck_assert_msg(pid > 0, "no service runs");
	return pid;
}

char *rig_journal(void)
{
	char *text = malloc(JOURNAL_MAX);

	ck_assert_ptr_nonnull(text);
	ck_assert_int_ge(read_file_at(rig_root_fd(), ".hcs/journal.jsonl", text, JOURNAL_MAX), 0);
	return text;
}
