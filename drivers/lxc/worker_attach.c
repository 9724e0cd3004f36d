/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A further process of a running container: liblxc brings it into its namespaces. */
#include <errno.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "drivers/lxc/worker.h"

struct attaching {
	struct worker *w;
	struct words words;
};

/* Runs in the process that liblxc has put there. */
static int begin(void *payload)
{
	struct attaching *a = payload;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setsid();
	words_walk(&a->words);
	_exit(127);
}

static bool make_room(struct attaching *a)
{
	struct words *w = &a->words;
	size_t lines = 1;

	for (const char *l = words_next(w->recipe, w->size, NULL); l;
	     l = words_next(w->recipe, w->size, l))
		lines++;
	w->argv = calloc(lines, sizeof(*w->argv));
	w->envp = calloc(lines, sizeof(*w->envp));
	return w->argv && w->envp;
}

static bool attach(struct attaching *a, struct lxc_container *container)
{
	lxc_attach_options_t options = LXC_ATTACH_OPTIONS_DEFAULT;
	struct worker *w = a->w;

	/* rights, label, cgroups and all else are steps of its own */
	options.attach_flags = 0;
	/* those that were joined too: left to itself it takes those that the container made */
	options.namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
			     CLONE_NEWNET | CLONE_NEWCGROUP |
			     (w->user_namespace ? CLONE_NEWUSER : 0);
	options.env_policy = LXC_ATTACH_CLEAR_ENV;
	if (container->attach(container, begin, a, &options, &w->pid) < 0)
		return false;
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	return w->pidfd >= 0;
}

/* Until the process has ended. What it has left to say comes first. */
static void supervise(struct worker *w)
{
	int status = 0;

	for (;;) {
		struct pollfd p[] = {{.fd = w->monitor, .events = POLLIN},
				     {.fd = w->line, .events = POLLIN},
				     {.fd = w->pidfd, .events = POLLIN}};

		if (poll(p, 3, -1) < 0)
			continue;
		worker_read_line(w);
		if (p[0].revents && !worker_read_order(w)) {
			(void)close(w->monitor);
			w->monitor = -1;
			if (!w->ready)
				(void)kill(w->pid, SIGKILL);
		}
		if (p[2].revents)
			break;
	}
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	worker_read_line(w);
	if (w->ready)
		worker_exit(w, (uint32_t)status);
	else if (w->failure.kind)
		worker_explain(w, "the process died before its program began");
	else
		worker_failed(w, EXD_ERR_ABORTED, 0,
			      "the process was killed before its program began");
}

int worker_attach(struct worker *w)
{
	struct attaching a = {.w = w, .words = {.recipe = w->recipe, .size = w->size, .tty = -1}};
	struct lxc_container *container = worker_container(w);
	int lines[2];

	if (!container)
		return EXIT_FAILURE;
	if (!make_room(&a) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines) < 0) {
		worker_failed(w, EXD_ERR_SYSTEM, errno, "cannot make its socket");
		return EXIT_FAILURE;
	}
	w->line = lines[0];
	a.words.line = lines[1];
	if (!attach(&a, container)) {
		worker_explain(w, "cannot attach to the container");
		return EXIT_FAILURE;
	}
	(void)close(lines[1]);
	worker_let_go();
	supervise(w);
	return EXIT_SUCCESS;
}
