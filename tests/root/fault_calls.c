/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls that tests make fail: their names, and what may come of them. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "tests/root/faults.h"

/* The first of each is what a short test takes. ENOSYS: an older kernel, or a filter around us. */
static const int any[] = {EIO, ENOMEM, EPERM, ENOSYS, 0};
static const int gives_descriptor[] = {EMFILE, ENOMEM, EACCES, EIO, ENOSYS, 0};
static const int takes_room[] = {ENOSPC, EIO, EDQUOT, 0};
static const int takes_memory[] = {ENOMEM, 0};
static const int makes_process[] = {EAGAIN, ENOMEM, EPERM, ENOSYS, 0};
static const int needs_right[] = {EPERM, ENOMEM, EINVAL, ENOSYS, 0};
/* EINVAL: there is no such capability. */
static const int refused[] = {EPERM, ENOSYS, 0};
static const int runs[] = {ENOMEM, EACCES, EIO, 0};

#define CALL(name, errors)                \
	{                                 \
		SYS_##name, #name, errors \
	}

static const struct {
	int nr;
	const char *name;
	const int *errors;
} calls[] = {
	CALL(accept4, gives_descriptor),
	CALL(bind, any),
	CALL(bpf, needs_right),
	CALL(brk, takes_memory),
	CALL(capget, any),
	CALL(capset, needs_right),
	CALL(chdir, any),
	CALL(clone, makes_process),
	CALL(clone3, makes_process),
	CALL(close_range, any),
	CALL(connect, any),
	CALL(dup3, gives_descriptor),
	CALL(epoll_create1, gives_descriptor),
	CALL(epoll_ctl, takes_room),
	CALL(epoll_pwait, any),
	CALL(eventfd2, gives_descriptor),
	CALL(execve, runs),
	CALL(execveat, runs),
	CALL(faccessat, any),
	CALL(faccessat2, any),
	CALL(fchdir, any),
	CALL(fchmod, needs_right),
	CALL(fchmodat, needs_right),
	CALL(fchown, needs_right),
	CALL(fchownat, needs_right),
	CALL(fcntl, gives_descriptor),
	CALL(flock, any),
	CALL(fsconfig, needs_right),
	CALL(fsmount, gives_descriptor),
	CALL(fsopen, gives_descriptor),
	CALL(fstat, any),
	CALL(fsync, takes_room),
	CALL(ftruncate, takes_room),
	CALL(getdents64, any),
	CALL(getrandom, any),
	CALL(ioctl, any),
	CALL(kill, needs_right),
	CALL(lseek, any),
	CALL(memfd_create, gives_descriptor),
	CALL(mkdirat, takes_room),
	CALL(mknodat, takes_room),
	CALL(mmap, takes_memory),
	CALL(mount, needs_right),
	CALL(mount_setattr, needs_right),
	CALL(move_mount, needs_right),
	CALL(mprotect, takes_memory),
	CALL(newfstatat, any),
	CALL(open_tree, gives_descriptor),
	CALL(openat, gives_descriptor),
	CALL(openat2, gives_descriptor),
	CALL(pidfd_open, gives_descriptor),
	CALL(pidfd_send_signal, needs_right),
	CALL(pivot_root, needs_right),
	CALL(ppoll, any),
	CALL(prctl, refused),
	CALL(pread64, any),
	CALL(prlimit64, needs_right),
	CALL(pwrite64, takes_room),
	CALL(read, any),
	CALL(readlinkat, any),
	CALL(recvmsg, takes_memory),
	CALL(renameat, takes_room),
	CALL(renameat2, takes_room),
	CALL(seccomp, needs_right),
	CALL(sendmsg, any),
	CALL(setgid, needs_right),
	CALL(setgroups, needs_right),
	CALL(setns, needs_right),
	CALL(setpriority, needs_right),
	CALL(setresgid, needs_right),
	CALL(setresuid, needs_right),
	CALL(setsid, needs_right),
	CALL(setsockopt, any),
	CALL(setuid, needs_right),
	CALL(socket, gives_descriptor),
	CALL(socketpair, gives_descriptor),
	CALL(statfs, any),
	CALL(statx, any),
	CALL(symlinkat, takes_room),
	CALL(timerfd_create, gives_descriptor),
	CALL(umount2, needs_right),
	CALL(unlinkat, any),
	CALL(uname, any),
	CALL(unshare, needs_right),
	CALL(utimensat, any),
	CALL(waitid, any),
	CALL(write, takes_room),
	CALL(writev, takes_room),
#ifdef SYS_open
	CALL(access, any),
	CALL(dup2, gives_descriptor),
	CALL(epoll_wait, any),
	CALL(mkdir, takes_room),
	CALL(open, gives_descriptor),
	CALL(poll, any),
	CALL(readlink, any),
	CALL(rmdir, any),
	CALL(unlink, any),
#endif
};

const char *faults_call_name(int nr)
{
	static char number[24];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return calls[i].name;
	(void)snprintf(number, sizeof(number), "call %d", nr);
	return number;
}

const int *faults_errors(int nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return calls[i].errors;
	return any;
}
