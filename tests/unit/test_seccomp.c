/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The built-in seccomp profile, interpreted call by call. */

#include "drivers/native/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "drivers/native/seccomp_profile.h"
#include "drivers/native/seccomp_tables.h"
#include "tests/tap.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define CAP(name) (UINT64_C(1) << CAP_##name)
#define ALL_CAPS UINT64_MAX
#define HIGH_BIT (UINT64_C(1) << 32)

#define ALLOW SECCOMP_RET_ALLOW
#define PERM (SECCOMP_RET_ERRNO | EPERM)
#define NOSYS (SECCOMP_RET_ERRNO | ENOSYS)

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define NATIVE_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define NATIVE_ARCH AUDIT_ARCH_ARM
#else
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#endif

/* Docker's fourteen, the set of a container that asks for nothing. */
static const uint64_t default_caps =
	CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FSETID) | CAP(FOWNER) | CAP(MKNOD) | CAP(NET_RAW) |
	CAP(SETGID) | CAP(SETUID) | CAP(SETFCAP) | CAP(SETPCAP) | CAP(NET_BIND_SERVICE) |
	CAP(SYS_CHROOT) | CAP(KILL) | CAP(AUDIT_WRITE);

struct program {
	struct sock_filter insn[SECCOMP_DEFAULT_MAX];
	size_t len;
};

static void assemble(struct program *p, uint64_t caps)
{
	int n = seccomp_default(caps, p->insn, N_ELEMENTS(p->insn));

	ck_assert_int_gt(n, 0);
	p->len = (size_t)n;
}

static size_t jump_target(const struct sock_filter *f, size_t pc, uint32_t acc)
{
	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return pc + 1 + f->k;
	case BPF_JEQ:
		return pc + 1 + (acc == f->k ? f->jt : f->jf);
	case BPF_JGE:
		return pc + 1 + (acc >= f->k ? f->jt : f->jf);
	case BPF_JSET:
		return pc + 1 + (acc & f->k ? f->jt : f->jf);
	default:
		ck_abort_msg("jump %#x at %zu", f->code, pc);
	}
}

static uint32_t interpret(const struct program *p, const struct seccomp_data *data)
{
	uint32_t acc = 0;
	size_t pc = 0;

	while (pc < p->len) {
		const struct sock_filter *f = &p->insn[pc];

		if (f->code == (BPF_RET | BPF_K))
			return f->k;
		if (f->code == (BPF_LD | BPF_W | BPF_ABS)) {
			ck_assert_uint_le(f->k, sizeof(*data) - sizeof(acc));
			memcpy(&acc, (const char *)data + f->k, sizeof(acc));
			pc++;
		} else {
			ck_assert_int_eq(BPF_CLASS(f->code), BPF_JMP);
			pc = jump_target(f, pc, acc);
		}
	}
	ck_abort_msg("the program runs past its end");
}

static uint32_t verdict(uint64_t caps, uint32_t arch, uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {arg0, arg1}};
	struct program p;

	assemble(&p, caps);
	return interpret(&p, &data);
}

static uint32_t native(uint64_t caps, uint32_t nr)
{
	return verdict(caps, NATIVE_ARCH, nr, 0, 0);
}

static uint32_t native_args(uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	return verdict(default_caps, NATIVE_ARCH, nr, arg0, arg1);
}

static void assert_all(uint64_t caps, const uint32_t *nrs, size_t n, uint32_t expected)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t got = native(caps, nrs[i]);

		ck_assert_msg(got == expected, "call %u: %#x, expected %#x", nrs[i], got, expected);
	}
}

START_TEST(every_path_ends_in_a_verdict)
{
	struct program p;

	assemble(&p, _i ? ALL_CAPS : 0);
	for (size_t pc = 0; pc < p.len; pc++) {
		const struct sock_filter *f = &p.insn[pc];

		if (BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA) {
			ck_assert_uint_lt(pc + 1 + f->jt, p.len);
			ck_assert_uint_lt(pc + 1 + f->jf, p.len);
		}
	}
	ck_assert_int_eq(BPF_CLASS(p.insn[p.len - 1].code), BPF_RET);
}
END_TEST

