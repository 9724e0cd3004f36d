/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices as a BPF program: loads of what is asked for, then each rule in turn. */
#include "drivers/native/device_program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROGRAM_MAX 4096u /* BPF_MAXINSNS */
#define FRAME_INSNS 8u    /* before the rules and behind them */
#define RULE_INSNS 6u     /* of a rule at most */
#define ACCESS_ALL 7u

/* BPF_REG_1 is the context until these are loaded from it. */
enum { R_RESULT = BPF_REG_0,
       R_CONTEXT = BPF_REG_1,
       R_ACCESS = BPF_REG_2,
       R_KIND = BPF_REG_3,
       R_MAJOR = BPF_REG_4,
       R_MINOR = BPF_REG_5 };

struct program {
	struct bpf_insn *insns;
	size_t count;
};

static void add(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int32_t imm)
{
	p->insns[p->count++] =
		(struct bpf_insn){.code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .imm = imm};
}

static void load(struct program *p, uint8_t dst, size_t offset)
{
	add(p, BPF_LDX | BPF_MEM | BPF_W, dst, R_CONTEXT, 0);
	p->insns[p->count - 1].off = (int16_t)offset;
}

static void leave(struct program *p, bool allowed)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, R_RESULT, 0, allowed);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static unsigned int kernel_access(unsigned int access)
{
	return (access & 4 ? BPF_DEVCG_ACC_READ : 0) | (access & 2 ? BPF_DEVCG_ACC_WRITE : 0) |
	       (access & 1 ? BPF_DEVCG_ACC_MKNOD : 0);
}

/* Each test leads behind the rule when it does not hold. */
static void add_rule(struct program *p, const struct device_rule *rule)
{
	size_t first = p->count;
	unsigned int more = ACCESS_ALL & ~kernel_access(rule->access);

	add(p, BPF_JMP | BPF_JNE | BPF_K, R_KIND, 0,
	    rule->kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (more)
		add(p, BPF_JMP | BPF_JSET | BPF_K, R_ACCESS, 0, (int32_t)more);
	if (rule->major != DEVICE_ANY)
		add(p, BPF_JMP | BPF_JNE | BPF_K, R_MAJOR, 0, rule->major);
	if (rule->minor != DEVICE_ANY)
		add(p, BPF_JMP | BPF_JNE | BPF_K, R_MINOR, 0, rule->minor);
	leave(p, true);
	for (size_t i = first; i < p->count - 2; i++)
		p->insns[i].off = (int16_t)(p->count - i - 1);
}

static bool same_devices(const struct device_rule *a, const struct device_rule *b)
{
	return a->kind == b->kind && a->major == b->major && a->minor == b->minor;
}

/* Of equal devices the first rule has the accesses of all, as with the v1 controller. */
static bool merge(const struct device_rule *rules, size_t count, size_t at,
		  struct device_rule *whole)
{
	*whole = rules[at];
	for (size_t i = 0; i < count; i++) {
		if (!same_devices(&rules[i], whole))
			continue;
		if (i < at)
			return false;
		whole->access |= rules[i].access;
	}
	return whole->access != 0;
}

int device_program_make(const struct device_rule *rules, size_t count, struct bpf_insn **out,
			size_t *insns)
{
	struct program p = {0};
	struct device_rule rule;

	if (count > (PROGRAM_MAX - FRAME_INSNS) / RULE_INSNS)
		return -E2BIG;
	p.insns = calloc(FRAME_INSNS + count * RULE_INSNS, sizeof(*p.insns));
	if (!p.insns)
		return -ENOMEM;
	load(&p, R_ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	load(&p, R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(&p, R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	add(&p, BPF_ALU64 | BPF_MOV | BPF_X, R_KIND, R_ACCESS, 0);
	add(&p, BPF_ALU64 | BPF_AND | BPF_K, R_KIND, 0, 0xffff);
	add(&p, BPF_ALU64 | BPF_RSH | BPF_K, R_ACCESS, 0, 16);
	for (size_t i = 0; i < count; i++)
		if (merge(rules, count, i, &rule))
			add_rule(&p, &rule);
	leave(&p, false);
	*out = p.insns;
	*insns = p.count;
	return 0;
}

int device_program_try(void)
{
	static const struct bpf_insn deny_all[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = R_RESULT},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	cleanup_close int fd = FD_NONE;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)deny_all;
	attr.insn_cnt = sizeof(deny_all) / sizeof(deny_all[0]);
	attr.license = (uint64_t)(uintptr_t) "";
	/* Its descriptor is close-on-exec without being asked. */
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : 0;
}
