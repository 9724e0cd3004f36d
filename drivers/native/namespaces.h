/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which namespaces a command asks for, and the steps that bring a process into them. */
#ifndef EXECDRIVER_NATIVE_NAMESPACES_H
#define EXECDRIVER_NATIVE_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include <execdriver/driver.h>

/*
 * In the order in which they are joined: the mount namespace last, since it changes what paths
 * mean.
 */
enum native_ns_kind {
	NATIVE_NS_PID = 0,
	NATIVE_NS_IPC,
	NATIVE_NS_UTS,
	NATIVE_NS_NET,
	NATIVE_NS_CGROUP,
	NATIVE_NS_TIME,
	NATIVE_NS_MNT,
	NATIVE_NS_KINDS
};

enum native_ns_mode { NATIVE_NS_OWN = 0,
		      NATIVE_NS_HOST,
		      NATIVE_NS_JOIN };

struct native_ns {
	enum native_ns_mode mode;
	int slot; /* of the namespace to join, also of most that are the host's; else -1 */
};

/* The file name below /proc/PID/ns. */
const char *native_ns_name(enum native_ns_kind kind);

/* What the command's key says. EXD_ERR_KEY when it is no such thing. */
int native_ns_mode(const struct exd_command *command, enum native_ns_kind kind,
		   struct exd_error *err);

/* Modes of all kinds, with the namespaces to join opened into slots of the plan. */
int native_ns_read(const struct exd_command *command, struct exd_plan *plan, struct native_ns *ns,
		   struct exd_error *err);

/* The flags of the birth: those of own namespaces that are made then. */
uint64_t native_ns_birth_flags(const struct native_ns *ns);

/*
 * Child steps that join what is to be joined, non-dumpable from before the first that is not the
 * host's. Not pid, which happens at birth, unless one is born again after it.
 */
void native_ns_join(const struct native_ns *ns, bool pid_too, struct exd_plan *plan);

/* "pid=own ipc=host ..." for the record and for people; time only when it is not the host's. */
void native_ns_describe(const struct native_ns *ns, char *text, size_t size);

#endif
