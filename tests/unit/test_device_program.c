/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices as a program: what it allows, by an interpreter of its few instructions. */
#include <check.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drivers/native/device_program.h"
#include "tests/tap.h"

#define R 4u
#define W 2u
#define M 1u
#define MANY 1000u

static struct bpf_insn *program;
static size_t insns;

static void finish(void)
{
	free(program);
	program = NULL;
}

static void make(const struct device_rule *rules, size_t count)
{
	ck_assert_int_eq(device_program_make(rules, count, &program, &insns), 0);
}

static uint64_t calculate(const struct bpf_insn *i, uint64_t dst, uint64_t src)
{
	uint64_t value = i->code & BPF_X ? src : (uint64_t)(int64_t)i->imm;

	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		return value;
	case BPF_AND:
		return dst & value;
	case BPF_RSH:
		return dst >> value;
	default:
		ck_abort_msg("arithmetic %#x", i->code);
	}
}

static bool jumps(const struct bpf_insn *i, uint64_t dst)
{
	uint64_t value = (uint64_t)(int64_t)i->imm;

	ck_assert_uint_eq(BPF_SRC(i->code), BPF_K);
	if (BPF_OP(i->code) == BPF_JNE)
		return dst != value;
	ck_assert_uint_eq(BPF_OP(i->code), BPF_JSET);
	return dst & value;
}

/* What the kernel would get; a way out of the program, or none, is a failure. */
static uint64_t run(const struct bpf_cgroup_dev_ctx *asked)
{
	uint64_t r[MAX_BPF_REG] = {0};

	for (size_t at = 0; at < insns; at++) {
		const struct bpf_insn *i = &program[at];
		uint32_t word;

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			ck_assert_uint_eq(i->code, BPF_LDX | BPF_MEM | BPF_W);
			ck_assert_uint_eq(i->src_reg, BPF_REG_1);
			ck_assert_uint_le((size_t)i->off + sizeof(word), sizeof(*asked));
			memcpy(&word, (const char *)asked + i->off, sizeof(word));
			r[i->dst_reg] = word;
			break;
		case BPF_ALU64:
			r[i->dst_reg] = calculate(i, r[i->dst_reg], r[i->src_reg]);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_EXIT)
				return r[BPF_REG_0];
			ck_assert_int_ge(i->off, 0);
			if (jumps(i, r[i->dst_reg]))
				at += (size_t)i->off;
			break;
		default:
			ck_abort_msg("instruction %#x", i->code);
		}
	}
	ck_abort_msg("it ran over its end");
}

