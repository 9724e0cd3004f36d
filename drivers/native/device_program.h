/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices as a BPF program, which is how cgroup v2 has them. */
#ifndef EXECDRIVER_NATIVE_DEVICE_PROGRAM_H
#define EXECDRIVER_NATIVE_DEVICE_PROGRAM_H

#include <stddef.h>

struct bpf_insn;

#define DEVICE_ANY (-1)

/* One kind of device and what may be done with it. */
struct device_rule {
	char kind;           /* 'c' or 'b' */
	int major, minor;    /* or DEVICE_ANY */
	unsigned int access; /* 4 read, 2 write, 1 mknod */
};

/*
 * The program of BPF_PROG_TYPE_CGROUP_DEVICE that allows what one of the rules allows whole, and
 * denies all else, as the v1 controller does: *out is for free(). -E2BIG for more rules than a
 * program may have, -ENOMEM.
 */
int device_program_make(const struct device_rule *rules, size_t count, struct bpf_insn **out,
			size_t *insns);

/* Whether this kernel takes such a program from this process: 0, or why not as negative errno. */
int device_program_try(void);

#endif
