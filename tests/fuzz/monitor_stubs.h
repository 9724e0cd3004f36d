/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes the place of the kernel, and of the monitor's parts that make processes. */
#ifndef EXECDRIVER_TESTS_FUZZ_MONITOR_STUBS_H
#define EXECDRIVER_TESTS_FUZZ_MONITOR_STUBS_H

#include "tests/fuzz/monitor_rig.h"

/* Births from now on are that rig's. */
void stub_use(struct rig *rig);
/* The process of that write end ends; -1: all of them. */
void stub_end(int life);
/* A pidfd of a process that is gone. */
int stub_reaped_pidfd(void);
void stub_event_free(struct event *event);

#endif
