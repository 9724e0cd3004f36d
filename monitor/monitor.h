/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the monitor's parts share: the monitor, its clients, the event loop. */
#ifndef EXECDRIVER_MONITOR_MONITOR_H
#define EXECDRIVER_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/wire.h"

struct monitor;
struct task;
struct warm;

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* A descriptor in the event loop. It must stay where it is in memory while it is watched. */
struct watch {
	void (*fn)(struct monitor *m, struct watch *w, uint32_t events);
	int fd;
};

/* Armed while it is in the monitor's list; fires once. */
struct timer {
	void (*fn)(struct monitor *m, struct timer *t);
	struct timer *next;
	uint64_t at_ns; /* CLOCK_MONOTONIC; 0: not armed */
};

struct dir;
struct event;
struct queued;

struct client {
	struct client *next;
	struct watch sock;
	struct watch host;    /* pidfd of the process behind the socket */
	struct queued *queue; /* messages that did not fit in the socket */
	struct queued *last;
	unsigned int queued;
	int *fds; /* of WIRE_FDS, for the launch to come */
	unsigned int nfds;
	bool greeted;
	bool launched;
	bool cut; /* descriptors for the launch to come were lost */
	bool subscribed;
	bool dead;       /* freed at the end of this turn of the loop */
	uint64_t cursor; /* the last event that was sent */
};

#define EVENTS_KEPT 1024u

/*
 * A birth copies the table of descriptors, some nine for each task, and the newborn closes them: with
 * a thousand tasks that took longer than all else in a start. So one monitor asks for another when it
 * has this many.
 */
#define TASKS_FULL 100

struct monitor {
	int epoll;
	int dir;  /* our directory: sock, lock */
	int root; /* the state directory */
	int lock;
	int own_pidns; /* opened when first needed */
	char *leaf;    /* its cgroup, while it is in one of its own */
	char *came_from;
	struct watch listener;
	struct timer reopen; /* of the listener, when there were no descriptors left */
	struct watch kmsg;
	int asker; /* see logpid.h; -1: its own pids are those of the log */
	bool kmsg_tried;
	bool kmsg_watched;
	struct rlimit nofile; /* as inherited, for the programs */
	rlim_t spare;         /* descriptors that only the end of containers may use */
	struct client *clients;
	struct task *tasks;
	unsigned int task_count;
	uint32_t linger_s;   /* that some host has asked for; 0: none */
	struct timer linger; /* armed while it stays for whom it does not know yet */
	struct warm *warm;   /* NULL: nobody has asked for boxes yet */
	struct dir *dirs;
	struct timer *timers;
	uint64_t sequence;        /* of the newest event */
	unsigned int event_count; /* ever; the newest is event[(event_count - 1) % EVENTS_KEPT] */
	struct event *event[EVENTS_KEPT];
	_Alignas(8) char buffer[WIRE_MSG_MAX];
};

/* loop.c */
int watch_add(struct monitor *m, struct watch *w, uint32_t events);
void watch_set(struct monitor *m, struct watch *w, uint32_t events);
void watch_remove(struct monitor *m, struct watch *w);
/* Stops watching and closes. */
void watch_close(struct monitor *m, struct watch *w);
void timer_arm(struct monitor *m, struct timer *t, uint64_t in_ns);
void timer_disarm(struct monitor *m, struct timer *t);
void close_fd(int *fd);
/* Until nobody is connected but to listen, nothing is left to supervise, and no time to linger. */
int loop_run(struct monitor *m);

#define MS_NS 1000000u

/* main.c */
/* Opens up, or closes again, the descriptors that are set apart. */
void spare_use(const struct monitor *m, bool use);
/* The name of its directory, of at most NAME_MAX characters. */
bool own_name(struct monitor *m, char *out);

/* dirs.c */
/* Takes a directory and returns what to use for it, to be given back by dir_release(). */
int dir_share(struct monitor *m, int fd_take);
/* Also of one that is not shared. */
void dir_release(struct monitor *m, int *fd);

/* warm.c: ends what is kept for a host once no host is there, nor expected. */
void warm_sweep(struct monitor *m);

/* leaf.c: cgroups of its own, once it is to outlive its host, and the way back. Entering works in
   the buffer of messages: what is still wanted of one must have been copied. */
void leaf_enter(struct monitor *m);
void leaf_leave(struct monitor *m);

/* linger.c */
/* A host wants it to stay so long after its last client. */
void linger_ask(struct monitor *m, uint32_t seconds);
/* A client has gone. Works in the buffer of messages, as leaf_enter(). */
void linger_begin(struct monitor *m);

/* client.c */
int client_listen(struct monitor *m);
int client_add(struct monitor *m, int sock);
void client_accept(struct monitor *m);
/* Closes the connection; its tasks learn of it at the end of this turn of the loop. */
void client_drop(struct monitor *m, struct client *c);
void clients_sweep(struct monitor *m);
/* Those for a launch that will not be. */
void client_forget_fds(struct client *c);

/* request.c: messages of clients */
int request_handle(struct monitor *m, struct client *c, const struct wire_msg *msg, int *fds);
/* One whose descriptors did not fit into this process any more. */
int request_refuse(struct monitor *m, struct client *c, const struct wire_msg *msg);

/* send.c */
struct message {
	uint16_t type;
	uint64_t request;
	const struct iovec *body;
	int parts;
	const int *fds;
	unsigned int nfds;
};
/* Sends now or later; a client that reads too slowly is dropped. NULL is fine: nobody is told. */
void client_send(struct monitor *m, struct client *c, const struct message *msg);
void client_send_body(struct monitor *m, struct client *c, uint16_t type, uint64_t request,
		      const void *body, size_t size);
/* What is waiting, as far as the socket takes it. */
void client_flush(struct monitor *m, struct client *c);
void client_forget_queue(struct client *c);

/* events.c */
void event_add(struct monitor *m, uint32_t type, const struct task *t);
/* Sends the events after the client's cursor as far as the socket takes them; false: not all. */
bool events_pump(struct monitor *m, struct client *c);
/* The exit of the latest container of that id that is still remembered. */
bool event_find_exit(const struct monitor *m, const char *id, struct wire_exit *out);

#endif
