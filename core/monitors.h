/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitors of a state directory: finding them, starting one. */
#ifndef EXECDRIVER_CORE_MONITORS_H
#define EXECDRIVER_CORE_MONITORS_H

#include <execdriver/execdriver.h>

#include "core/conn.h"
#include "core/state_list.h"

/*
 * A connection to the monitor that this engine is to use: the root's shared one, started when there
 * is none, or a new one of the engine's own (EXD_ENGINE_PRIVATE_MONITOR). One thread of an engine
 * at a time. EXD_ERR_MONITOR.
 */
int monitor_choose(struct exd_engine *engine, struct conn **out, struct exd_error *err);

/* How many seconds a monitor that this engine shares is to stay after its last client. */
uint32_t monitor_linger(const struct exd_engine *engine);

/* The directory names of all monitors of the root, living or not. Negative errno. */
int monitors_list(int root_fd, struct name_list *out);

/*
 * Where the host is pid 1 or a subreaper, the monitors that this engine started become its children:
 * takes those from the process table that have ended, waiting at most wait_ms for the first of them,
 * and returns how many. Elsewhere 0 at once. The host may have reaped them itself.
 */
size_t monitor_reap(struct exd_engine *engine, int wait_ms);

#endif
