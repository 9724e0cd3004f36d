/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor: the least a container start can cost on this kernel, with nothing around it. */
#ifndef EXECDRIVER_BENCH_FLOOR_H
#define EXECDRIVER_BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	FLOOR_HIERARCHIES = 16,
};

/* One cgroup hierarchy that the container gets a directory in. */
struct hierarchy {
	char name[64];
	char path[256];
	int parent; /* its exd-bench-PID directory */
	int join;   /* v1: tasks of the round's leaf; v2: the leaf itself */
	bool unified;
};

struct cgroups {
	struct hierarchy list[FLOOR_HIERARCHIES];
	size_t count;
	char parent[32];
	char leaf[32];
};

/* Makes the parent directory in each hierarchy that has controllers or a name; not timed. */
void cgroups_open(struct cgroups *cg);
void cgroups_close(struct cgroups *cg);
void cgroups_make(struct cgroups *cg);
/* Opens what joining needs; returns the v2 leaf for CLONE_INTO_CGROUP, or -1. */
int cgroups_hold(struct cgroups *cg);
/* Returns the index of the hierarchy that refused + 1, or 0. */
size_t cgroups_join(const struct cgroups *cg, void (*joined)(void *arg, size_t i), void *arg);
void cgroups_release(struct cgroups *cg);
void cgroups_remove(struct cgroups *cg);

/* The moments of a round, in order. */
enum floor_mark {
	MARK_START,
	MARK_CGROUPS, /* directories made, their tasks files open */
	MARK_BORN,    /* first instruction of the child */
	MARK_JOINED,
	MARK_TREE,     /* rootfs cloned */
	MARK_UNSHARED, /* mount and cgroup namespace */
	MARK_PRIVATE,
	MARK_PROC,  /* proc made */
	MARK_DEV,   /* tmpfs made */
	MARK_MOVED, /* rootfs, proc, tmpfs in place */
	MARK_PIVOTED,
	MARK_DETACHED,
	MARK_RUNNING, /* the program's main; only /stamp tells */
	MARK_REAPED,
	MARK_REMOVED, /* cgroup directories */
	MARK_COUNT,
};

/* Shared with the child. */
struct floor_marks {
	uint64_t running; /* first: written by the guest through the descriptor */
	uint64_t at[MARK_COUNT];
	uint64_t join[FLOOR_HIERARCHIES];
	uint64_t cloned; /* clone3 returned in the parent */
	pid_t exec_pid;
	const char *failed;
	int error;
};

struct floor {
	int rootfs;
	bool with_cgroups;
	const char *program;
	struct cgroups cgroups;
	int shared; /* memfd of marks */
	struct floor_marks *marks;
};

void floor_open(struct floor *f, const char *rootfs, bool with_cgroups);
void floor_close(struct floor *f);

/* clone3 by these flags, into the cgroup if that is >= 0; the pidfd in *pidfd. */
pid_t floor_clone(uint64_t flags, int cgroup, int *pidfd);

/* Starts program; returns its pidfd, the pid in *pid. */
int floor_start(struct floor *f, const char *program, pid_t *pid);
/* Waits for it and cleans up after it. */
void floor_finish(struct floor *f, int pidfd);
void __attribute__((noreturn)) floor_child_fail(struct floor *f, const char *what);
void floor_check(const struct floor *f);
/* One start to finish of /true; the nanoseconds it took. */
uint64_t floor_round(void *floor);

/* setns + fork + execve of /true in a running container; the nanoseconds it took. */
struct floor_exec {
	struct floor *floor;
	int pidfd; /* of the container */
};
uint64_t floor_exec_round(void *floor_exec);

/* Reaps it; returns its exit code, or 128 + the signal. */
int floor_reap(int idtype, id_t id);

/* Prints where the time of a round goes. */
void floor_breakdown(struct floor *f, unsigned int rounds);

#endif
