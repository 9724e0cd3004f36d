/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the built-in seccomp profile, shared by its data, generator and assembler. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_PROFILE_H
#define EXECDRIVER_NATIVE_SECCOMP_PROFILE_H

#include <stdint.h>

/* What the filter says of a system call; from SECCOMP_IF_FORK on it depends on an argument. */
enum seccomp_verdict {
	SECCOMP_ALLOW,
	SECCOMP_EPERM,
	SECCOMP_ENOSYS,
	SECCOMP_IF_FORK,      /* clone: no new namespace among the flags */
	SECCOMP_IF_PERSONA,   /* personality: a query, Linux, 32-bit Linux, uname 2.6 */
	SECCOMP_IF_FAMILY,    /* socket: not AF_VSOCK, not AF_ALG */
	SECCOMP_IF_NO_INJECT, /* ioctl: not TIOCSTI, not TIOCLINUX */
	SECCOMP_N_VERDICTS,
};

/* Any capability of the set allows the call outright; without one, otherwise decides. */
struct seccomp_class {
	uint64_t caps;
	enum seccomp_verdict otherwise;
};

/* Calls first..last, both included, belong to classes[class_index]. Ranges are sorted, apart. */
struct seccomp_range {
	uint32_t first;
	uint32_t last;
	uint32_t class_index;
};

/* One calling convention. The profile has never heard of a number above last_known. */
struct seccomp_arch {
	uint32_t audit_arch;
	uint32_t last_known;
	uint32_t n_ranges;
	const struct seccomp_range *ranges;
};

#endif
