/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor of a test's own, plans by hand, and messages one by one. */
#ifndef EXECDRIVER_TESTS_MONITOR_RIG_H
#define EXECDRIVER_TESTS_MONITOR_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/wire.h"

/* A plan in the making. Everything in it is public: tests break it on purpose. */
struct plan {
	struct wire_plan head;
	struct wire_step steps[64];
	unsigned int count;
	char data[16384];
	size_t used;
	int fds[32];
};

void plan_init(struct plan *p, uint64_t clone_flags);
/*
 * A slot filled with this descriptor, which stays the caller's. All before the first plan_slot().
 */
uint16_t plan_fd(struct plan *p, int fd);
uint16_t plan_slot(struct plan *p);
/* Steps are to be added in the order of phases. */
struct wire_step *plan_step(struct plan *p, enum wire_phase phase, enum wire_op op, uint32_t code);
struct wire_span plan_data(struct plan *p, const void *bytes, size_t size);
struct wire_span plan_text(struct plan *p, const char *text);
/* argv[0] is the only candidate; environment: A=1. */
void plan_exec(struct plan *p, const char *const *argv);
void plan_shell(struct plan *p, const char *script);
/* The sealed memfd. */
int plan_seal(struct plan *p);

struct rig {
	int sock;
	int root; /* state directory */
	int dir;  /* of the monitor */
	pid_t monitor;
	char name[16]; /* of the monitor */
	char path[64]; /* of the state directory */
	uint64_t request;
};

void rig_open(struct rig *r);
/* Below another directory than /tmp; `before` is called in the process that becomes the monitor. */
void rig_open_with(struct rig *r, const char *parent, void (*before)(void));
/*
 * Closes the connection and waits for the monitor's end, which must be a clean one that leaves
 * nothing.
 */
void rig_close(struct rig *r);
/* A further client. */
int rig_connect(struct rig *r);

struct launch_options {
	const char *id;
	uint32_t flags;
	uint32_t hook_timeout_ms;
	uint32_t drain_ms;
	bool state;    /* with a state directory */
	int oom;       /* write end of a channel, or 0 */
	int drain_out; /* read end of a pipe, or 0 */
	int output;    /* file, or 0 */
};

/* Sends the launch; returns its request. */
uint64_t rig_launch(struct rig *r, struct plan *p, const struct launch_options *o);
uint64_t rig_launch_fd(struct rig *r, struct plan *p, int memfd, const struct launch_options *o);

struct reply {
	struct wire_msg head;
	union {
		char bytes[4096];
		struct wire_welcome welcome;
		struct wire_started started;
		struct wire_failure failure;
		struct wire_exit exit;
		struct wire_event event;
		int32_t result;
	};
	int fds[8];
	unsigned int nfds;
};

/* The next message, within 10 s. False: the monitor closed the connection. */
bool rig_next(int sock, struct reply *reply);
/* The next message must be of this type; its descriptors are closed. */
void rig_expect(int sock, uint16_t type, struct reply *reply);
/* Nothing comes for that long. */
bool rig_silent(int sock, int ms);
void rig_send(int sock, uint16_t type, uint64_t request, const void *body, size_t size, int fd);
void rig_verdict(int sock, uint16_t type, uint64_t request, int32_t verdict);
int32_t rig_kill(int sock, const char *id, int signal);

/* The straight path: launch, STARTED, ACK, EXITED, CLEANED. Returns the exit. */
struct wire_exit rig_run(struct rig *r, struct plan *p, const struct launch_options *o);
/* Launch to FAILED. */
struct wire_failure rig_run_failing(struct rig *r, struct plan *p, const struct launch_options *o);

#endif
