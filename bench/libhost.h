/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host of the library for the harness: what its modes share. */
#ifndef EXECDRIVER_BENCH_LIBHOST_H
#define EXECDRIVER_BENCH_LIBHOST_H

#include <stdint.h>

#include <execdriver/execdriver.h>

struct libhost {
	struct exd_engine *engine;
	struct exd_command *command;  /* what a round runs */
	struct exd_process *resident; /* for exec and stats */
	struct exd_box *box;          /* for box-stats */
	const char *rootfs;
	int kmsg; /* for oom */
};

void check(int r, const struct exd_error *err);
/* A command for one program in the rootfs; with none it is for exec. */
struct exd_command *host_command(const char *rootfs, const char *program);
/* Starts a container and returns when it runs. */
struct exd_process *host_start(struct libhost *h, const struct exd_command *command);
/* Kills it and waits for its end. */
void host_end(struct exd_process *process);

/* Rounds of so many starts at once, each until the last of them has ended. */
void serve_burst(struct libhost *h, size_t count);

void oom_open(struct libhost *h);
/* From the kernel's OOM kill to the readable OOM channel. */
uint64_t oom_round(void *libhost);

#endif
