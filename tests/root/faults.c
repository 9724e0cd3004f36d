/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fails one system call of many processes: a filter that is inherited sends each call to one
 * supervisor, who counts them and lets all but one go on.
 */
#include "tests/root/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define LISTENER_LINE 900 /* a number that nobody else has */
#define MARK 0x0badca11
#define PATIENCE_S 25

enum mark { MARK_BEGIN = 1,
	    MARK_END = 2 };

/* Calls that do not fail, whatever happens: no errno of theirs need be handled. */
static const int sure[] = {
	SYS_exit,
	SYS_exit_group,
	SYS_close,
	SYS_munmap,
	SYS_rt_sigreturn,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_umask,
	SYS_clock_gettime,
	SYS_madvise,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_futex,
	SYS_set_tid_address,
	SYS_sched_yield,
	SYS_restart_syscall,
	SYS_gettimeofday,
	/* Without a child only. */
	SYS_wait4,
};

struct known {
	pid_t pid;
	bool runs_program;
	bool about_to_run;
};

struct supervisor {
	const struct faults_run *run;
	struct faults_seen *seen;
	struct known known[FAULTS_PROCESSES];
	int listener;
	bool armed;
};

/* ---- in the host ----------------------------------------------------------------------------- */

static void mark(enum mark what)
{
	(void)syscall(SYS_getpriority, MARK, what);
}

void faults_begin(void)
{
	mark(MARK_BEGIN);
}

void faults_end(void)
{
	mark(MARK_END);
}

static int install(void)
{
	enum { COUNT = sizeof(sure) / sizeof(sure[0]) };
	struct sock_filter code[COUNT + 8];
	struct sock_fprog program = {.filter = code};
	unsigned int n = 0;
	long fd;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < COUNT; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned int)sure[i], COUNT - i + 3, 0);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 2);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, args[0]));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LISTENER_LINE, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		     &program);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			     SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return (int)fd;
}

static _Noreturn void be_host(const struct faults_run *run, int line)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	char byte = 0;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	int listener;

	if (dup2(line, LISTENER_LINE) < 0)
		_exit(120);
	(void)close(line);
	listener = install();
	if (listener < 0)
		_exit(121);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &listener, sizeof(int));
	if (sendmsg(LISTENER_LINE, &msg, 0) != 1)
		_exit(122);
	(void)close(listener);
	(void)close(LISTENER_LINE);
	run->host(run->arg);
	_exit(0);
}

/* ---- the supervisor -------------------------------------------------------------------------- */

static int take_listener(int line)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(line, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static int index_of(struct supervisor *s, pid_t pid)
{
	int i = 0;

	while (i < s->seen->processes && s->known[i].pid != pid)
		i++;
	if (i < s->seen->processes || i == FAULTS_PROCESSES)
		return i;
	s->known[i].pid = pid;
	s->seen->processes++;
	return i;
}

/* Who runs another file than the monitor's, or the memory file that is its copy, after an execve. */
static bool is_program(pid_t pid)
{
	char path[32], exe[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = '\0';
	return n > 0 && !strstr(exe, "execdriver-monitor");
}

/* True when this call is to fail. */
static bool count(struct supervisor *s, uint64_t id, pid_t pid, int nr)
{
	int i = index_of(s, pid), call;

	if (i == FAULTS_PROCESSES)
		return false;
	if (s->known[i].about_to_run && is_program(pid)) {
		s->known[i].runs_program = true;
		s->run->program(s->run->arg, pid);
		if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
			s->run->program(s->run->arg, 0);
	}
	s->known[i].about_to_run = nr == SYS_execve || nr == SYS_execveat;
	if (!s->armed || s->known[i].runs_program || s->seen->calls[i] == FAULTS_CALLS)
		return false;
	call = s->seen->calls[i]++;
	s->seen->nr[i][call] = (short)nr;
	if (i != s->run->fault.process || call < s->run->fault.call ||
	    nr != s->run->fault.nr || s->seen->failed_nr >= 0)
		return false;
	s->seen->failed_nr = nr;
	return true;
}

static void answer(struct supervisor *s)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp resp = {0};

	/* ENOENT: it was killed meanwhile. */
	if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	resp.id = call.id;
	if (call.data.nr == SYS_getpriority && call.data.args[0] == MARK)
		s->armed = call.data.args[1] == MARK_BEGIN;
	else if (count(s, call.id, (pid_t)call.pid, call.data.nr))
		resp.error = -s->run->fault.error;
	else
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	(void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

/* Orphans are handed to this process, which is their subreaper. */
static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == s->known[0].pid)
			s->seen->host_status = status;
}

static void supervise(struct supervisor *s)
{
	struct pollfd p = {.fd = s->listener, .events = POLLIN};
	time_t end = time(NULL) + PATIENCE_S;

	while (!(p.revents & POLLHUP)) {
		int n = poll(&p, 1, 5);

		if (n > 0 && p.revents & POLLIN)
			answer(s);
		else
			reap(s);
		if (time(NULL) < end)
			continue;
		s->seen->hung = true;
		end += 2;
		for (int i = 0; i < s->seen->processes; i++)
			(void)kill(s->known[i].pid, SIGKILL);
	}
}

int faults_run(const struct faults_run *run, struct faults_seen *seen)
{
	struct supervisor s = {.run = run, .seen = seen, .listener = -1};
	int line[2];
	pid_t host;

	memset(seen, 0, sizeof(*seen));
	seen->failed_nr = -1;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return -1;
	host = fork();
	if (host == 0)
		be_host(run, line[1]);
	(void)close(line[1]);
	s.listener = take_listener(line[0]);
	(void)close(line[0]);
	(void)index_of(&s, host);
	if (s.listener >= 0)
		supervise(&s);
	if (s.listener >= 0)
		(void)close(s.listener);
	reap(&s);
	if (s.listener < 0)
		(void)waitpid(host, NULL, 0);
	return s.listener < 0 ? -1 : 0;
}
