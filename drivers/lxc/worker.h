/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the worker: what it knows of its container, and what it tells the monitor. */
#ifndef EXECDRIVER_LXC_WORKER_H
#define EXECDRIVER_LXC_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "drivers/lxc/words.h"

struct lxc_container;

#define WORKER_LOG "/run/lxc/log"
#define WORKER_RECIPE_FD 4

struct worker {
	char *recipe;
	size_t size;
	const char *name;
	const char *path;
	const char *init;
	bool attach;
	bool user_namespace; /* the container has one of its own */
	int monitor;         /* the socket, or -1 when nobody listens any more */

	pid_t pid; /* of the container's first process, once it is known */
	int pidfd;
	int line;  /* its messages; -1 before and after */
	int below; /* the line of its small init, when the program has one of its own */
	int tty;   /* the terminal's master, until it is handed over */
	bool going;
	bool ready;
	bool again; /* liblxc wanted to start it anew */
	bool has_status;
	uint32_t status;
	struct words_message failure; /* kind is 0 when there was none */
};

/* Reports; what cannot be sent is for nobody. */
void worker_failed(struct worker *w, uint32_t code, int error_num, const char *text);
void worker_warn(struct worker *w, const char *text);
void worker_alive(struct worker *w, uint32_t kind);
void worker_exit(struct worker *w, uint32_t status);
/* The first thing that went wrong: what a step said, else the first error of liblxc's log. */
void worker_explain(struct worker *w, const char *what);

/* Reads what is on the line of the process, all of it; the end of the line is READY. */
void worker_read_line(struct worker *w);
/* Reads an order of the monitor. False at the end of the socket. */
bool worker_read_order(struct worker *w);

/* A container object with its log, or NULL after a report. */
struct lxc_container *worker_container(struct worker *w);
/* Descriptors 0 to 2 become /dev/null: who holds a pipe open delays its end. */
void worker_let_go(void);

int worker_start(struct worker *w);
int worker_attach(struct worker *w);

#endif