START_TEST(buffer_of_the_exact_size_gives_the_same_program)
{
	struct program big, exact;
	int n;

	assemble(&big, default_caps);
	n = seccomp_default(default_caps, exact.insn, big.len);
	ck_assert_int_eq(n, (int)big.len);
	ck_assert_mem_eq(big.insn, exact.insn, big.len * sizeof(big.insn[0]));
}
END_TEST

START_TEST(short_buffer_is_refused_and_not_overrun)
{
	struct program p;
	const struct sock_filter canary = {.code = 0xdead, .k = 0xdeadbeef};

	p.insn[100] = canary;
	ck_assert_int_eq(seccomp_default(default_caps, p.insn, 100), -ENOSPC);
	ck_assert_mem_eq(&p.insn[100], &canary, sizeof(canary));
	ck_assert_int_eq(seccomp_default(default_caps, p.insn, 0), -ENOSPC);
}
END_TEST

/* The plain reading of the tables; arguments of 0 satisfy every rule about an argument. */
static uint32_t listed(const struct seccomp_arch *arch, uint64_t caps, uint32_t nr)
{
	for (uint32_t i = 0; i < arch->n_ranges; i++) {
		const struct seccomp_range *range = &arch->ranges[i];
		const struct seccomp_class *class = &classes[range->class_index];

		if (nr < range->first || nr > range->last)
			continue;
		if (class->caps & caps)
			return ALLOW;
		if (class->otherwise == SECCOMP_EPERM)
			return PERM;
		return class->otherwise == SECCOMP_ENOSYS ? NOSYS : ALLOW;
	}
	return nr > arch->last_known ? NOSYS : PERM;
}

START_TEST(tree_finds_every_number)
{
	static const uint64_t sets[] = {0, ALL_CAPS, CAP(SYS_ADMIN), CAP(SYS_TIME) | CAP(BPF)};
	struct seccomp_data data = {.arch = archs[_i].audit_arch};
	struct program p;

	for (size_t i = 0; i < N_ELEMENTS(sets); i++) {
		assemble(&p, sets[i]);
		for (uint32_t nr = 0; nr < 0x0f0010; nr += nr == 2000 ? 0x0f0000 - 2000 : 1) {
			data.nr = (int)nr;
			ck_assert_msg(interpret(&p, &data) == listed(&archs[_i], sets[i], nr),
				      "call %u with capabilities %#llx", nr,
				      (unsigned long long)sets[i]);
		}
	}
}
END_TEST

START_TEST(launcher_can_finish_after_loading)
{
	static const uint32_t nrs[] = {
		SYS_prctl, SYS_capset, SYS_capget, SYS_setgroups, SYS_setresuid, SYS_setresgid,
		SYS_setuid, SYS_setgid, 436 /* close_range */, SYS_close, SYS_write, SYS_read,
		SYS_sendmsg, SYS_recvmsg, SYS_openat, SYS_fstat, SYS_getcwd, SYS_chdir,
		SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_execve, SYS_execveat, SYS_exit_group,
		SYS_wait4, SYS_waitid, SYS_prlimit64, SYS_umask, SYS_dup3, SYS_setsid,
		SYS_seccomp};

	assert_all(0, nrs, N_ELEMENTS(nrs), ALLOW);
	ck_assert_uint_eq(verdict(0, NATIVE_ARCH, SYS_clone, SIGCHLD, 0), ALLOW);
}
END_TEST

/*
 * From 424 on by number, for older headers: pidfd_send_signal, pidfd_open, openat2, faccessat2,
 * process_madvise, epoll_pwait2, landlock (3), memfd_secret, process_mrelease, futex_waitv,
 * cachestat, fchmodat2, map_shadow_stack, mseal.
 */
START_TEST(programs_get_the_calls_of_new_kernels)
{
	static const uint32_t nrs[] = {
		SYS_rseq, SYS_statx, SYS_memfd_create, SYS_copy_file_range,
		SYS_name_to_handle_at, SYS_ptrace, SYS_set_robust_list,
		424, 434, 437, 439, 440, 441, 444, 445, 446, 447, 448, 449, 451, 452, 453, 462};

	assert_all(default_caps, nrs, N_ELEMENTS(nrs), ALLOW);
}
END_TEST

