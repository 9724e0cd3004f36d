/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: user namespaces and their maps, mounts with mapped ids, and being born again. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/fdio.h"
#include "monitor/sys.h"

#define MAP_MAX 4096
#define WORDS_MAX (MAP_MAX / 2)
#define UID_HELPER "/usr/bin/newuidmap"
#define GID_HELPER "/usr/bin/newgidmap"

#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

/* As fork(), of which nobody may count on being callable here. */
static int spawn(uint64_t flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};

	return neg_errno(syscall(SYS_clone3, &args, sizeof(args)));
}

/* The raw wait status of one of our own. */
static int reap(int pid)
{
	int status = 0, r;

	do
		r = (int)waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : status;
}

/* Digits, and where they end. */
static char *add_number(char *at, int number)
{
	char digits[12];
	int n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*at++ = digits[--n];
	*at = '\0';
	return at;
}

/* A file of a process in /proc; the name is short. */
static int open_proc(int pid, const char *name, int flags)
{
	char path[48] = "/proc/";
	char *at = add_number(path + strlen(path), pid);

	*at++ = '/';
	memcpy(at, name, strlen(name) + 1);
	return neg_errno(open(path, flags | O_CLOEXEC | O_NOCTTY));
}

static int put(struct child *c, int pid, const char *name, const char *text)
{
	int fd = open_proc(pid, name, O_WRONLY), r;

	c->object = name;
	if (fd < 0)
		return fd;
	/* the kernel takes a map in one write only */
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	(void)close(fd);
	return r;
}

/* PROGRAM PID INSIDE OUTSIDE COUNT ...; the words are cut out of a copy of the map. */
static void become_helper(const char *program, int pid, char *words)
{
	char number[12], *argv[WORDS_MAX + 3], *envp[] = {NULL};
	int n = 0;

	(void)add_number(number, pid);
	argv[n++] = (char *)program;
	argv[n++] = number;
	while (*words && n < WORDS_MAX + 2) {
		size_t size = strcspn(words, " \n");

		argv[n++] = words;
		words += size;
		while (*words == ' ' || *words == '\n')
			*words++ = '\0';
	}
	argv[n] = NULL;
	(void)execve(program, argv, envp);
}

static int run_helper(struct child *c, const char *program, int pid, const char *map)
{
	char words[MAP_MAX];
	int status, helper;

	c->object = program;
	if (strlen(map) >= sizeof(words))
		return -E2BIG;
	memcpy(words, map, strlen(map) + 1);
	helper = spawn(0);
	if (helper < 0)
		return helper;
	if (helper == 0) {
		become_helper(program, pid, words);
		_exit(errno == ENOENT ? 127 : 126);
	}
	status = reap(helper);
	if (status <= 0)
		return status;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EPERM;
}

static int write_maps(struct child *c, const struct wire_step *s, int pid)
{
	const char *uids = child_text(c, s, 0), *gids = child_text(c, s, 1);
	int r = 0;

	if (s->num[0] & WIRE_USERNS_NO_SETGROUPS)
		r = put(c, pid, "setgroups", "deny");
	if (!r && s->num[0] & WIRE_USERNS_HELPERS) {
		r = run_helper(c, GID_HELPER, pid, gids);
		return r < 0 ? r : run_helper(c, UID_HELPER, pid, uids);
	}
	if (!r)
		r = put(c, pid, "gid_map", gids);
	return r < 0 ? r : put(c, pid, "uid_map", uids);
}

/* Only there to be in the namespace; it ends when nobody holds the other end of its pipe. */
static void hold(const int *line)
{
	char byte;

	(void)close(line[1]);
	while (read(line[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/*
 * The namespace is made by a process of its own, since it takes its maps from outside. So it is
 * there, complete, before the first mount is mapped by it and before anybody joins it.
 */
static int do_userns(struct child *c, const struct wire_step *s)
{
	int line[2], pid, r, fd = -1;

	if (pipe2(line, O_CLOEXEC) < 0)
		return -errno;
	c->object = "clone";
	pid = spawn(CLONE_NEWUSER);
	if (pid == 0)
		hold(line);
	r = pid;
	if (r > 0)
		r = write_maps(c, s, pid);
	if (r >= 0) {
		c->object = "ns/user";
		fd = open_proc(pid, "ns/user", O_RDONLY);
		r = child_fill(c, s, 1, fd);
	}
	(void)close(line[0]);
	(void)close(line[1]);
	if (pid > 0)
		(void)reap(pid);
	return r;
}

static int do_rebirth(struct child *c, const struct wire_step *s)
{
	struct clone_args args = {
		.flags = s->num[0] | CLONE_PARENT | CLONE_PARENT_SETTID,
		.parent_tid = (uint64_t)(uintptr_t)c->launch->reborn,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid > 0)
		_exit(0);
	if (pid == 0) {
		child_note_pid(c->born, 0);
		return 0;
	}
	/* The pid namespace of a container whose init has ended takes nobody in. */
	if (errno == ENOMEM && !s->num[0]) {
		c->code = EXD_ERR_NOT_RUNNING;
		return -ESRCH;
	}
	return -errno;
}

static int do_idmap(const struct child *c, const struct wire_step *s)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)child_slot(c, s, 1),
	};

	return sys_mount_setattr(child_slot(c, s, 0), s->num[0] ? AT_RECURSIVE : 0, &attr);
}

int child_userns(struct child *c, const struct wire_step *s)
{
	switch (s->op) {
	case WIRE_USERNS:
		return do_userns(c, s);
	case WIRE_REBIRTH:
		return do_rebirth(c, s);
	case WIRE_IDMAP:
		return do_idmap(c, s);
	default:
		return -EINVAL;
	}
}
