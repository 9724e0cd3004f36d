/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A case runs in a child of a child. The one between is its subreaper: whatever the case starts,
 * and whatever that leaves, comes back to it, to be found and ended.
 */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"

#define LEFT_MS 10000  /* for what ends by itself: monitors, services of drivers */
#define GRACE_MS 2000  /* the same where nobody asks what is left */
#define SWEEP_MS 10000 /* for what was killed */
#define JANITOR_MS 20000

struct supervisor {
	struct kit *kit;
	const struct kit_case *one;
	struct kit_mounts *mounts;
	sigset_t mask; /* as it was */
	int signals;
	pid_t child; /* the case; 0: reaped */
	int status;
	bool swept; /* something had to be killed */
};

static void accuse(struct kit *kit, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void accuse(struct kit *kit, const char *format, ...)
{
	va_list args;

	if (kit->verdict->failed)
		return;
	kit->verdict->failed = true;
	va_start(args, format);
	(void)vsnprintf(kit->verdict->text, sizeof(kit->verdict->text), format, args);
	va_end(args);
}

/* Reaps what has ended; false when no child is left. */
static bool reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (pid != s->child)
			continue;
		s->child = 0;
		s->status = status;
	}
	return pid == 0;
}

/* Sleeps until a child has ended, or the deadline has passed. */
static void rest(struct supervisor *s, int64_t deadline)
{
	struct pollfd p = {.fd = s->signals, .events = POLLIN};
	struct signalfd_siginfo info;

	if (poll(&p, 1, clock_left_ms(deadline)) > 0)
		(void)!read(s->signals, &info, sizeof(info));
}

/* ---- the case -------------------------------------------------------------------------------- */

static void run_case(struct supervisor *s)
{
	struct kit *kit = s->kit;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(s->signals);
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
	/* A program that does not read is a verdict, and no end of its host. */
	(void)signal(SIGPIPE, SIG_IGN);
	kit->engine = kit_engine(kit, kit->options->config);
	s->one->run(kit);
	exd_engine_close(kit->engine);
	_exit(0);
}

static void await_case(struct supervisor *s)
{
	int64_t deadline = clock_ms() + s->kit->options->timeout_ms;

	while (reap(s) && s->child > 0 && clock_left_ms(deadline) > 0)
		rest(s, deadline);
	if (s->child > 0) {
		(void)kill(s->child, SIGKILL);
		accuse(s->kit, "it was not over after %u s: some call does not return",
		       s->kit->options->timeout_ms / 1000);
	} else if (WIFSIGNALED(s->status)) {
		accuse(s->kit, "the host was killed by signal %d", WTERMSIG(s->status));
	} else if (WEXITSTATUS(s->status) != 0) {
		accuse(s->kit, "the host ended with code %d", WEXITSTATUS(s->status));
	}
}

/* ---- what it leaves -------------------------------------------------------------------------- */

/* The first child, and all of them as text. */
static pid_t list_children(char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (read_file_at(AT_FDCWD, path, text, size) <= 0)
		return 0;
	return (pid_t)atoi(text);
}

static void name_process(pid_t pid, char *text, size_t size)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	n = read_file_at(AT_FDCWD, path, text, size);
	for (ssize_t i = 0; i + 1 < n; i++)
		if (!text[i] || text[i] == '\n')
			text[i] = ' ';
	if (n <= 0)
		(void)snprintf(text, size, "a process without arguments");
}

static void await_orphans(struct supervisor *s)
{
	bool asked = (s->one->left & KIT_LEFT_PROCESSES) && !s->kit->verdict->failed;
	int64_t deadline = clock_ms() + (asked ? LEFT_MS : GRACE_MS);
	char children[4096], name[256];
	pid_t pid;

	while (reap(s) && clock_left_ms(deadline) > 0)
		rest(s, deadline);
	if (!asked || !reap(s))
		return;
	pid = list_children(children, sizeof(children));
	name_process(pid, name, sizeof(name));
	accuse(s->kit, "a process is left: %d, %s", (int)pid, name);
}

