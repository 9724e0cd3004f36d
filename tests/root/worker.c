/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The worker of tests/drivers/worker.c: PROGRAM BEHAVIOUR FLAGS ARGS... Its container is a plain
 * child. Some behaviours keep the rules of <execdriver/worker.h>, the others each break one.
 */
#include <execdriver/error.h>
#include <execdriver/worker.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT_FD EXD_WORKER_FIRST_SLOT

static const char *behaviour;
static bool park, tty, remote;
static pid_t init;
static int init_pidfd, gate, master = -1, slave = -1, memory = -1;

static bool is(const char *name)
{
	return strcmp(behaviour, name) == 0;
}

/* ---- the line -------------------------------------------------------------------------------- */

static void send_bytes(const void *bytes, size_t size, const int *fds, unsigned int count)
{
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = size};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
	} control = {.bytes = ""};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * count);
	}
	(void)sendmsg(EXD_WORKER_FD, &msg, MSG_NOSIGNAL);
}

static struct exd_worker_report report_of(enum exd_worker_report_kind kind)
{
	return (struct exd_worker_report){.struct_size = sizeof(struct exd_worker_report), .kind = kind};
}

static void say(enum exd_worker_report_kind kind, uint32_t status, const char *text)
{
	struct exd_worker_report r = report_of(kind);

	r.status = status;
	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	send_bytes(&r, sizeof(r), NULL, 0);
}

static void say_process(enum exd_worker_report_kind kind, pid_t pid, int pidfd)
{
	struct exd_worker_report r = report_of(kind);
	int fds[3];
	unsigned int count = 0;

	r.pid = pid;
	if (pidfd >= 0) {
		r.with |= EXD_WORKER_WITH_PIDFD;
		fds[count++] = pidfd;
	}
	if (master >= 0 && kind == EXD_WORKER_READY && !is("no-tty")) {
		r.with |= EXD_WORKER_WITH_TTY;
		fds[count++] = master;
	}
	if (memory >= 0) {
		r.with |= EXD_WORKER_WITH_MEMORY;
		fds[count++] = memory;
	}
	send_bytes(&r, sizeof(r), fds, count);
}

/* The next order; 0: the end of the line, or the wait is over. */
static uint32_t next_order(int timeout_ms)
{
	struct pollfd p = {.fd = EXD_WORKER_FD, .events = POLLIN};
	struct exd_worker_order order;

	if (poll(&p, 1, timeout_ms) <= 0 || recv(EXD_WORKER_FD, &order, sizeof(order), 0) != sizeof(order))
		return 0;
	return order.struct_size == sizeof(order) ? order.kind : 0;
}

static void sleep_for_ever(void)
{
	for (;;)
		(void)pause();
}

/* Until the monitor has had enough of it. */
static void wait_for_hangup(void)
{
	struct pollfd p = {.fd = EXD_WORKER_FD};

	while (poll(&p, 1, -1) != 1)
		;
	_exit(0);
}

/* ---- the container --------------------------------------------------------------------------- */

static void open_tty(void)
{
	int unlock = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		_exit(90);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		_exit(91);
}

static void become_program(int gate_end, char **args)
{
	char go;

	(void)setsid();
	if (tty) {
		for (int fd = 0; fd <= 2; fd++)
			(void)dup2(slave, fd);
		(void)ioctl(0, TIOCSCTTY, 0);
	}
	if (!is("leaky"))
		(void)close(EXD_WORKER_FD);
	/* Not to be left over when the worker is ended. */
	if (read(gate_end, &go, 1) != 1)
		_exit(92);
	(void)close(ROOT_FD);
	(void)close(gate_end);
	(void)execvp(args[0], args);
	_exit(127);
}

/* "memory:DIR": a memory cgroup that the test has made, to be joined and watched. */
static void join_cgroup(void)
{
	int procs;

	if (strncmp(behaviour, "memory:", 7) != 0)
		return;
	memory = open(behaviour + 7, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	procs = openat(memory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0 || dprintf(procs, "%d", (int)init) < 0)
		_exit(96);
	(void)close(procs);
}

/* Its program waits at the gate. */
static void start_init(char **args)
{
	int ends[2];

	if (tty || is("unasked-tty"))
		open_tty();
	if (pipe2(ends, O_CLOEXEC) < 0)
		_exit(93);
	init = fork();
	if (init == 0) {
		(void)close(ends[1]);
		become_program(ends[0], args);
	}
	(void)close(ends[0]);
	gate = ends[1];
	init_pidfd = (int)syscall(SYS_pidfd_open, init, 0);
	(void)fcntl(init_pidfd, F_SETFD, FD_CLOEXEC);
	join_cgroup();
}

/* Init has them; held open here they would count as held open by the container. */
static void let_go_of_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		(void)close(null);
}

