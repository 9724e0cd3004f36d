/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The emulated Host Compute Service of a state root: one program, one thread, one loop. Clients
 * make calls, systems are agents (emulator_agent.h), and a journal tells of each call.
 */
#ifndef EXECDRIVER_HCS_EMULATOR_H
#define EXECDRIVER_HCS_EMULATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "drivers/hcs-stub/emulator_document.h"
#include "drivers/hcs-stub/emulator_script.h"
#include "drivers/hcs-stub/hcs_protocol.h"

/* Stopped systems that are remembered. */
#define EMULATOR_STOPPED_MAX 64u
/* Processes that run in a Hyper-V container at a time. */
#define EMULATOR_HYPERV_PROCESSES_MAX 16u

struct emulator;

/* Something in the loop: `fn` is called when the descriptor is readable or hung up. */
struct source {
	int fd;
	void (*fn)(struct emulator *e, struct source *s);
};

/* What a client waits for. */
enum client_wait {
	CLIENT_IDLE,
	CLIENT_DELAYED, /* by a script: the call has not begun */
	CLIENT_SPAWN,   /* for the agent */
	CLIENT_STOP     /* for the end of the system */
};

struct client {
	struct source source; /* first */
	struct client *next;
	pid_t pid;
	uid_t uid;
	enum client_wait wait;
	int64_t deadline_ms; /* negative: none */
	uint64_t began_ns;
	struct hcs_incoming call; /* while it waits */
	int fds[HCS_HANDLES_MAX];
	unsigned int nfds;
	struct script_verdict verdict;
	char why[WHY_SIZE]; /* for the journal */
};

struct answer {
	uint32_t result;
	uint32_t process_id;
	uint32_t exit_code;
	uint32_t with;
	const char *text;
	const int *fds; /* lent */
};

enum system_state { SYSTEM_CREATED,
		    SYSTEM_RUNNING,
		    SYSTEM_SHUTTING_DOWN,
		    SYSTEM_STOPPED };

struct process {
	struct process *next;
	pid_t pid;
	int pidfd;
	int end;     /* write end: closed when it has ended */
	int console; /* our own of the master, or negative */
	bool ended;
	bool terminated;    /* by a call about this process */
	uint32_t result;    /* of the wait */
	uint32_t exit_code; /* if that is HCS_OK */
	char *command_line;
};

/* An order to the agent that is not answered yet; answers come in order. */
struct spawn {
	struct spawn *next;
	struct client *client; /* NULL: it has gone */
	int master;            /* of the console, or negative */
	char *command_line;
};

struct system {
	struct source agent; /* first; negative when it does not run */
	pid_t agent_pid;
	struct system *next;
	char *id;
	enum system_state state;
	bool killed;     /* by force, through us */
	bool unexpected; /* its agent ended by itself */
	struct document document;
	struct process *processes;
	struct spawn *spawns;
	int *watchers; /* write ends: closed when it has stopped */
	size_t watcher_count;
};

/* Kept by id, since it comes before its system. */
struct scripted {
	struct scripted *next;
	char *id;
	const struct client *owner; /* who set it, while connected */
	struct script script;
};

struct emulator {
	struct source listener;
	int dir; /* <root>/.hcs */
	int epoll;
	int journal; /* negative: none is kept */
	uint64_t serial;
	int idle_ms;
	int64_t idle_deadline_ms; /* negative: somebody is there */
	struct client *clients;
	struct system *systems;
	struct scripted *scripts;
};

/* ---- the loop -------------------------------------------------------------------------------- */

int source_add(struct emulator *e, struct source *s);
/* Also closes the descriptor. */
void source_close(struct emulator *e, struct source *s);

/* Out of a cgroup that is a monitor's own. */
void cgroup_leave_monitors(void);

/* ---- clients --------------------------------------------------------------------------------- */

void clients_accept(struct emulator *e, struct source *s);
/* Sends the answer, writes the journal, and the client may call again. */
void client_answer(struct emulator *e, struct client *c, const struct answer *answer);
/* The same for calls that give only a result. */
void client_result(struct emulator *e, struct client *c, uint32_t result);
/* Ends the waits whose time has come; returns when the next one is, or -1. */
int64_t clients_deadline(struct emulator *e);
/* Answers all that wait for the end of this system. */
void clients_stopped(struct emulator *e, const struct system *s);

/* ---- calls ----------------------------------------------------------------------------------- */

/* Does what a client asks for; it is answered now or waits. */
void call_begin(struct emulator *e, struct client *c);
/* A wait has lasted as long as it may. */
void call_timed_out(struct emulator *e, struct client *c);
/* A client goes while it waits. */
void call_forget(struct emulator *e, struct client *c);

void call_create_process(struct emulator *e, struct client *c, struct system *s);
void call_properties(struct emulator *e, struct client *c, const struct system *s);

/* ---- systems --------------------------------------------------------------------------------- */

struct system *system_find(const struct emulator *e, const char *id);
/* Takes over what the document holds. NULL: no memory. */
struct system *system_add(struct emulator *e, const char *id, struct document *document_take);
void system_remove(struct emulator *e, struct system *s);
/* Makes it run: a code of the service. */
uint32_t system_start(struct emulator *e, struct system *s);
/* Its agent is gone, as it was told to or not. */
void system_agent_gone(struct emulator *e, struct system *s);
/* Tells the agent to end it, one way or the other. */
void system_end(struct emulator *e, struct system *s, bool by_force);
/* *fd is readable when it has stopped. */
uint32_t system_watch(struct system *s, int *fd);
bool systems_live(const struct emulator *e);

const char *system_state_name(const struct system *s);
/* What calls that need a system of one state get from one of another. */
uint32_t system_refuses(const struct system *s);

/* ---- processes ------------------------------------------------------------------------------- */

/* The newest of this pid, which may be used again. */
struct process *process_find(const struct system *s, uint32_t process_id);
size_t processes_running(const struct system *s);
void process_free(struct process *p);
/* The agent has news, or is gone. */
void agent_readable(struct emulator *e, struct source *s);
/* Those that nobody will hear of again: how waits for them end, and calls that would start one. */
void processes_lost(struct system *s, uint32_t result);
void spawns_lost(struct emulator *e, struct system *s, uint32_t result);

/* ---- scripts and journal --------------------------------------------------------------------- */

struct scripted *scripts_find(const struct emulator *e, const char *id);
uint32_t scripts_set(struct emulator *e, struct client *c);
/* Drops what no system and no client has use for. */
void scripts_tidy(struct emulator *e);

int journal_open(int dir);
void journal_write(struct emulator *e, const struct client *c, const struct answer *answer);

#endif
