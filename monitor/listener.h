/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is told of the system calls of a process: the way of its seccomp listener to that socket. */
#ifndef EXECDRIVER_MONITOR_LISTENER_H
#define EXECDRIVER_MONITOR_LISTENER_H

#include "monitor/task.h"

/* A connection to the SOCK_STREAM socket at this path, or negative errno. */
int listener_connect(const char *path);

/* The child has its listener: it goes on once that is handed over, else it is killed. */
void listener_told(struct monitor *m, struct task *t, int fd);

#endif
