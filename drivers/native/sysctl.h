/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sysctls a container may set: those that belong to namespaces of its own. */
#ifndef EXECDRIVER_NATIVE_SYSCTL_H
#define EXECDRIVER_NATIVE_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include <execdriver/driver.h>

struct native_ns;

/*
 * Turns "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.1/rp_filter" into a path below /proc
 * ("sys/net/..."). As sysctl(8) has it, the first separator is the separator. -EINVAL: no such name
 * can be; -ENAMETOOLONG.
 */
int native_sysctl_path(const char *name, size_t name_size, char *path, size_t size);
/*
 * Whether this path belongs to a namespace of its own; else -EPERM, and *why says which is missing.
 */
int native_sysctl_allowed(const char *path, const struct native_ns *ns, const char **why);
/* Adds a step for each of the command's. EXD_ERR_SYSCTL. */
int native_sysctl_plan(const struct exd_command *command, const struct native_ns *ns,
		       struct exd_plan *plan, int proc_slot, struct exd_error *err);

#endif
