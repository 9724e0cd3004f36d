/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A long run: what it does, what each round of it must end with, and what it watches meanwhile. */
#ifndef EXECDRIVER_TESTS_SOAK_H
#define EXECDRIVER_TESTS_SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <execdriver/execdriver.h>

#define SOAK_THREADS_MAX 32
#define SOAK_ID_SIZE 32

enum soak_kind {
	SOAK_START, /* an exit code, or a signal */
	SOAK_OOM,   /* a kill by the kernel's OOM killer */
	SOAK_KILL,  /* a plain SIGKILL under a memory limit */
	SOAK_EXEC,  /* a further process of a container that rests */
	SOAK_KINDS
};

struct soak {
	struct exd_engine *engine;
	const char *rootfs;
	const char *cgroup;
	uint32_t seed;
	uint32_t threads; /* and containers that rest */
	bool warm;
	struct exd_process *resting[SOAK_THREADS_MAX];
	pthread_mutex_t lock;
	pthread_cond_t ended; /* one of the threads has nothing left to do */
	uint32_t left[SOAK_KINDS];
	uint32_t working;
	uint32_t begun;
	uint32_t stop_after; /* as many rounds as may begin for now */
	atomic_uint done[SOAK_KINDS];
	atomic_uint misjudged;
	atomic_uint failed; /* a call gave an error */
	atomic_uint looked; /* starts of a warm run, and those that had a warm box */
	atomic_uint found_warm;
};

/* rounds.c: until `stop_after` rounds have begun or none is left. */
void soak_rounds(struct soak *soak);
/* A container that only rests; NULL when it cannot be started. */
struct exd_process *soak_rest(struct soak *soak, uint32_t number);
/* Ends it; it has to have ended by that. */
void soak_end_rest(struct soak *soak, struct exd_process *process);

/* Least squares of a series, one value after the other. */
struct soak_trend {
	double n, x, y, xx, xy;
	long least, most;
};

void soak_trend_add(struct soak_trend *trend, double x, long y);
/* y for each x. */
double soak_trend_slope(const struct soak_trend *trend);

/* What a process has at a moment: memory of its own (of files none) and all in KiB. */
struct soak_sight {
	long own_kb;
	long rss_kb;
	long pss_kb;
	long fds;
};

/* watch.c; false: it is gone. */
bool soak_look(pid_t pid, struct soak_sight *sight);
/* The same, once it opens and closes nothing any more. */
bool soak_look_at_rest(pid_t pid, struct soak_sight *sight);

#endif
