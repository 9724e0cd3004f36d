/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pid that the kernel's log will use, learnt where a nested pid namespace shows another one. */
#include "monitor/logpid.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/sys.h"

/* The inode number of the first pid namespace. */
#define FIRST_PIDNS_INODE 0xeffffffcu

bool logpid_is_ours(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PIDNS_INODE;
}

/*
 * Nothing in /proc tells a process its pid outside of its namespace. A BPF program of two
 * instructions does (Linux 5.10): run once on request by whoever asks, it is attached to nothing.
 * Who may read the log from in there may load it.
 */
int logpid_open(void)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(program[0]);
	attr.license = (uint64_t)(uintptr_t) "";
	/* Its descriptor is close-on-exec without being asked. */
	return neg_errno(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

int32_t logpid_ask(int asker)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)asker;
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
		return 0;
	return (int32_t)attr.test.retval;
}