START_TEST(no_capability_opens_what_belongs_to_the_host)
{
	static const uint32_t nrs[] = {
		SYS_keyctl, SYS_add_key, SYS_request_key, 425, 426, 427 /* io_uring */,
		SYS_userfaultfd, SYS_kexec_load, SYS_swapon, SYS_swapoff};

	assert_all(ALL_CAPS, nrs, N_ELEMENTS(nrs), PERM);
}
END_TEST

START_TEST(number_in_a_gap_is_refused)
{
	ck_assert_uint_eq(native(ALL_CAPS, 422), NATIVE_ARCH == AUDIT_ARCH_ARM ||
								 NATIVE_ARCH == AUDIT_ARCH_I386
							 ? ALLOW
							 : PERM);
}
END_TEST

START_TEST(newer_number_does_not_exist)
{
	ck_assert_uint_eq(native(ALL_CAPS, 500), NOSYS);
	ck_assert_uint_eq(native(ALL_CAPS, 9999), NOSYS);
	ck_assert_uint_eq(native(ALL_CAPS, UINT32_MAX), NOSYS);
}
END_TEST

START_TEST(unknown_calling_convention_does_not_exist)
{
	ck_assert_uint_eq(verdict(ALL_CAPS, AUDIT_ARCH_S390X, SYS_getpid, 0, 0), NOSYS);
}
END_TEST

#ifdef __x86_64__
START_TEST(x32_does_not_exist)
{
	ck_assert_uint_eq(native(ALL_CAPS, 0x40000000 | SYS_getpid), NOSYS);
	ck_assert_uint_eq(native(ALL_CAPS, 0x40000000 | 520), NOSYS);
}
END_TEST

START_TEST(i386_has_its_own_numbers)
{
	const uint32_t arch = AUDIT_ARCH_I386;

	ck_assert_uint_eq(verdict(default_caps, arch, 11 /* execve */, 0, 0), ALLOW);
	ck_assert_uint_eq(verdict(default_caps, arch, 21 /* mount */, 0, 0), PERM);
	ck_assert_uint_eq(verdict(CAP(SYS_ADMIN), arch, 21 /* mount */, 0, 0), ALLOW);
	ck_assert_uint_eq(verdict(default_caps, arch, 102 /* socketcall */, 0, 0), ALLOW);
	ck_assert_uint_eq(verdict(default_caps, arch, 403 /* clock_gettime64 */, 0, 0), ALLOW);
	ck_assert_uint_eq(verdict(default_caps, arch, 404 /* clock_settime64 */, 0, 0), PERM);
}
END_TEST

START_TEST(i386_arguments_are_looked_at)
{
	const uint32_t arch = AUDIT_ARCH_I386;

	ck_assert_uint_eq(verdict(0, arch, 359 /* socket */, AF_ALG, 0), PERM);
	ck_assert_uint_eq(verdict(0, arch, 359 /* socket */, AF_INET, 0), ALLOW);
	ck_assert_uint_eq(verdict(0, arch, 120 /* clone */, CLONE_NEWUSER, 0), PERM);
	ck_assert_uint_eq(verdict(0, arch, 54 /* ioctl */, 0, TIOCSTI), PERM);
}
END_TEST
#endif

START_TEST(clone_makes_processes_and_threads)
{
	const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID;

	ck_assert_uint_eq(native_args(SYS_clone, SIGCHLD, 0), ALLOW);
	ck_assert_uint_eq(native_args(SYS_clone, CLONE_VFORK | CLONE_VM | SIGCHLD, 0), ALLOW);
	ck_assert_uint_eq(native_args(SYS_clone, thread, 0), ALLOW);
}
END_TEST

static const uint64_t namespaces[] = {
	CLONE_NEWNS,
	CLONE_NEWCGROUP,
	CLONE_NEWUTS,
	CLONE_NEWIPC,
	CLONE_NEWUSER,
	CLONE_NEWPID,
	CLONE_NEWNET,
};

