/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row per operation: what its failure is, and what it does in words. */
#include "core/plan.h"

/*
 * Parts of a text, each with the index of the step's str, num or slot: {s} text, {b} bytes, {v} list
 * of texts, {V} options, {q} place in the root, {g} list of groups, {k} instructions; {n} decimal,
 * {i} signed, {o} octal, {x} hex, {u} limit, {d} device, {t} rows and columns, {w} user and group
 * in one number; {c} namespaces, {f} mount attributes, {F} those that are cleared, {m} propagation,
 * {R} ", recursive", of which the last four are nothing when 0; {l} what a slot holds; {h} hash of
 * bytes; {C} capabilities; {O} flags of open(2); {y} kind of a file, by its mode; {A} what is made; {W} what
 * a worker does. What stands in <>
 * is left out when its parts are empty or 0; {?} is nothing else than such a part.
 */
static const struct plan_op ops[] = {
	{WIRE_CGROUP_MAKE, EXD_ERR_CGROUP,
	 "make cgroup {l0}/{s0}<, enabling {b1}><, with the cpus and nodes of the one above{?0}>"
	 "<, and open its {s2}>"},
	{WIRE_WRITE, EXD_ERR_CGROUP, "write '{b1}' to {l0}/{s0}"},
	{WIRE_OPEN, EXD_ERR_SYSTEM, "open {l1} {O0}"},
	{WIRE_OOM_WATCH, EXD_ERR_CGROUP, "watch {l0} for OOM kills, as of cgroup v{n0}"},
	{WIRE_CGROUP_JOIN, EXD_ERR_CGROUP, "join cgroup through {l0}"},
	{WIRE_SETNS, EXD_ERR_NAMESPACE, "join namespace {l0} ({c0})"},
	{WIRE_UNSHARE, EXD_ERR_NAMESPACE, "make own namespaces ({c0})"},
	{WIRE_SETSID, EXD_ERR_SYSTEM, "start a session"},
	{WIRE_NONDUMPABLE, EXD_ERR_SYSTEM, "become non-dumpable"},
	{WIRE_STDIO, EXD_ERR_SYSTEM, "take stdin, stdout and stderr"},
	{WIRE_CTTY, EXD_ERR_TTY, "make stdin the controlling terminal"},
	{WIRE_TTY_OPEN, EXD_ERR_TTY, "open a pty of {s0} ({t0}) for {n1}:{n2}"},
	{WIRE_HOSTNAME, EXD_ERR_NAMESPACE, "set hostname {s0}"},
	{WIRE_LOOPBACK_UP, EXD_ERR_NETWORK, "bring the loopback interface up"},
	{WIRE_PARK, EXD_ERR_ABORTED, "wait for the pre_start hook"},
	{WIRE_DOMAINNAME, EXD_ERR_NAMESPACE, "set domainname {s0}"},
	{WIRE_KEYRING, EXD_ERR_SYSTEM, "get a session keyring of its own"},
	{WIRE_PROPAGATION, EXD_ERR_MOUNT, "set propagation of /{m0}"},
	{WIRE_TREE, EXD_ERR_MOUNT, "clone mount of {l0}{R0}"},
	{WIRE_FS, EXD_ERR_MOUNT, "make file system {s0}{f0}{V1}"},
	{WIRE_ATTR, EXD_ERR_MOUNT, "set attributes of {l0}{f0}{F1}{m2}{R3}"},
	{WIRE_ATTACH_ROOT, EXD_ERR_ROOTFS, "mount {l0} as the root"},
	{WIRE_ATTACH, EXD_ERR_MOUNT, "mount {l0} on {q0}<, made as a {A0} when missing>"},
	{WIRE_MKDIR, EXD_ERR_ROOTFS, "make directory {q0} mode {o0} for {n1}:{n2}"},
	{WIRE_MKNOD, EXD_ERR_DEVICE, "make device {q0} ({d1}) mode {o0} for {w2}, a {y0}"},
	{WIRE_SYMLINK, EXD_ERR_ROOTFS, "make symlink {q0} -> {s1}"},
	{WIRE_MKFILE, EXD_ERR_ROOTFS,
	 "make file {q0} mode {o0} for {n1}:{n2}<, of '{b1}'>"},
	{WIRE_MASK, EXD_ERR_MOUNT, "mask {q0}"},
	{WIRE_READONLY, EXD_ERR_MOUNT, "make {q0} read-only"},
	{WIRE_PIVOT, EXD_ERR_ROOTFS, "make {l0} the root directory"},
	{WIRE_SYSCTL, EXD_ERR_SYSCTL, "set sysctl {s0} to '{b1}'"},
	{WIRE_PROC_WRITE, EXD_ERR_SYSTEM, "write '{b1}' to {s0} of its own"},
	{WIRE_CHROOT, EXD_ERR_ROOTFS, "make {l0} the root directory by chroot"},
	{WIRE_TIME, EXD_ERR_NAMESPACE, "enter a time namespace of its own by {l0}<, with offsets {s0}>"},
	{WIRE_COPYUP, EXD_ERR_MOUNT, "copy {q0} into {l0}<, with its owner and mode{?0}>"},
	{WIRE_LAYER, EXD_ERR_ROOTFS, "take {l0} as a lower directory"},
	{WIRE_OVERLAY, EXD_ERR_ROOTFS, "make an overlay of them{f0}, under {l2}, with {l3}"},
	{WIRE_SCRATCH, EXD_ERR_ROOTFS, "make an upper directory in the state directory"},
	{WIRE_NO_PIVOT, EXD_ERR_ROOTFS, "make {l0} the root directory over the old one, by {l1}"},
	{WIRE_RLIMIT, EXD_ERR_RLIMIT, "set limit {s0} (number {n0}) to {u1}:{u2}"},
	{WIRE_UMASK, EXD_ERR_SYSTEM, "set umask {o0}"},
	{WIRE_CHDIR, EXD_ERR_CWD, "change to directory {s0}<, made when missing{?0}>"},
	{WIRE_GROUPS, EXD_ERR_USER, "set additional groups to ({g0})"},
	{WIRE_IDS, EXD_ERR_USER, "become user {n0}, group {n1}"},
	{WIRE_BOUNDING, EXD_ERR_CAPABILITY, "keep capabilities {C0} in the bounding set"},
	{WIRE_CAPS, EXD_ERR_CAPABILITY,
	 "set capabilities: effective {C0}; permitted {C1}; inheritable {C2}; ambient {C3}"},
	{WIRE_NO_NEW_PRIVS, EXD_ERR_CAPABILITY, "set no_new_privs"},
	{WIRE_SECCOMP, EXD_ERR_SECCOMP, "load seccomp filter of {k0} instructions, hash {h0}<, flags {x0}>"},
	{WIRE_SCHEDULER, EXD_ERR_SYSTEM, "be scheduled as {s0}, attributes {h1}"},
	{WIRE_NICE, EXD_ERR_SYSTEM, "set nice to {i0}"},
	{WIRE_IOPRIO, EXD_ERR_SYSTEM, "set I/O priority {s0} ({n0})"},
	{WIRE_AFFINITY, EXD_ERR_SYSTEM, "run on cpus {s0}, mask {h1}"},
	{WIRE_PERSONALITY, EXD_ERR_SYSTEM, "see kernel {s0} ({n0})"},
	{WIRE_LANDLOCK, EXD_ERR_SYSTEM, "touch no files by Landlock but [{v0}], rights {x0}, read-only {x1}"},
	{WIRE_CONNECT, EXD_ERR_SECCOMP, "connect to {s0}"},
	{WIRE_SECCOMP_NOTIFY, EXD_ERR_SECCOMP,
	 "load seccomp filter of {k0} instructions, hash {h0}<, flags {x0}>, its listener goes to {l0} with [{v1}]"},
	{WIRE_INIT, EXD_ERR_SYSTEM, "stay as a small init, go on in a child"},
	{WIRE_EXEC, EXD_ERR_EXEC,
	 "execute [{v1}] with {n1} variables [{v2}], the first of: {v0}<, given as a path{?2}>"},
	{WIRE_WORKER, EXD_ERR_SYSTEM,
	 "execute the driver's worker [{v1}] with {n1} variables [{v2}]: {v0}<, which {W2}>"},
	{WIRE_LEND, EXD_ERR_SYSTEM, "lend {l0} to the driver's worker"},
	{WIRE_CGROUP_KILL, EXD_ERR_CGROUP, "kill what is left in cgroup {l0}, as of v{n0}"},
	{WIRE_CGROUP_REMOVE, EXD_ERR_CGROUP, "remove cgroup {l0}/{s0}"},
	{WIRE_USERNS, EXD_ERR_NAMESPACE, "make a user namespace with uids ({b0}), gids ({b1})<, flags {x0}>"},
	{WIRE_REBIRTH, EXD_ERR_NAMESPACE, "start anew in own namespaces ({c0})"},
	{WIRE_IDMAP, EXD_ERR_MOUNT, "map the ids of {s0}, {l0}, as in {l1}{R0}"},
	{WIRE_DEVICES, EXD_ERR_CGROUP, "allow {l0} the devices {s0} and no others, by {k1} instructions, hash {h1}"},
};

const struct plan_op *plan_op(uint16_t op)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].op == op)
			return &ops[i];
	return NULL;
}
