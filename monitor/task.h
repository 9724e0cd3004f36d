/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One started process, container or exec, from its launch to its end. */
#ifndef EXECDRIVER_MONITOR_TASK_H
#define EXECDRIVER_MONITOR_TASK_H

#include "monitor/logpid.h"
#include "monitor/monitor.h"

/* In the order of a life. A failed start goes from wherever it was to ABORTING. */
enum task_state {
	TASK_STARTING = 0,
	TASK_PARKED,  /* waits for WIRE_GO */
	TASK_STARTED, /* waits for WIRE_ACK */
	TASK_RUNNING,
	TASK_ABORTING, /* killed before it began, not reaped yet */
	TASK_END,      /* reaped; the phase `end` runs */
	TASK_DRAIN,    /* stdio may still be held open */
	TASK_COUNT,    /* the OOM counter settles */
	TASK_RECORD,
	TASK_CLEANUP,
	TASK_DONE
};

#define WARM_NAME_SIZE 40

/* A launch under way: gone when the program runs. */
struct launch {
	const struct wire_plan *plan; /* mapped */
	unsigned int nslots;
	size_t size;
	const struct wire_step *steps;
	const char *data;
	int *slots; /* plan->slots of them; -1: not filled */
	char **argv;
	char **envp;
	char *state; /* state.json so far, without its closing brace */
	size_t state_size;
	bool state_staged;        /* the record lies ready under its temporary name */
	bool executing;           /* the child said that execve is next */
	int32_t *log_pids;        /* LOGPIDS that the child fills in, or NULL */
	char box[WARM_NAME_SIZE]; /* name of the box that it is, or was started in; "": none */
	bool taken;               /* the box is a container's by now */
	/* pid after WIRE_REBIRTH, by the kernel's hand; NULL: no such step */
	int32_t *reborn;
	struct wire_failure failure;
};

/* The steps of end and cleanup, copied out of the plan. */
struct tail_step {
	uint16_t op;
	uint16_t phase;
	int16_t fd[2]; /* indices in tail.fds, or -1 */
	uint32_t version;
	const char *path;
};

struct tail {
	unsigned int count;
	unsigned int next;
	unsigned int nfds;
	int *fds;
	uint64_t give_up_ns;
	bool left; /* a cgroup could not be removed */
	struct tail_step step[];
};

struct oom {
	struct task *task;
	struct watch hint; /* v1: an eventfd; v2: memory.events */
	struct timer tick;
	int counter; /* memory.oom_control or memory.events, read at any time */
	int dir;
	int version;
	uint64_t kills;
	uint64_t until_ns;  /* re-read the counter that long, before the end is told */
	uint64_t follow_ns; /* that long as well, unless the end is told before */
	uint64_t moved_ns;  /* when it was last seen to move, as long as that can have a say */
	uint64_t died_ns;
	bool named;   /* the kernel's log says that it killed the program */
	bool log_gap; /* the kernel's log lost lines while this one lived */
	bool struck;  /* it was seen to die of SIGKILL just after the counter moved */
};

/* The notification was seen before the counter moved, and up to 12 ms after: look for that long. */
#define OOM_SETTLE_NS (25u * MS_NS)
#define OOM_CHANNELS_MAX 16u

struct task {
	struct task *next;
	struct client *client; /* NULL: gone */
	uint64_t request;
	struct launch *launch;
	struct tail *tail;
	struct oom *oom;
	struct shape *shape;   /* of a box; of a launch while it is begun, when there is one */
	struct worker *worker; /* NULL: the process is our own child */
	char *id;
	uint32_t flags; /* enum wire_launch_flag */
	uint32_t hook_timeout_ms;
	uint32_t drain_ms;
	uint8_t state; /* enum task_state */
	bool failed;   /* the program never began */
	bool killed;   /* SIGKILL was sent by us */
	bool layered;  /* WIRE_LAYER_DIR is to be removed */
	bool acked;    /* the host has no start hook and said so at once */
	bool is_box;   /* nobody's yet, and nobody's ever when it comes to its end as that */
	bool warm;     /* it was taken from the boxes */
	bool warned;   /* an optional step failed */
	bool init_reported;
	int32_t init_status; /* of the program, when a small init is above it */
	int32_t pid;
	int32_t program;           /* pid of the program under a small init, else 0 */
	int32_t log_pids[LOGPIDS]; /* in a nested pid namespace, once the program runs */
	uint64_t start_time;
	struct watch pidfd;
	struct watch former; /* the process before its rebirth, until it is reaped */
	struct watch report;
	struct watch init; /* the small init's line, when there is one */
	struct watch drain[2];
	struct watch tty;   /* master of a detached pty */
	struct timer timer; /* of the state it is in */
	int output;         /* the pty is copied there */
	int master;         /* until it was sent */
	int state_dir;
	int root_dir;
	int lock;
	int *channels;  /* OOM channels, ended by -1 */
	bool oom_blind; /* no OOM kill of it can be seen: its channels end at once */
	struct wire_exit exit;
	struct watcher *watchers; /* clients waiting for the exit */
};

/* Nor is the monitor to be ended with the host then. */
static inline bool task_outlives_host(const struct monitor *m, const struct task *t)
{
	return m->linger_s || !(t->flags & (WIRE_LAUNCH_TIED | WIRE_LAUNCH_EXEC));
}

struct watcher {
	struct watcher *next;
	struct client *client;
	uint64_t request;
};

