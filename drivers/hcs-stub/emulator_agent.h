/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent: a system that runs is a process of its own, the parent of what runs in it. Whatever
 * its processes leave behind becomes its child, so that nothing survives the system; when the
 * emulator goes, be it by SIGKILL, the agent ends the system.
 */
#ifndef EXECDRIVER_HCS_EMULATOR_AGENT_H
#define EXECDRIVER_HCS_EMULATOR_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define AGENT_MESSAGE_MAX (192u * 1024u)

enum agent_order_kind {
	AGENT_SPAWN = 1, /* a process; the descriptors are as `handles` says, or the console */
	AGENT_ASK = 2,   /* SIGTERM to all; ends with the last, or soon after the last asked for */
	AGENT_KILL = 3   /* the same by force */
};

/*
 * Followed by text that is NUL-terminated: root ("" for the host's), directory, program, then the
 * arguments and the variables.
 */
struct agent_order {
	uint32_t kind;
	uint32_t handles; /* bits 0 to 2: there is a stdin, stdout, stderr */
	uint32_t console; /* the only descriptor is all three */
	uint32_t argc;
	uint32_t envc;
	uint32_t text_size;
};

enum agent_report_kind {
	AGENT_SPAWNED = 1, /* answers AGENT_SPAWN: result, and on success pid with its pidfd */
	AGENT_ENDED = 2    /* any child: pid, and how */
};

struct agent_report {
	uint32_t kind;
	uint32_t result;
	int32_t pid;
	int32_t code;   /* CLD_EXITED and so on */
	int32_t status; /* exit code or signal */
};

/* The whole life of an agent in the child of a fork. */
_Noreturn void agent_main(int sock);

/*
 * In a child of the agent: becomes the program of the order. Returns what went wrong, as a code of
 * the service.
 */
uint32_t agent_become(const struct agent_order *order, const char *text, const int *fds);

/* Signals every descendant of this process, or only its children. */
void agent_signal_all(int sig, bool only_children);

/* The descendants of a process, without it: how many. *pids is allocated. */
size_t family_of(pid_t ancestor, pid_t **pids);

#endif