static void open_gate(void)
{
	(void)!write(gate, "", 1);
	(void)close(gate);
}

static void await_end(void)
{
	struct pollfd p = {.fd = init_pidfd, .events = POLLIN};

	while (poll(&p, 1, -1) != 1)
		;
}

static void undo(void)
{
	(void)kill(init, SIGKILL);
	(void)waitpid(init, NULL, 0);
	_exit(0);
}

/* ---- workers that break a rule --------------------------------------------------------------- */

static void lie_about_process(void)
{
	int pair[2];

	if (is("foreign"))
		say_process(EXD_WORKER_READY, getppid(), (int)syscall(SYS_pidfd_open, getppid(), 0));
	else if (is("other-pidfd"))
		say_process(EXD_WORKER_READY, init, (int)syscall(SYS_pidfd_open, getpid(), 0));
	else if (is("no-pidfd"))
		say_process(EXD_WORKER_READY, init, -1);
	else if (is("no-pid"))
		say_process(EXD_WORKER_READY, 0, init_pidfd);
	else if (is("pipe-as-pidfd") && pipe2(pair, O_CLOEXEC) == 0)
		say_process(EXD_WORKER_READY, init, pair[0]);
	else
		return;
	wait_for_hangup();
}

static void send_garbage(void)
{
	static char big[60000];
	struct exd_worker_report r = report_of(EXD_WORKER_READY);
	int fds[5] = {0, 0, 0, 0, 0};

	r.pid = init;
	if (is("short"))
		send_bytes("abc", 3, NULL, 0);
	else if (is("empty"))
		send_bytes("", 0, NULL, 0);
	else if (is("huge"))
		send_bytes(big, sizeof(big), NULL, 0);
	else if (is("wrong-size"))
		r.struct_size = 12;
	else if (is("unknown"))
		r.kind = 77;
	else if (is("endless"))
		memset(r.text, 'x', sizeof(r.text));
	else if (is("odd-descriptors"))
		r.with = 1u << 7;
	else if (is("more-descriptors"))
		send_bytes(&r, sizeof(r), fds, 5);
	else if (is("less-descriptors"))
		r.with = EXD_WORKER_WITH_PIDFD | EXD_WORKER_WITH_MEMORY;
	else
		return;
	send_bytes(&r, sizeof(r), fds, is("less-descriptors"));
	wait_for_hangup();
}

/* "random:SEED": reports with a few of their bytes changed, until the monitor has enough. */
static void send_random(void)
{
	struct pollfd p = {.fd = EXD_WORKER_FD};
	unsigned int seed;

	if (strncmp(behaviour, "random:", 7) != 0)
		return;
	seed = (unsigned int)atoi(behaviour + 7);
	for (int i = 0; i < 500 && poll(&p, 1, 0) == 0; i++) {
		struct exd_worker_report r = report_of(1 + (unsigned int)rand_r(&seed) % 6);
		unsigned char *bytes = (unsigned char *)&r;
		size_t size = rand_r(&seed) % 8 ? sizeof(r) : (size_t)rand_r(&seed) % sizeof(r);
		int fds[2] = {init_pidfd, ROOT_FD};

		r.pid = init;
		r.with = (unsigned int)rand_r(&seed) % 2;
		for (int n = rand_r(&seed) % 4; n > 0; n--)
			bytes[rand_r(&seed) % 32] ^= (unsigned char)(1 << rand_r(&seed) % 8);
		send_bytes(&r, size, fds, (unsigned int)rand_r(&seed) % 3);
	}
	wait_for_hangup();
}