/* launch.c */
/* The launch message with its descriptors, which are taken; -EBADMSG when it is malformed. */
int launch_begin(struct monitor *m, struct client *c, const struct wire_msg *msg, int *fds);
void launch_free(struct monitor *m, struct task *t);
/* Where the parts of a mapped plan are, which was checked; also in the child. */
void launch_point(struct launch *l, const void *map, size_t size);
/* What execve takes, in room of that size that somebody else has; also in the child. */
size_t launch_vectors_size(const struct launch *l);
void launch_vectors(struct launch *l, void *room);
/* The child's first step of this kind, or NULL. */
const struct wire_step *launch_find(const struct launch *l, enum wire_op op);
/* One without anything; NULL: no memory. */
struct task *task_blank(const char *id);
/* The path that a step's cgroup has, with or without a box; false: too long. */
bool launch_cgroup_path(const struct launch *l, const struct wire_step *s, char *out, size_t size);

/* validate.c: 0, or -EBADMSG with what is wrong in *failure. */
int plan_validate(const struct wire_plan *plan, size_t size, struct wire_failure *failure);

/* prepare.c */
/* A warning of an optional step is told to the client, and remembered. */
int prepare_run(struct monitor *m, struct task *t);
void launch_fail(struct task *t, uint32_t code, int error, const char *object);

/* birth.c */
int birth(struct monitor *m, struct task *t);
/* The same for one that was born as a box, and watched as that. */
void birth_of_box(struct monitor *m, struct task *t);

/* rebirth.c: the process that a plan begins with need not be the one that becomes the program */
int rebirth_expect(struct launch *l);
/* From the moment it was born the new one is the task's. True: it has just become that. */
bool rebirth_follow(struct monitor *m, struct task *t);
/* The task ends; a former process that is still about is reaped with the monitor's own end. */
void rebirth_forget(struct monitor *m, struct task *t);

/* report.c: what the child says */
void report_ready(struct monitor *m, struct watch *w, uint32_t events);
void init_ready(struct monitor *m, struct watch *w, uint32_t events);

/* supervise.c */
void task_abort(struct monitor *m, struct task *t, uint32_t code, int error, const char *object);
void task_parked(struct monitor *m, struct task *t);
void task_go(struct monitor *m, struct task *t, int32_t verdict);
void task_started(struct monitor *m, struct task *t);
void task_ack(struct monitor *m, struct task *t, int32_t verdict);
void task_kill(struct monitor *m, struct task *t);
void task_hook_timeout(struct monitor *m, struct timer *timer);
/* The client of the launch has gone. */
void task_orphan(struct monitor *m, struct task *t);
struct task *task_find(struct monitor *m, const char *id);
struct task *task_of_request(struct monitor *m, const struct client *c, uint64_t request);
int task_signal(struct monitor *m, struct task *t, int sig);
/* Its reaping follows, never from within; also where it is waited for already. */
void task_await_end(struct monitor *m, struct task *t);

/* finish.c: from the end of the process to the end of the task */
void task_reap(struct monitor *m, struct watch *w, uint32_t events);
bool task_try_reap(struct monitor *m, struct task *t);
void task_advance(struct monitor *m, struct task *t);

/* tail.c */
struct tail *tail_new(const struct launch *l);
/* Takes the descriptors that end and cleanup need out of the slots. */
void tail_adopt(struct monitor *m, struct tail *tail, struct launch *l);
/* Runs what is left of a phase; -EAGAIN: to be called again. */
int tail_run(struct tail *tail, enum wire_phase phase);
/* Goes to the first step of this phase: a process that was never born needs no end. */
void tail_skip(struct tail *tail, enum wire_phase phase);
void tail_free(struct monitor *m, struct tail *tail);

/* oom.c */
int oom_watch(struct monitor *m, struct task *t, int dir, int version);
void oom_hint(struct monitor *m, struct oom *o);
/* Its end is near, and with it that of the counter, perhaps: nobody waits for what that tells. */
void oom_follow(struct monitor *m, struct oom *o);
/* Reads the counter now: one event for each kill. A wake-up without a kill is none. */
void oom_look(struct monitor *m, struct oom *o);
int oom_attach(struct task *t, int channel);
void oom_close_channels(struct task *t);
/* From now on every channel is at its end, rather than one that stays silent. */
void oom_give_up(struct task *t);
void oom_stop(struct monitor *m, struct task *t);
/* Has the kernel killed anything in it, as far as the counter tells at this moment? */
bool oom_moved(struct task *t);

/* verdict.c: was it the kernel? */
void oom_moved_now(struct oom *o);
/* Is it dying, of what moved the counter? To be asked as soon and as often as that may be. */
void oom_suspect(struct oom *o);
/* It has been reaped. */
void oom_died(struct monitor *m, struct task *t);
/* True when the counter and the verdict are final; else ask again in a millisecond. */
bool oom_settle(struct monitor *m, struct task *t);

/* kmsg.c */
void kmsg_open(struct monitor *m, int version);
void kmsg_drain(struct monitor *m);
/* Would the log name it? Else that it does not says nothing. */
bool kmsg_knows(const struct monitor *m, const struct task *t);

/* record.c */
void record_claim(const struct task *t, bool made);
void record_stage(struct monitor *m, struct task *t);
int record_started(struct task *t);
int record_exit(struct task *t);
void record_remove(struct task *t);

/* tty.c */
int tty_keep(struct monitor *m, struct task *t);
void tty_finish(struct monitor *m, struct task *t);
int tty_resize(struct task *t, uint16_t rows, uint16_t columns);

#endif
