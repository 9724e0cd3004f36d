/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that run many containers: the smallest root there is, and rounds in several threads at once. */
#ifndef EXECDRIVER_TESTS_ROOT_TINY_H
#define EXECDRIVER_TESTS_ROOT_TINY_H

#include <stdio.h>

#include "tests/root/library.h"

/* A directory with the program /inside and the mount points that a container needs, made when first asked for. */
const char *tiny_root(void);
/* Fails the test when a container's cgroup is left. */
void tiny_remove(void);
/* How many cgroups of containers of this root there are, in all hierarchies; removes what they were made in. */
int tiny_cgroups(bool remove_parent);

/* A command that runs `/inside WHAT` there; id and argument may be NULL. */
struct exd_command *tiny_command(const char *id, const char *what, const char *argument);

/* Starts it evented, and frees the command; flags: enum exd_start_flag. */
struct exd_process *tiny_start(struct exd_engine *engine, struct exd_command *command,
			       const struct exd_stdio *stdio, uint32_t flags);
/* Deletes all containers, those that are still being started too. */
void tiny_delete_all(struct exd_engine *engine);

/* A descriptor of a process, the caller's to close; has that ended? */
int tiny_pidfd(pid_t pid);
bool tiny_ended(int pidfd, int timeout_ms);
/* Can it still do anything? Not when the kernel is about to end it. */
bool tiny_alive(int pidfd, pid_t pid);
/* fork(), with a child that dies with the test. */
pid_t tiny_fork(void);

/* One round of many. It must not use ck_assert: what went wrong is written to why, "" when nothing did. */
typedef void (*tiny_round)(struct exd_engine *engine, int round, char *why, size_t size);

/* Does all rounds in this many threads; fails the test with the first thing that went wrong. */
void tiny_rounds(struct exd_engine *engine, tiny_round fn, int rounds, int threads);

/* Sleeps a few milliseconds: for what nothing can be waited on. */
void tiny_nap(void);

/* In a round: says what is wrong and ends it. */
#define wrong_if(condition, ...)                                \
	do {                                                    \
		if (condition) {                                \
			(void)snprintf(why, size, __VA_ARGS__); \
			return;                                 \
		}                                               \
	} while (0)

#endif