static bool allows(char kind, unsigned int major, unsigned int minor, unsigned int access)
{
	unsigned int bits = (access & R ? BPF_DEVCG_ACC_READ : 0) |
			    (access & W ? BPF_DEVCG_ACC_WRITE : 0) |
			    (access & M ? BPF_DEVCG_ACC_MKNOD : 0);
	struct bpf_cgroup_dev_ctx asked = {
		.access_type =
			bits << 16 | (kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	uint64_t r = run(&asked);

	ck_assert_uint_le(r, 1);
	return r == 1;
}

START_TEST(without_rules_all_is_denied)
{
	make(NULL, 0);
	for (unsigned int access = 1; access <= 7; access++) {
		ck_assert(!allows('c', 1, 3, access));
		ck_assert(!allows('b', 0, 0, access));
	}
}
END_TEST

/* Every access against every rule for one device. */
START_TEST(access_must_be_covered_whole)
{
	for (unsigned int given = 0; given <= 7; given++) {
		struct device_rule rule = {'c', 1, 3, given};

		make(&rule, 1);
		for (unsigned int asked = 1; asked <= 7; asked++)
			ck_assert_msg(allows('c', 1, 3, asked) == !(asked & ~given),
				      "given %u, asked %u", given, asked);
		finish();
	}
}
END_TEST

START_TEST(another_device_is_another)
{
	const struct device_rule rules[] = {{'c', 1, 3, R | W | M}, {'b', 4095, 1048575, R}};

	make(rules, 2);
	ck_assert(allows('c', 1, 3, R | W));
	ck_assert(!allows('b', 1, 3, R));
	ck_assert(!allows('c', 1, 4, R));
	ck_assert(!allows('c', 2, 3, R));
	ck_assert(!allows('c', 3, 1, R));
	ck_assert(allows('b', 4095, 1048575, R));
	ck_assert(!allows('b', 4095, 1048575, R | W));
	ck_assert(!allows('c', 4095, 1048575, R));
	ck_assert(!allows('b', 4094, 1048575, R));
	ck_assert(!allows('b', 4095, 1048574, R));
}
END_TEST

START_TEST(any_number_is_any)
{
	const struct device_rule rules[] = {{'c', DEVICE_ANY, DEVICE_ANY, M}, {'c', 136, DEVICE_ANY, R | W | M}};

	make(rules, 2);
	ck_assert(allows('c', 1, 11, M));
	ck_assert(!allows('c', 1, 11, R));
	ck_assert(!allows('c', 1, 11, R | M));
	ck_assert(!allows('b', 1, 11, M));
	ck_assert(allows('c', 136, 0, R | W));
	ck_assert(allows('c', 136, 1048575, R));
	ck_assert(!allows('c', 137, 0, R));
}
END_TEST

/* As v1: the rules of one device add up, those of different ones do not. */
START_TEST(rules_of_one_device_add_up)
{
	const struct device_rule rules[] = {{'c', 1, 3, R}, {'c', 1, 5, R}, {'c', 1, 3, W}, {'c', 1, DEVICE_ANY, M}};

	make(rules, 4);
	ck_assert(allows('c', 1, 3, R | W));
	ck_assert(!allows('c', 1, 5, R | W));
	ck_assert(!allows('c', 1, 3, R | M));
	ck_assert(allows('c', 1, 9, M));
}
END_TEST

START_TEST(a_program_has_an_end)
{
	static struct device_rule rules[MANY];
	size_t most = 0;

	for (size_t i = 0; i < MANY; i++)
		rules[i] = (struct device_rule){'c', (int)i + 1, 1, R};
	for (size_t n = 1; n <= MANY; n++) {
		int r = device_program_make(rules, n, &program, &insns);

		if (r == 0) {
			most = n;
			ck_assert_uint_le(insns, 4096);
			finish();
		}
		ck_assert_int_eq(r, r == 0 ? 0 : -E2BIG);
	}
	ck_assert_uint_gt(most, 500);
	ck_assert_uint_lt(most, MANY);
	make(rules, most);
	ck_assert(allows('c', (unsigned int)most, 1, R));
	ck_assert(!allows('c', (unsigned int)most + 1, 1, R));
}
END_TEST

/* Where this kernel takes such programs from us at all, its verifier has nothing against ours. */
START_TEST(the_verifier_takes_it)
{
	const struct device_rule rules[] = {{'c', DEVICE_ANY, DEVICE_ANY, M}, {'b', 7, DEVICE_ANY, R | W}, {'c', 1, 3, R | W | M}};
	union bpf_attr attr;
	char log[4096] = "";
	int fd, refused = device_program_try();

	if (refused < 0) {
		tap_not_here(strerror(-refused));
		return;
	}
	make(rules, 3);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = (uint32_t)insns;
	attr.license = (uint64_t)(uintptr_t) "";
	attr.log_buf = (uint64_t)(uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	ck_assert_msg(fd >= 0, "%s: %s", strerror(errno), log);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("device_program");
	TCase *tc = tap_tcase(s, "rules");

	tcase_add_checked_fixture(tc, NULL, finish);
	tcase_add_test(tc, without_rules_all_is_denied);
	tcase_add_test(tc, access_must_be_covered_whole);
	tcase_add_test(tc, another_device_is_another);
	tcase_add_test(tc, any_number_is_any);
	tcase_add_test(tc, rules_of_one_device_add_up);
	tcase_add_test(tc, a_program_has_an_end);
	tcase_add_test(tc, the_verifier_takes_it);
	return tap_main(s);
}
