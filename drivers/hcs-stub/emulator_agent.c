/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent: a system that runs, and the parent of its processes. */
#include "drivers/hcs-stub/emulator_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/seqpacket.h"
#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/hcs_protocol.h"

/* How long those that nobody has asked the service for may take when they are all that is left. */
#define LEFT_BEHIND_MS 250
#define PROCESSES_MAX 4096

struct agent {
	int sock;
	int signals;
	bool ending;
	int64_t deadline_ms;            /* of those that are left behind; 0: there is none yet */
	pid_t processes[PROCESSES_MAX]; /* that run, of those that the service was asked for */
	size_t count;
	char buffer[AGENT_MESSAGE_MAX];
};

static struct agent agent;

static void send_report(const struct agent_report *report, int pidfd)
{
	struct iovec iov = {.iov_base = (void *)report, .iov_len = sizeof(*report)};

	(void)seq_send(agent.sock, &iov, 1, &pidfd, pidfd >= 0 ? 1 : 0);
}

static void forget(pid_t pid)
{
	for (size_t i = 0; i < agent.count; i++)
		if (agent.processes[i] == pid) {
			agent.processes[i] = agent.processes[--agent.count];
			return;
		}
}

/* Reports every child that has ended; true when there are no others. */
static bool reap(int flags)
{
	for (;;) {
		siginfo_t info = {0};
		struct agent_report report = {.kind = AGENT_ENDED};

		if (waitid(P_ALL, 0, &info, WEXITED | flags) < 0)
			return errno == ECHILD;
		if (!info.si_pid)
			return false;
		forget(info.si_pid);
		report.pid = info.si_pid;
		report.code = info.si_code;
		report.status = info.si_status;
		send_report(&report, FD_NONE);
		if (!flags)
			return false;
	}
}

/* Orphans become children: those that are left when one has ended are killed in turn. */
_Noreturn static void end_by_force(void)
{
	do
		agent_signal_all(SIGKILL, true);
	while (!reap(0));
	_exit(0);
}

/*
 * Whoever started the service may have been told to ignore some, also of those that the C library
 * keeps for itself and does not let us ask for.
 */
static void default_signals(void)
{
	/* As the kernel has it, on every architecture: SIG_DFL, no flags, no mask. */
	static const unsigned long action[8];

	for (int sig = 1; sig < NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, action, NULL, (NSIG - 1) / 8);
}

/* In the child. An error goes through the pipe, which closes by itself when the program begins. */
_Noreturn static void child(const struct agent_order *order, const char *text, const int *fds,
			    int pipe, pid_t parent)
{
	sigset_t none;
	uint32_t result;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125);
	default_signals();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	result = agent_become(order, text, fds);
	(void)!write(pipe, &result, sizeof(result));
	_exit(125);
}

/* Waits for the program to begin, or not. */
static uint32_t learn_result(int pipe)
{
	uint32_t result;
	ssize_t n;

	do
		n = read(pipe, &result, sizeof(result));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(result) ? result : HCS_OK;
}

static void spawn(const struct agent_order *order, const char *text, const int *fds)
{
	struct agent_report report = {.kind = AGENT_SPAWNED, .result = HCS_E_OUT_OF_MEMORY};
	cleanup_close int pidfd = FD_NONE;
	pid_t self = getpid(), pid;
	int ends[2];

	if (agent.count == PROCESSES_MAX || pipe2(ends, O_CLOEXEC) < 0) {
		send_report(&report, FD_NONE);
		return;
	}
	pid = fork();
	if (pid == 0)
		child(order, text, fds, ends[1], self);
	(void)close(ends[1]);
	if (pid > 0) {
		/* It cannot be another's: nobody else reaps it. */
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		report.result = learn_result(ends[0]);
		report.pid = pid;
	}
	(void)close(ends[0]);
	if (pid > 0 && report.result == HCS_OK)
		agent.processes[agent.count++] = pid;
	else if (pid > 0)
		(void)waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED);
	send_report(&report, report.result == HCS_OK ? pidfd : FD_NONE);
}

/* The emulator's messages are as they should be. False: it is gone. */
static bool take_order(void)
{
	unsigned int nfds = HCS_HANDLES_MAX;
	int fds[HCS_HANDLES_MAX];
	struct agent_order order;
	ssize_t n = seq_recv(agent.sock, agent.buffer, sizeof(agent.buffer), fds, &nfds, 0);

	if (n < (ssize_t)sizeof(order))
		return false;
	memcpy(&order, agent.buffer, sizeof(order));
	switch (order.kind) {
	case AGENT_SPAWN:
		spawn(&order, agent.buffer + sizeof(order), fds);
		break;
	case AGENT_ASK:
		agent.ending = true;
		agent_signal_all(SIGTERM, false);
		break;
	default:
		end_by_force();
	}
	while (nfds)
		(void)close(fds[--nfds]);
	return true;
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(agent.signals, &info, sizeof(info)) > 0)
		;
}

static int settle_in(int sock)
{
	sigset_t mask;

	if (dup3(sock, 3, O_CLOEXEC) < 0 && sock != 3)
		return -errno;
	if (syscall(SYS_close_range, 4, ~0u, 0) < 0)
		return -errno;
	agent.sock = 3;
	(void)setsid();
	(void)prctl(PR_SET_NAME, "hcs-agent");
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	agent.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (agent.signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	return 0;
}

/*
 * Milliseconds, or -1: for ever. A guest goes down with its last process; what those have left
 * behind is not waited for much longer.
 */
static int patience(void)
{
	if (!agent.ending || agent.count)
		return -1;
	if (!agent.deadline_ms)
		agent.deadline_ms = clock_ms() + LEFT_BEHIND_MS;
	return clock_left_ms(agent.deadline_ms);
}

_Noreturn void agent_main(int sock)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};

	if (settle_in(sock) < 0)
		_exit(125);
	fds[0].fd = agent.sock;
	fds[1].fd = agent.signals;
	for (;;) {
		int n;

		if (agent.ending && reap(WNOHANG))
			_exit(0);
		n = poll(fds, 2, patience());
		if (n < 0)
			continue;
		if (n == 0)
			end_by_force();
		if (fds[1].revents) {
			take_signals();
			(void)reap(WNOHANG);
		}
		if (fds[0].revents && !take_order())
			end_by_force();
	}
}