START_TEST(clone_makes_no_namespace)
{
	uint64_t flags = namespaces[_i] | SIGCHLD;

	ck_assert_uint_eq(native_args(SYS_clone, flags, 0), PERM);
	ck_assert_uint_eq(native_args(SYS_clone, flags | HIGH_BIT, 0), PERM);
	ck_assert_uint_eq(verdict(CAP(SYS_ADMIN), NATIVE_ARCH, SYS_clone, flags, 0), ALLOW);
}
END_TEST

START_TEST(clone3_sends_libc_to_clone)
{
	ck_assert_uint_eq(native(default_caps, 435), NOSYS);
	ck_assert_uint_eq(native(CAP(SYS_ADMIN), 435), ALLOW);
}
END_TEST

START_TEST(personality_takes_five_values)
{
	static const uint32_t good[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

	for (size_t i = 0; i < N_ELEMENTS(good); i++)
		ck_assert_uint_eq(native_args(SYS_personality, good[i], 0), ALLOW);
	ck_assert_uint_eq(native_args(SYS_personality, 0x0040000 /* no ASLR */, 0), PERM);
	ck_assert_uint_eq(native_args(SYS_personality, 0x0400008, 0), PERM);
	ck_assert_uint_eq(native_args(SYS_personality, 0x0040000 | HIGH_BIT, 0), PERM);
}
END_TEST

START_TEST(socket_families)
{
	ck_assert_uint_eq(native_args(SYS_socket, AF_UNIX, 0), ALLOW);
	ck_assert_uint_eq(native_args(SYS_socket, AF_INET6, 0), ALLOW);
	ck_assert_uint_eq(native_args(SYS_socket, AF_NETLINK, 0), ALLOW);
	ck_assert_uint_eq(native_args(SYS_socket, AF_VSOCK, 0), PERM);
	ck_assert_uint_eq(native_args(SYS_socket, AF_ALG, 0), PERM);
	ck_assert_uint_eq(native_args(SYS_socket, AF_VSOCK | HIGH_BIT, 0), PERM);
}
END_TEST

START_TEST(ioctl_cannot_type_into_a_terminal)
{
	ck_assert_uint_eq(native_args(SYS_ioctl, 0, TIOCSTI), PERM);
	ck_assert_uint_eq(native_args(SYS_ioctl, 0, TIOCLINUX), PERM);
	ck_assert_uint_eq(native_args(SYS_ioctl, 0, TIOCSTI | HIGH_BIT), PERM);
	ck_assert_uint_eq(native_args(SYS_ioctl, 0, TIOCLINUX | UINT64_C(0xffffffff00000000)), PERM);
}
END_TEST

START_TEST(ioctl_does_all_else)
{
	ck_assert_uint_eq(native_args(SYS_ioctl, 0, TCGETS), ALLOW);
	ck_assert_uint_eq(native_args(SYS_ioctl, TIOCSTI, TIOCSCTTY), ALLOW);
	ck_assert_uint_eq(native_args(SYS_ioctl, 0, TIOCSTI + 1), ALLOW);
}
END_TEST

/* What each capability opens; zero ends a short list. */
static const struct {
	uint64_t caps;
	uint32_t nrs[8];
} opened[] = {
	{CAP(SYS_ADMIN), {SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root}},
	{CAP(SYS_ADMIN), {SYS_sethostname, SYS_setdomainname, SYS_quotactl}},
	{CAP(SYS_ADMIN), {428, 429, 430, 431, 432, 433, 442, 467}},
	{CAP(SYS_ADMIN), {SYS_bpf, SYS_perf_event_open, SYS_syslog, SYS_fanotify_init}},
	{CAP(BPF), {SYS_bpf}},
	{CAP(PERFMON), {SYS_perf_event_open}},
	{CAP(SYSLOG), {SYS_syslog}},
	{CAP(SYS_CHROOT), {SYS_chroot}},
	{CAP(SYS_BOOT), {SYS_reboot}},
	{CAP(SYS_MODULE), {SYS_init_module, SYS_finit_module, SYS_delete_module}},
	{CAP(SYS_PACCT), {SYS_acct}},
	{CAP(SYS_PTRACE), {SYS_kcmp, 438 /* pidfd_getfd */}},
	{CAP(SYS_TIME), {SYS_clock_settime, SYS_settimeofday}},
	{CAP(SYS_TTY_CONFIG), {SYS_vhangup}},
	{CAP(SYS_NICE), {SYS_mbind, SYS_get_mempolicy, SYS_set_mempolicy, 450}},
	{CAP(DAC_READ_SEARCH), {SYS_open_by_handle_at}},
#ifdef SYS_iopl
	{CAP(SYS_RAWIO), {SYS_iopl, SYS_ioperm}},
#endif
};

START_TEST(capability_opens_its_calls)
{
	for (size_t i = 0; i < N_ELEMENTS(opened[0].nrs) && opened[_i].nrs[i]; i++) {
		ck_assert_uint_eq(native(opened[_i].caps, opened[_i].nrs[i]), ALLOW);
		ck_assert_uint_eq(native(0, opened[_i].nrs[i]), PERM);
	}
}
END_TEST

START_TEST(capability_opens_nothing_else)
{
	ck_assert_uint_eq(native(~CAP(SYS_ADMIN), SYS_mount), PERM);
	ck_assert_uint_eq(native(~CAP(SYS_ADMIN), 435 /* clone3 */), NOSYS);
	ck_assert_uint_eq(native(~CAP(SYS_BOOT), SYS_reboot), PERM);
	ck_assert_uint_eq(native(~CAP(SYS_MODULE), SYS_init_module), PERM);
	ck_assert_uint_eq(native(~CAP(DAC_READ_SEARCH), SYS_open_by_handle_at), PERM);
}
END_TEST

START_TEST(default_set_may_chroot_but_not_mount)
{
	ck_assert_uint_eq(native(default_caps, SYS_chroot), ALLOW);
	ck_assert_uint_eq(native(default_caps, SYS_mount), PERM);
	ck_assert_uint_eq(native(default_caps, SYS_unshare), PERM);
	ck_assert_uint_eq(native(default_caps, SYS_bpf), PERM);
	ck_assert_uint_eq(native(default_caps, SYS_mknodat), ALLOW);
}
END_TEST

static void add_program_tests(Suite *s)
{
	TCase *tc = tap_tcase(s, "program");

	tcase_add_loop_test(tc, every_path_ends_in_a_verdict, 0, 2);
	tcase_add_test(tc, buffer_of_the_exact_size_gives_the_same_program);
	tcase_add_test(tc, short_buffer_is_refused_and_not_overrun);
	tcase_add_loop_test(tc, tree_finds_every_number, 0, N_ELEMENTS(archs));
}

static void add_number_tests(Suite *s)
{
	TCase *tc = tap_tcase(s, "numbers");

	tcase_add_test(tc, launcher_can_finish_after_loading);
	tcase_add_test(tc, programs_get_the_calls_of_new_kernels);
	tcase_add_test(tc, no_capability_opens_what_belongs_to_the_host);
	tcase_add_test(tc, number_in_a_gap_is_refused);
	tcase_add_test(tc, newer_number_does_not_exist);
	tcase_add_test(tc, unknown_calling_convention_does_not_exist);
#ifdef __x86_64__
	tcase_add_test(tc, x32_does_not_exist);
	tcase_add_test(tc, i386_has_its_own_numbers);
	tcase_add_test(tc, i386_arguments_are_looked_at);
#endif
	tcase_add_loop_test(tc, capability_opens_its_calls, 0, N_ELEMENTS(opened));
	tcase_add_test(tc, capability_opens_nothing_else);
	tcase_add_test(tc, default_set_may_chroot_but_not_mount);
}

static void add_argument_tests(Suite *s)
{
	TCase *tc = tap_tcase(s, "arguments");

	tcase_add_test(tc, clone_makes_processes_and_threads);
	tcase_add_loop_test(tc, clone_makes_no_namespace, 0, N_ELEMENTS(namespaces));
	tcase_add_test(tc, clone3_sends_libc_to_clone);
	tcase_add_test(tc, personality_takes_five_values);
	tcase_add_test(tc, socket_families);
	tcase_add_test(tc, ioctl_cannot_type_into_a_terminal);
	tcase_add_test(tc, ioctl_does_all_else);
}

int main(void)
{
	Suite *s = suite_create("seccomp");

	add_program_tests(s);
	add_number_tests(s);
	add_argument_tests(s);
	return tap_main(s);
}
