/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BPF programs that the monitor loads. */
#ifndef EXECDRIVER_MONITOR_PROGRAM_H
#define EXECDRIVER_MONITOR_PROGRAM_H

#include <stddef.h>

/*
 * Loads `size` bytes of instructions as rules for devices and attaches them to a cgroup v2, where
 * they live as long as it does. Negative errno.
 */
int program_rule_devices(int cgroup, const void *insns, size_t size);

#endif
