/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for the plan's operations: one table, indexed by enum wire_op. */
#include "base/wire_names.h"

#include <stddef.h>

#include "base/wire.h"

static const char *const op_names[] = {
	[WIRE_CGROUP_MAKE] = "make cgroup",
	[WIRE_WRITE] = "write",
	[WIRE_OPEN] = "open",
	[WIRE_OOM_WATCH] = "watch for OOM",
	[WIRE_CGROUP_JOIN] = "join cgroup",
	[WIRE_SETNS] = "join namespace",
	[WIRE_UNSHARE] = "make namespaces",
	[WIRE_SETSID] = "start a session",
	[WIRE_NONDUMPABLE] = "become non-dumpable",
	[WIRE_STDIO] = "set stdio",
	[WIRE_CTTY] = "set the controlling terminal",
	[WIRE_TTY_OPEN] = "open a pty",
	[WIRE_HOSTNAME] = "set hostname",
	[WIRE_LOOPBACK_UP] = "bring up loopback",
	[WIRE_PARK] = "wait for the pre_start hook",
	[WIRE_DOMAINNAME] = "set domainname",
	[WIRE_KEYRING] = "get a session keyring",
	[WIRE_PROPAGATION] = "set mount propagation",
	[WIRE_TREE] = "clone mount",
	[WIRE_FS] = "make file system",
	[WIRE_ATTR] = "set mount attributes",
	[WIRE_ATTACH_ROOT] = "mount the root",
	[WIRE_ATTACH] = "mount on",
	[WIRE_MKDIR] = "make directory",
	[WIRE_MKNOD] = "make device",
	[WIRE_SYMLINK] = "make symlink",
	[WIRE_MKFILE] = "make file",
	[WIRE_MASK] = "mask",
	[WIRE_READONLY] = "make read-only",
	[WIRE_PIVOT] = "change the root",
	[WIRE_SYSCTL] = "set sysctl",
	[WIRE_PROC_WRITE] = "write to proc",
	[WIRE_CHROOT] = "chroot",
	[WIRE_RLIMIT] = "set rlimit",
	[WIRE_UMASK] = "set umask",
	[WIRE_CHDIR] = "change to directory",
	[WIRE_GROUPS] = "set additional groups",
	[WIRE_IDS] = "set user and group",
	[WIRE_BOUNDING] = "set the capability bounding set",
	[WIRE_CAPS] = "set capabilities",
	[WIRE_NO_NEW_PRIVS] = "set no_new_privs",
	[WIRE_SECCOMP] = "load the seccomp filter",
	[WIRE_SCHEDULER] = "set the scheduler",
	[WIRE_NICE] = "set nice",
	[WIRE_IOPRIO] = "set the I/O priority",
	[WIRE_AFFINITY] = "set the cpu affinity",
	[WIRE_PERSONALITY] = "set the personality",
	[WIRE_LANDLOCK] = "restrict by Landlock",
	[WIRE_CONNECT] = "connect to",
	[WIRE_SECCOMP_NOTIFY] = "load the seccomp filter",
	[WIRE_INIT] = "start init",
	[WIRE_TIME] = "make a time namespace",
	[WIRE_COPYUP] = "copy",
	[WIRE_LAYER] = "note a lower directory",
	[WIRE_OVERLAY] = "make an overlay",
	[WIRE_SCRATCH] = "make the upper directory",
	[WIRE_NO_PIVOT] = "change the root without a pivot",
	[WIRE_EXEC] = "execute",
	[WIRE_WORKER] = "execute worker",
	[WIRE_LEND] = "lend a descriptor",
	[WIRE_CGROUP_KILL] = "kill cgroup",
	[WIRE_CGROUP_REMOVE] = "remove cgroup",
	[WIRE_USERNS] = "make a user namespace",
	[WIRE_REBIRTH] = "start anew in namespaces",
	[WIRE_IDMAP] = "map the ids of",
	[WIRE_DEVICES] = "set rules for devices",
};

const char *wire_op_name(uint32_t op)
{
	const char *name = NULL;

	if (op < sizeof(op_names) / sizeof(op_names[0]))
		name = op_names[op];
	return name ? name : "unknown step";
}

const char *wire_phase_name(uint32_t phase)
{
	static const char *const names[WIRE_PHASES] = {
		[WIRE_PREPARE] = "prepare",
		[WIRE_CHILD] = "child",
		[WIRE_END] = "end",
		[WIRE_CLEANUP] = "cleanup",
	};

	return phase < WIRE_PHASES ? names[phase] : "unknown";
}
