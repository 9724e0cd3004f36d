/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small init: pid 1 above the program, for programs that are no init themselves. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/child.h"
#include "monitor/sys.h"

/*
 * Only the line to the monitor stays: an init that holds stdio open would hide the program's end.
 */
static void close_all_but(int fd)
{
	if (fd > 0)
		(void)sys_close_range(0, (unsigned int)fd - 1, 0);
	(void)sys_close_range((unsigned int)fd + 1, ~0U, 0);
}

static void tell(int line, int status)
{
	struct wire_report r = {.type = WIRE_REPORT_INIT_EXIT, .status = status};

	(void)send(line, &r, sizeof(r), MSG_NOSIGNAL);
}

/* Orphans of the whole container end here; the program's end is ours. */
static void reap(int line, pid_t program)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != program || !(WIFEXITED(status) || WIFSIGNALED(status)))
			continue;
		tell(line, status);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
}

/* The kernel sends a terminal's signals to the program as well: those are not passed on. */
static void __attribute__((noreturn)) init_main(int line, pid_t program, const sigset_t *all)
{
	close_all_but(line);
	(void)prctl(PR_SET_NAME, "execdriver-init");
	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(all, &info);

		if (sig == SIGCHLD)
			reap(line, program);
		else if (sig > 0 && info.si_code != SI_KERNEL)
			(void)kill(program, sig);
	}
}

int child_init(struct child *c)
{
	sigset_t all, none;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	/*
	 * Before the fork: a signal that comes between would be lost on a pid 1 without handlers.
	 */
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	/* Without a pid namespace of its own orphans would go to the host's init. */
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* Not clone3, which seccomp filters refuse, and one is in force by now. */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return -errno;
	if (pid > 0)
		init_main(c->born->init, pid, &all);
	(void)close(c->born->init);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0)
		child_note_pid(c->born, 1);
	return 0;
}
