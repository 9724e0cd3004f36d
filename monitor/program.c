/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices of a cgroup v2, which are a BPF program. */
#include "monitor/program.h"

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "monitor/sys.h"

static int load(const void *insns, size_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = (uint32_t)(size / sizeof(struct bpf_insn));
	attr.license = (uint64_t)(uintptr_t) "";
	/* Its descriptor is close-on-exec without being asked. */
	return neg_errno(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

int program_rule_devices(int cgroup, const void *insns, size_t size)
{
	union bpf_attr attr;
	cleanup_close int fd = load(insns, size);

	if (fd < 0)
		return fd;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* Beside those of others: whoever runs us keeps the last word on what is denied. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return neg_errno(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)));
}
