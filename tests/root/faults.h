/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that are made to fail: one of all that a process and its descendants make. */
#ifndef EXECDRIVER_TESTS_ROOT_FAULTS_H
#define EXECDRIVER_TESTS_ROOT_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FAULTS_PROCESSES 8
#define FAULTS_CALLS 4096

/*
 * The call that fails: number `call` of the process that was seen as number `process`, or the next
 * of this kind after it, since not every run makes the very same calls.
 */
struct fault {
	int process; /* negative: none fails */
	int call;
	int nr;
	int error;
};

/* What was seen between faults_begin() and faults_end(). */
struct faults_seen {
	int processes;
	int calls[FAULTS_PROCESSES];
	short nr[FAULTS_PROCESSES][FAULTS_CALLS];
	int failed_nr; /* of the call that was made to fail; -1: it was never made */
	int host_status;
	bool hung; /* somebody had to be killed */
};

/*
 * Called when a program was begun, which stands still meanwhile. Then with 0, should it have been
 * killed while it was looked at: what was seen may not be what it was.
 */
typedef void (*faults_program)(void *arg, pid_t pid);

struct faults_run {
	void (*host)(void *arg); /* in a process of its own */
	faults_program program;
	void *arg;
	struct fault fault;
};

/*
 * Does the run, answering every system call of the host and its descendants; returns when all of
 * them have ended. 0, or -1 where the kernel has no such supervision.
 */
int faults_run(const struct faults_run *run, struct faults_seen *seen);

/* In the host: what lies between may fail. */
void faults_begin(void);
void faults_end(void);

const char *faults_call_name(int nr);
/* The errno values that may come of such a call in earnest; ends with 0. */
const int *faults_errors(int nr);

#endif
