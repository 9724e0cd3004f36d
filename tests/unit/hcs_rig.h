/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An emulated compute service in a scratch directory, for tests. */
#ifndef EXECDRIVER_TESTS_UNIT_HCS_RIG_H
#define EXECDRIVER_TESTS_UNIT_HCS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "drivers/hcs-stub/hcs.h"
#include "tests/tap.h"

/* A document without anything special. */
#define RIG_DOCUMENT(id) "{\"SystemType\":\"Container\",\"Name\":\"" id "\"}"
/* Parameters of a process; the command line is JSON already. */
#define RIG_PROCESS(line) "{\"CommandLine\":\"" line "\"}"

/* The result must be this one; says which it was. */
#define ck_hcs(call, want)                                                              \
	do {                                                                            \
		uint32_t ck_result = (call);                                            \
		ck_assert_msg(ck_result == (want), "%s: 0x%08x, not 0x%08x: %s", #call, \
			      ck_result, (uint32_t)(want), hcs_error_text(ck_result));  \
	} while (0)

/* The state root of this test, made when first asked for; a path and a directory descriptor. */
const char *rig_root(void);
int rig_root_fd(void);
/* A client; the service is started when there is none. Ends with the 50th millisecond of idling. */
struct hcs_client *rig_client(void);
/* A client of the service that runs, or NULL. */
struct hcs_client *rig_connect(void);
/* Disconnects, waits for the end of the service, closes and removes the root. */
void rig_end(struct hcs_client *client);
/* Waits until nobody listens, at most 30 s. */
void rig_wait_end(void);

/* Creates and starts a system. */
void rig_system(struct hcs_client *client, const char *id, const char *document);
/* A process with all streams on the null device. */
struct hcs_process rig_process(struct hcs_client *client, const char *id, const char *parameters);
void rig_close(struct hcs_process *process);
/* Until a descriptor is readable, at most 30 s. */
void rig_readable(int fd);
/* The exit code of a process, once it has ended; closes it. */
uint32_t rig_exit(struct hcs_client *client, const char *id, struct hcs_process *process);
/* Whether the process of a pid is gone, after 30 s at most. */
bool rig_dead(pid_t pid);
/* The pid of the service. */
pid_t rig_service(void);
/* The journal, to be freed. */
char *rig_journal(void);
/* The path of a program of this driver. */
const char *rig_program(const char *name);

#endif
