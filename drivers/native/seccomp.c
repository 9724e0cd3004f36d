/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Assembles the built-in seccomp profile: a balanced search tree per calling convention. */

#include "drivers/native/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "drivers/native/seccomp_profile.h"
#include "drivers/native/seccomp_tables.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* Jump offsets have 8 bits, and one instruction may still come in between. */
#define MAX_JUMP 254

/*
 * clone() has no flag for a time namespace: its bit is part of the exit signal there. Only the low
 * half of an argument is looked at, here and in every rule below: the kernel takes these
 * arguments as 32-bit numbers, so a set bit above them must not make a difference.
 */
#define NAMESPACE_FLAGS (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF 0
#else
#define LOW_HALF 4
#endif
#define ARGUMENT(n) (offsetof(struct seccomp_data, args[n]) + LOW_HALF)
#define NUMBER offsetof(struct seccomp_data, nr)
#define ARCH offsetof(struct seccomp_data, arch)

/* personality(0xffffffff) asks; the others are PER_LINUX and PER_LINUX32 with or without UNAME26 */
static const uint32_t personas[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
static const uint32_t families[] = {AF_VSOCK, AF_ALG};
static const uint32_t injections[] = {TIOCSTI, TIOCLINUX};

/* From this number to the first of the next segment, one verdict. */
struct segment {
	uint32_t first;
	enum seccomp_verdict verdict;
};

/*
 * The program is written backwards, so that the target of a jump is always there already. A place
 * is counted from the end: the last instruction is place 1, and len is the next one to run.
 */
struct assembler {
	struct sock_filter *out;
	size_t max;
	size_t len;
	size_t verdicts[SECCOMP_N_VERDICTS];
};

static size_t put(struct assembler *a, struct sock_filter insn)
{
	a->len++;
	if (a->len <= a->max)
		a->out[a->max - a->len] = insn;
	return a->len;
}

/* A place that a conditional jump can reach: the target, or a long jump to it. */
static size_t near(struct assembler *a, size_t target)
{
	if (a->len - target <= MAX_JUMP)
		return target;
	return put(a, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(a->len - target)));
}

static size_t put_jump(struct assembler *a, uint16_t test, uint32_t k, size_t then,
		       size_t otherwise)
{
	then = near(a, then);
	otherwise = near(a, otherwise);
	return put(a, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, k,
						   (uint8_t)(a->len - then),
						   (uint8_t)(a->len - otherwise)));
}

static size_t put_load(struct assembler *a, size_t offset)
{
	return put(a, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static size_t put_return(struct assembler *a, uint32_t action)
{
	return put(a, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Runs into hit when the argument is one of the n values, else into miss. */
static size_t put_one_of(struct assembler *a, size_t offset, const uint32_t *values, size_t n,
			 const size_t hit_miss[2])
{
	size_t next = hit_miss[1];

	while (n > 0)
		next = put_jump(a, BPF_JEQ, values[--n], hit_miss[0], next);
	return put_load(a, offset);
}

/* Repeated before each tree, for most of its jumps end here and a near end needs no long jump. */
static void put_ends(struct assembler *a)
{
	a->verdicts[SECCOMP_ENOSYS] = put_return(a, SECCOMP_RET_ERRNO | ENOSYS);
	a->verdicts[SECCOMP_EPERM] = put_return(a, SECCOMP_RET_ERRNO | EPERM);
	a->verdicts[SECCOMP_ALLOW] = put_return(a, SECCOMP_RET_ALLOW);
}

static void put_rules(struct assembler *a)
{
	size_t *v = a->verdicts;
	const size_t allow_deny[2] = {v[SECCOMP_ALLOW], v[SECCOMP_EPERM]};
	const size_t deny_allow[2] = {v[SECCOMP_EPERM], v[SECCOMP_ALLOW]};

	(void)put_jump(a, BPF_JSET, NAMESPACE_FLAGS, deny_allow[0], deny_allow[1]);
	v[SECCOMP_IF_FORK] = put_load(a, ARGUMENT(0));
	v[SECCOMP_IF_PERSONA] = put_one_of(a, ARGUMENT(0), personas, N_ELEMENTS(personas),
					   allow_deny);
	v[SECCOMP_IF_FAMILY] = put_one_of(a, ARGUMENT(0), families, N_ELEMENTS(families),
					  deny_allow);
	v[SECCOMP_IF_NO_INJECT] = put_one_of(a, ARGUMENT(1), injections, N_ELEMENTS(injections),
					     deny_allow);
}

static size_t append(struct segment *seg, size_t n, uint32_t first, enum seccomp_verdict verdict)
{
	if (n > 0 && seg[n - 1].verdict == verdict)
		return n;
	seg[n] = (struct segment){.first = first, .verdict = verdict};
	return n + 1;
}

static enum seccomp_verdict class_verdict(const struct seccomp_class *class, uint64_t caps)
{
	return class->caps & caps ? SECCOMP_ALLOW : class->otherwise;
}

static enum seccomp_verdict gap_verdict(const struct seccomp_arch *arch, uint32_t first)
{
	return first > arch->last_known ? SECCOMP_ENOSYS : SECCOMP_EPERM;
}

/* Covers all 32-bit numbers, x32's among them: they lie above the known ones, hence get ENOSYS. */
static size_t list_segments(const struct seccomp_arch *arch, uint64_t caps, struct segment *seg)
{
	uint32_t next = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < arch->n_ranges; i++) {
		const struct seccomp_range *range = &arch->ranges[i];

		if (range->first > next)
			n = append(seg, n, next, gap_verdict(arch, next));
		n = append(seg, n, range->first, class_verdict(&classes[range->class_index], caps));
		next = range->last + 1;
	}
	return append(seg, n, next, gap_verdict(arch, next));
}

static size_t put_tree(struct assembler *a, const struct segment *seg, size_t n)
{
	size_t half = n / 2, low, high;

	if (n == 1)
		return a->verdicts[seg[0].verdict];
	high = put_tree(a, seg + half, n - half);
	low = put_tree(a, seg, half);
	return put_jump(a, BPF_JGE, seg[half].first, high, low);
}

static size_t put_arch(struct assembler *a, const struct seccomp_arch *arch, uint64_t caps)
{
	struct segment seg[2 * SECCOMP_MOST_RANGES + 1];
	size_t n = list_segments(arch, caps, seg);

	put_ends(a);
	(void)put_tree(a, seg, n);
	return put_load(a, NUMBER);
}

int seccomp_default(uint64_t caps, struct sock_filter *out, size_t max)
{
	struct assembler a = {.out = out, .max = max};
	size_t entries[N_ELEMENTS(archs)], next;

	put_ends(&a);
	put_rules(&a);
	for (size_t i = N_ELEMENTS(archs); i > 0; i--)
		entries[i - 1] = put_arch(&a, &archs[i - 1], caps);
	next = a.verdicts[SECCOMP_ENOSYS];
	for (size_t i = N_ELEMENTS(archs); i > 0; i--)
		next = put_jump(&a, BPF_JEQ, archs[i - 1].audit_arch, entries[i - 1], next);
	(void)put_load(&a, ARCH);
	if (a.len > max)
		return -ENOSPC;
	memmove(out, out + (max - a.len), a.len * sizeof(*out));
	return (int)a.len;
}
