/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor inside a fuzz target: all of it but what makes processes, cgroups and steps. A "process"
 * is a pipe, whose read end is its pidfd: it has ended when nobody holds the write end.
 */
#ifndef EXECDRIVER_TESTS_FUZZ_MONITOR_RIG_H
#define EXECDRIVER_TESTS_FUZZ_MONITOR_RIG_H

#include "monitor/worker.h"
#include "tests/fuzz/fuzz.h"

enum rig_plan {
	RIG_PLAIN = 0,
	RIG_WITH_INIT = 1, /* parked too */
	RIG_WORKER = 2,
	RIG_WORKER_PARKS = 3, /* with a terminal */
	RIG_REMOTE = 4,
	RIG_PLANS = 5
};

struct rig {
	struct monitor monitor;
	int folder; /* state directory of all launches */
	int host;   /* the client's end of the newest connection */
	int report; /* the newest child's end of its lines, or -1 */
	int init;
	int line;
	int life;         /* of the newest process: closed at its end */
	uint8_t steps;    /* steps of prepare fail when odd */
	uint8_t births;   /* births fail when odd */
	uint64_t request; /* of the newest launch */
};

/* A new one each time, with one client. */
struct rig *rig_begin(void);
/* Everybody goes, time passes, and nothing may be left. */
void rig_end(struct rig *rig);
void rig_connect(struct rig *rig);
/* Lets the monitor handle what is there. */
void rig_turn(struct rig *rig);
/* The timer that is due first fires. */
void rig_timer(struct rig *rig);
/* The newest process ends. */
void rig_kill(struct rig *rig);

/* Sends bytes as they are, with descriptors that are closed. */
void rig_send(int sock, const void *data, size_t size, int *fds, unsigned int nfds);
/* A message of the wire with its head as it has to be. */
void rig_message(struct rig *rig, uint16_t type, uint64_t request, const void *body, size_t size,
		 int *fds, unsigned int nfds);
/* A launch of that plan, as a host sends it. */
void rig_launch(struct rig *rig, enum rig_plan plan, uint32_t flags, uint32_t with);
/* The sealed plan. */
int rig_plan(enum rig_plan plan);
/* A new descriptor: what kind is up to the byte. */
int rig_fd(struct rig *rig, uint8_t kind);

#endif
