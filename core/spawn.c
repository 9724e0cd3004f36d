/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the monitor from inside a host that must not notice. */
#include "core/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/memfd.h"

/*
 * This sanitizer takes every clone for a fork, and would tidy up memory that these share with the
 * host.
 */
#ifdef __SANITIZE_THREAD__
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

#define STACK_SIZE 32768 /* for each of the two clones */
#define FIRST_FREE_FD 10 /* above those that the monitor expects */

/* What the clones share with the thread that waits for them. */
struct spawn {
	int fds[3]; /* become 3, 4, 5 */
	int program;
	char *stack; /* of both */
	pid_t pid;
	int error; /* errno of the step that failed */
};

/*
 * The clones run in the host's memory while the calling thread is suspended: nothing of libc beyond
 * system calls, and nothing that a sanitizer keeps books about.
 */
#define IN_CLONE __attribute__((no_sanitize("thread", "address", "undefined")))

static IN_CLONE int run_monitor(void *arg)
{
	struct spawn *s = arg;
	char *argv[] = {(char *)"execdriver-monitor", NULL};
	char *envp[] = {NULL};
	int moved[3];
	long r = syscall(SYS_fcntl, s->program, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int program = (int)r;

	for (int i = 0; i < 3 && r >= 0; i++) {
		r = syscall(SYS_fcntl, s->fds[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		moved[i] = (int)r;
	}
	for (int i = 0; i < 3 && r >= 0; i++)
		r = syscall(SYS_dup3, moved[i], 3 + i, 0);
	if (r >= 0)
		syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
	s->error = errno;
	syscall(SYS_exit_group, 1);
	__builtin_unreachable();
}

/* Its end makes the monitor a child of the system's reaper. */
static IN_CLONE int run_parent(void *arg)
{
	struct spawn *s = arg;

	s->pid = clone(run_monitor, s->stack + 2 * STACK_SIZE, CLONE_VM | CLONE_VFORK, s);
	if (s->pid < 0)
		s->error = errno;
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/*
 * A copy that nothing can write to, also not through /proc/PID/exe; the file itself where memfds
 * may not be executed.
 */
static int open_program(const char *path)
{
	cleanup_close int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int copy;

	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	copy = memfd_seal_copy("execdriver-monitor", file, true);
	return copy == -EACCES ? take_fd(&file) : copy;
}

/*
 * With exit signal 0 no SIGCHLD is sent and no wait(-1) of the host sees the clone; one with __WALL
 * may be first: ECHILD.
 */
static int clone_and_wait(struct spawn *s)
{
	sigset_t all, before;
	siginfo_t info;
	pid_t parent;
	int r = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	parent = clone(run_parent, s->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, s);
	if (parent < 0)
		r = -errno;
	else
		while (waitid(P_PID, (id_t)parent, &info, WEXITED | __WALL) < 0 && errno == EINTR)
			continue;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? r : -s->error;
}

int spawn_monitor(const char *path, int sock, int dir, int root, pid_t *pid, struct exd_error *err)
{
	struct spawn s = {.fds = {sock, dir, root}, .program = open_program(path)};
	int r;

	if (s.program < 0)
		return exd_error_set(err, EXD_ERR_MONITOR, -s.program,
				     "cannot open the monitor '%s'", path);
	s.stack = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	r = s.stack == MAP_FAILED ? -errno : clone_and_wait(&s);
	if (s.stack != MAP_FAILED)
		(void)munmap(s.stack, 2 * STACK_SIZE);
	(void)close(s.program);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_MONITOR, -r, "cannot start the monitor '%s'",
				     path);
	*pid = s.pid;
	return 0;
}
