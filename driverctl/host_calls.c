/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls and filters of the kernel work for us. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "driverctl/host.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

static void probe_kernel(struct host_answer *answer, const void *arg)
{
	struct utsname host;

	(void)arg;
	if (uname(&host) == 0)
		host_say(answer, EXD_REPORT_INFO, "Linux %s, %s", host.release, host.machine);
}

/* The beginning of struct clone_args. */
struct clone_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static void probe_clone3(struct host_answer *answer, const void *arg)
{
	int pidfd = -1;
	struct clone_arguments args = {
		.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD};
	int r = result(syscall(SYS_clone3, &args, sizeof(args)));

	(void)arg;
	if (r == 0)
		_exit(0);
	if (r > 0)
		(void)waitpid(r, NULL, 0);
	host_verdict(answer, r, "clone3(2) works", "use Linux 5.3 or newer");
}

static void probe_pidfd(struct host_answer *answer, const void *arg)
{
	int fd = result(syscall(SYS_pidfd_open, getpid(), 0));
	int r = fd < 0 ? fd : result(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));

	(void)arg;
	host_verdict(answer, r, "pidfd_open(2) and pidfd_send_signal(2) work", "use Linux 5.3 or newer");
}

static void probe_openat2(struct host_answer *answer, const void *arg)
{
	const uint64_t how[] = {O_RDONLY | O_CLOEXEC | O_DIRECTORY, 0, 0x10 /* RESOLVE_IN_ROOT */};

	(void)arg;
	host_verdict(answer, result(syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof(how))),
		     "openat2(2) works", "use Linux 5.6 or newer");
}

static void probe_close_range(struct host_answer *answer, const void *arg)
{
	(void)arg;
	host_verdict(answer, result(syscall(SYS_close_range, 3u, ~0u, 0)), "close_range(2) works",
		     "use Linux 5.9 or newer");
}

/* The answer to every call is yes. */
static int load_filter(unsigned int flags)
{
	struct sock_filter allow = {.code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW};
	const struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

static void probe_seccomp(struct host_answer *answer, const void *arg)
{
	(void)arg;
	host_verdict(answer, load_filter(0), "filters can be loaded",
		     "use a kernel with CONFIG_SECCOMP_FILTER, or --security-opt seccomp=unconfined");
}

static void probe_notify(struct host_answer *answer, const void *arg)
{
	int r = load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);

	(void)arg;
	if (r == -EBUSY) {
		host_say(answer, EXD_REPORT_DEGRADED, "a filter around driverctl has a listener already");
		host_cure(answer, "call driverctl from outside of what confines it");
		return;
	}
	host_verdict(answer, r, "filters can have a listener", "use Linux 5.0 or newer");
}

static void probe_landlock(struct host_answer *answer, const void *arg)
{
	int r = result(syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* its version */));

	(void)arg;
	if (r >= 0)
		host_say(answer, EXD_REPORT_YES, "ABI %d", r);
	else if (r == -EOPNOTSUPP)
		host_verdict(answer, r, "", "boot with lsm=landlock before what lsm= has now");
	else
		host_verdict(answer, r, "", "use Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK");
}

/* Kernels before 6.3 do not know the flag, and let all of them be executed. */
static void probe_memfd(struct host_answer *answer, const void *arg)
{
	int r = result(memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));

	(void)arg;
	if (r == -EINVAL)
		r = result(memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	if (r == -EACCES) {
		host_say(answer, EXD_REPORT_DEGRADED,
			 "vm.memfd_noexec forbids it: the installed monitor is run instead of a copy");
		host_cure(answer, "sysctl -w vm.memfd_noexec=1");
		return;
	}
	host_verdict(answer, r, "sealed copies of programs can be run", "use a kernel with memfd_create(2)");
}

/* Two instructions that allow every device. */
static void probe_devices(struct host_answer *answer, const void *arg)
{
	static const char license[] = "LGPL";
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	int r;

	(void)arg;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)license;
	r = result(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
	host_verdict(answer, r, "rules for devices of cgroup v2 can be loaded",
		     r == -EPERM ? "run as root with CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN"
				 : "use a kernel with CONFIG_CGROUP_BPF");
}

const struct host_probe host_calls[] = {
	{"kernel", probe_kernel, NULL},
	{"clone3", probe_clone3, NULL},
	{"pidfd", probe_pidfd, NULL},
	{"openat2", probe_openat2, NULL},
	{"close_range", probe_close_range, NULL},
	{"memfd", probe_memfd, NULL},
	{"seccomp", probe_seccomp, NULL},
	{"seccomp.notify", probe_notify, NULL},
	{"landlock", probe_landlock, NULL},
	{"bpf.devices", probe_devices, NULL},
	{NULL, NULL, NULL},
};