/* Before READY. */
static void misbehave_early(void)
{
	struct exd_worker_report r = report_of(EXD_WORKER_FAILED);

	if (is("early-exit"))
		_exit(3);
	if (is("early-close") || is("stubborn")) {
		if (is("early-close"))
			(void)close(EXD_WORKER_FD);
		sleep_for_ever();
	}
	if (is("silent")) {
		(void)next_order(-1);
		undo();
	}
	if (is("early-end")) {
		say(EXD_WORKER_EXIT, 0, "");
		wait_for_hangup();
	}
	if (is("failed")) {
		r.code = EXD_ERR_ROOTFS;
		r.error_num = ENOENT;
		(void)snprintf(r.text, sizeof(r.text), "the root '/absent%0300d' is not there: 100%% sure", 7);
		send_bytes(&r, sizeof(r), NULL, 0);
		undo();
	}
	if (is("failed-unknown")) {
		r.code = 4711;
		r.error_num = -5;
		send_bytes(&r, sizeof(r), NULL, 0);
		undo();
	}
	for (int i = 0; is("flood") && i < 1000; i++)
		say(EXD_WORKER_WARNING, 0, "once more");
	if (is("warns"))
		say(EXD_WORKER_WARNING, 0, "no swap accounting here");
	lie_about_process();
	send_garbage();
	send_random();
}

/* After READY. */
static void misbehave_late(void)
{
	if (is("late-close")) {
		(void)close(EXD_WORKER_FD);
		sleep_for_ever();
	}
	if (is("twice")) {
		say_process(EXD_WORKER_READY, init, init_pidfd);
		wait_for_hangup();
	}
	if (is("late-short")) {
		send_bytes("abc", 3, NULL, 0);
		wait_for_hangup();
	}
	if (is("late-failed")) {
		say(EXD_WORKER_FAILED, 0, "too late");
		wait_for_hangup();
	}
	if (is("liar")) {
		say(EXD_WORKER_EXIT, 0, "");
		wait_for_hangup();
	}
}

/* ---- the straight path ----------------------------------------------------------------------- */

/* A program elsewhere is ended on demand; of one of this host that is the monitor's. */
static int wait_for_end(void)
{
	struct pollfd p[2] = {{.fd = init_pidfd, .events = POLLIN}, {.fd = EXD_WORKER_FD, .events = POLLIN}};
	int status = 0;

	while (remote && poll(p, 2, -1) > 0 && !p[0].revents) {
		if (next_order(0) == EXD_WORKER_STOP && !is("deaf"))
			(void)kill(init, SIGKILL);
		/* Nobody listens any more. */
		if (p[1].revents & POLLHUP)
			p[1].fd = -1;
	}
	(void)waitpid(init, &status, 0);
	return status;
}

static void say_end(int status)
{
	if (is("mute"))
		sleep_for_ever();
	if (is("code"))
		say(EXD_WORKER_CODE, 0x80070000u | (uint32_t)WEXITSTATUS(status), "");
	else if (is("bad-status"))
		say(EXD_WORKER_EXIT, 0x137f, "");
	else
		say(EXD_WORKER_EXIT, (uint32_t)status, "");
	if (is("lingers"))
		sleep_for_ever();
}

static void note_remote(void)
{
	int fd = openat(ROOT_FD, ".remote", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)init);

	if (fd < 0 || write(fd, text, (size_t)n) != n)
		_exit(94);
	(void)close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 4 || fcntl(ROOT_FD, F_GETFD) < 0 || fcntl(ROOT_FD + 1, F_GETFD) >= 0 || getsid(0) != getpid())
		return 95;
	remote = strncmp(argv[1], "remote-", 7) == 0;
	behaviour = argv[1] + (remote ? 7 : 0);
	park = strstr(argv[2], "park");
	tty = strstr(argv[2], "tty");
	start_init(argv + 3);
	let_go_of_stdio();
	misbehave_early();
	if ((park && !is("impatient")) || is("unasked-park")) {
		say_process(EXD_WORKER_PARKED, remote ? 0 : init, remote ? -1 : init_pidfd);
		if (next_order(-1) != EXD_WORKER_GO)
			undo();
	}
	if (is("changeling"))
		start_init(argv + 3);
	if (remote)
		note_remote();
	if (!is("gated"))
		open_gate();
	if (is("late-ready"))
		await_end();
	say_process(EXD_WORKER_READY, remote ? 0 : init, remote ? -1 : init_pidfd);
	misbehave_late();
	say_end(wait_for_end());
	return 7;
}
