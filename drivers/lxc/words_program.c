/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps about the terminal, the small init, and becoming the program. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "drivers/lxc/words.h"
#include "monitor/sys.h"

#define DEVPTS_MAGIC 0x1cd1
#define PATH_SIZE 4096
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* A devpts that somebody put elsewhere, or something else in its place, gives no terminal. */
static int open_master(void)
{
	int dir = sys_openat2(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	struct statfs fs;
	int master;

	if (dir < 0)
		return dir;
	if (fstatfs(dir, &fs) < 0 || fs.f_type != DEVPTS_MAGIC)
		master = -ENODEV;
	else
		master = neg_errno(openat(dir, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
	(void)close(dir);
	return master;
}

/* ROWS COLUMNS UID GID */
int words_tty(struct words *w, const char *arg)
{
	struct words_message m = {.kind = WORDS_TTY};
	unsigned int rows, columns, uid, gid;
	struct winsize size;
	int master, unlock = 0, r;

	w->object = "terminal in /dev/pts";
	if (sscanf(arg, "%u %u %u %u", &rows, &columns, &uid, &gid) != 4)
		return -EINVAL;
	master = open_master();
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) == 0)
		w->tty = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	size = (struct winsize){.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	r = w->tty < 0 || (rows && ioctl(w->tty, TIOCSWINSZ, &size) < 0) ||
			    fchown(w->tty, uid, gid) < 0
		    ? -errno
		    : words_tell(w->line, &m, master);
	(void)close(master);
	return r;
}

/* A clone of the slave's own mount: no path in the container decides what the console is. */
int words_console(struct words *w, const char *arg)
{
	int tree, target, r;

	(void)arg;
	w->object = "/dev/console";
	target = open("/dev/console", O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (target < 0)
		return -errno;
	(void)close(target);
	target = open("/dev/console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return -errno;
	tree = sys_open_tree(w->tty, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	r = tree < 0 ? tree : sys_move_mount(tree, target);
	if (tree >= 0)
		(void)close(tree);
	(void)close(target);
	return r;
}

int words_terminal(struct words *w, const char *arg)
{
	(void)arg;
	w->object = "controlling terminal";
	for (int i = 0; i < 3; i++)
		if (dup2(w->tty, i) < 0)
			return -errno;
	return neg_errno(ioctl(0, TIOCSCTTY, 0));
}

static void close_all_but(int fd)
{
	(void)sys_close_range(0, (unsigned int)fd - 1, 0);
	(void)sys_close_range((unsigned int)fd + 1, ~0U, 0);
}

/* Orphans of the whole container end here; the program's end is ours. */
static void reap(int line, pid_t program)
{
	struct words_message m = {.kind = WORDS_STATUS};
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != program || !(WIFEXITED(status) || WIFSIGNALED(status)))
			continue;
		m.status = (uint32_t)status;
		(void)words_tell(line, &m, -1);
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

/* The program's own line, whose end says that it is the program by now: the old one stays open. */
static int new_line(struct words *w, int lines[2])
{
	struct words_message m = {.kind = WORDS_LINE};
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines) < 0)
		return -errno;
	r = words_tell(w->line, &m, lines[0]);
	(void)close(lines[0]);
	return r;
}

int words_small_init(struct words *w, const char *arg)
{
	sigset_t all, none;
	int lines[2], r;
	pid_t pid;

	(void)arg;
	r = new_line(w, lines);
	if (r < 0)
		return r;
	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	/* before the fork: a signal in between would be lost on a pid 1 without handlers */
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		init_main(w->line, pid, &all);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)close(w->line);
	w->line = lines[1];
	return 0;
}

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0 || errno == EACCES;
}

static const char *search_path(const struct words *w)
{
	for (size_t i = 0; i < w->envc; i++)
		if (strncmp(w->envp[i], "PATH=", 5) == 0)
			return w->envp[i] + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* ENOENT of a file that is there: its interpreter is not. */
static int refuse(struct words *w, const char *path, int error, bool there)
{
	w->object = path;
	w->code = error == ENOENT && !there ? EXD_ERR_EXEC_NOT_FOUND : EXD_ERR_EXEC;
	return -error;
}

/* As execvp: goes on, but one that is there and may not be run is the better answer. */
static int search(struct words *w)
{
	static char candidate[PATH_SIZE], refused[PATH_SIZE];
	const char *name = w->argv[0], *path = search_path(w);

	for (; *path; path += strcspn(path, ":"), path += *path == ':') {
		int n = snprintf(candidate, sizeof(candidate), "%.*s/%s",
				 (int)strcspn(path, ":"), path, name);

		if (n < 0 || (size_t)n >= sizeof(candidate))
			continue;
		(void)execve(candidate, (char *const *)w->argv, (char *const *)w->envp);
		if (errno == ENOENT && exists(candidate))
			return refuse(w, candidate, ENOENT, true);
		if (errno == EACCES && !*refused)
			memcpy(refused, candidate, (size_t)n + 1);
		else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return refuse(w, candidate, errno, false);
	}
	return *refused ? refuse(w, refused, EACCES, true) : refuse(w, name, ENOENT, false);
}

int words_exec(struct words *w, const char *arg)
{
	struct words_message m = {.kind = WORDS_GOING};
	unsigned int line = (unsigned int)w->line;
	int error;

	(void)arg;
	/* descriptors end here and not at execve, which would find paths through them */
	if (line > 3)
		(void)sys_close_range(3, line - 1, 0);
	(void)sys_close_range(line + 1, ~0U, 0);
	/* nothing may run that nobody supervises */
	if (words_tell(w->line, &m, -1) < 0)
		return -ECANCELED;
	if (!strchr(w->argv[0], '/'))
		return search(w);
	(void)execve(w->argv[0], (char *const *)w->argv, (char *const *)w->envp);
	error = errno;
	return refuse(w, w->argv[0], error, exists(w->argv[0]));
}
