/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state directory of its own for each test, with records written by hand. */
#ifndef EXECDRIVER_TESTS_RECORDS_H
#define EXECDRIVER_TESTS_RECORDS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/procstat.h"
#include "core/record.h"
#include "tests/tap.h"

static char top[] = "/tmp/exd-record-XXXXXX";
static int root = FD_NONE;
static char boot[BOOT_ID_SIZE];

static inline void setup(void)
{
	strcpy(top, "/tmp/exd-record-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
	ck_assert_int_eq(boot_id(boot), 0);
}

static inline void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	ck_assert_int_eq(system(command), 0);
	close(take_fd(&root));
}

/* <root>/<id>/<name> with this content. */
static inline void write_file(const char *id, const char *name, const char *text)
{
	char path[256];
	int fd;

	ck_assert(mkdirat(root, id, 0700) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%s", id, name);
	fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static inline void write_state(const char *id, pid_t pid, const char *boot_text, const char *more)
{
	char text[1024];
	uint64_t start = 0;

	if (proc_start_time(pid, &start) < 0)
		start = 1;
	snprintf(
		text, sizeof(text),
		"{\"id\":\"%s\",\"driver\":\"fake\",\"boot_id\":\"%s\",\"created_ns\":42,\"rootfs\":\"/r\","
		"\"args\":[\"sh\",\"-c\"],\"annotations\":{\"k\":\"v\"},\"notes\":{\"n\":\"o\"},"
		"\"monitor\":{\"dir\":\"01234567\",\"pid\":7,\"start_time\":8},\"pid\":%d,\"start_time\":%llu,"
		"\"status\":\"running\"%s}",
		id, boot_text, (int)pid, (unsigned long long)start, more);
	write_file(id, "state.json", text);
}

static inline struct exd_record *load(const char *id)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_record *record = NULL;

	ck_assert_msg(record_load(root, id, &record, &err) == 0, "%s", err.text);
	return record;
}

static inline enum exd_status status_of(const char *id)
{
	struct exd_record *record = load(id);
	enum exd_status status = record_status(record);

	record_free(record);
	return status;
}

/* Holds a lock file below the root until it is closed. */
static inline int hold(const char *path)
{
	int fd = openat(root, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static inline int monitor_lock(void)
{
	ck_assert(mkdirat(root, ".monitor", 0700) == 0 || errno == EEXIST);
	ck_assert_int_eq(mkdirat(root, ".monitor/01234567", 0700), 0);
	return hold(".monitor/01234567/lock");
}

static inline pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static inline void end_child(pid_t pid, int signal)
{
	kill(pid, signal);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

#endif