/* As a host would: by the driver's own terminate and clean. In a child, since those may hang. */
static void run_janitor(struct supervisor *s)
{
	struct exd_engine *engine;
	struct exd_box *box = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
	engine = kit_engine(s->kit, s->kit->options->config);
	while (exd_box_next(engine, &box, NULL) > 0)
		(void)exd_delete(engine, exd_box_id(box), true, NULL);
	exd_engine_close(engine);
	_exit(0);
}

static void send_janitor(struct supervisor *s)
{
	int64_t deadline = clock_ms() + JANITOR_MS;

	if (kit_count_entries(s->kit->root) == 0)
		return;
	s->child = fork();
	if (s->child == 0)
		run_janitor(s);
	while (s->child > 0 && reap(s) && s->child > 0 && clock_left_ms(deadline) > 0)
		rest(s, deadline);
	if (s->child > 0)
		(void)kill(s->child, SIGKILL);
}

static void sweep(struct supervisor *s)
{
	int64_t deadline = clock_ms() + SWEEP_MS;
	char children[4096];

	while (reap(s) && clock_left_ms(deadline) > 0) {
		char *at = children, *end;
		long pid;

		s->swept = true;
		if (!list_children(children, sizeof(children)))
			break;
		while ((pid = strtol(at, &end, 10)) > 0 && end != at) {
			(void)kill((pid_t)pid, SIGKILL);
			at = end;
		}
		rest(s, clock_ms() + 100);
	}
}

static void judge_left(struct supervisor *s)
{
	char what[512];

	await_orphans(s);
	if (s->one->left && kit_find_left(s->kit, s->one->left, s->mounts, what, sizeof(what)))
		accuse(s->kit, "left behind: %s", what);
	send_janitor(s);
	sweep(s);
	kit_remove_left(s->kit, s->kit->verdict->failed || s->swept);
}

/* ---- the supervisor -------------------------------------------------------------------------- */

static bool make_root(struct kit *kit)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(kit->root, sizeof(kit->root), "%s/exd-conformance-XXXXXX",
		       base && base[0] == '/' && strlen(base) < 64 ? base : "/tmp");
	if (!mkdtemp(kit->root))
		return false;
	(void)snprintf(kit->token, sizeof(kit->token), "kit-%s", strrchr(kit->root, '-') + 1);
	return true;
}

/* Nothing of the caller's: only standard descriptors, the output of which is caught. */
static bool set_descriptors(struct kit *kit)
{
	int null;

	if (close_range(0, ~0U, 0) < 0)
		return false;
	null = open("/dev/null", O_RDWR);
	kit->captured = memfd_create("captured", 0);
	(void)dup2(kit->captured, STDERR_FILENO);
	kit->captured = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	kit->warnings_fd = memfd_create("warnings", MFD_CLOEXEC);
	return null == 0 && kit->captured >= 10 && kit->warnings_fd > 2;
}

/* Without the right to it (not root) the mounts of others come and go in between. */
static void leave_namespace(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static bool set_up(struct supervisor *s)
{
	sigset_t child;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_DFL);
	if (!set_descriptors(s->kit) || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return false;
	leave_namespace();
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &child, &s->mask) < 0 || !make_root(s->kit))
		return false;
	(void)sigdelset(&s->mask, SIGCHLD);
	s->mounts = kit_mounts_read();
	s->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->mounts && s->signals >= 0;
}

static void supervise(struct kit *kit, const struct kit_case *one)
{
	struct supervisor s = {.kit = kit, .one = one};

	if (!set_up(&s)) {
		accuse(kit, "the kit cannot set up a case: %s", strerror(errno));
		kit->verdict->done = true;
		_exit(1);
	}
	s.child = fork();
	if (s.child == 0)
		run_case(&s);
	if (s.child < 0)
		accuse(kit, "the kit cannot fork: %s", strerror(errno));
	else
		await_case(&s);
	judge_left(&s);
	kit->verdict->done = true;
	_exit(0);
}

void kit_supervise(struct kit *kit, const struct kit_case *one)
{
	pid_t pid = fork();

	if (pid == 0)
		supervise(kit, one);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (pid < 0 || !kit->verdict->done)
		accuse(kit, "the kit's own process %s", pid < 0 ? "could not be made" : "was killed");
}
