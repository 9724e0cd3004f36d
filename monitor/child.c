/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks the child's steps up to execve, and says which one failed. */
#include "monitor/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "monitor/sys.h"

#define EXIT_FAILED 125

bool child_report(const struct child *c, struct wire_report *r, int fd)
{
	struct iovec iov = {.iov_base = r, .iov_len = sizeof(*r)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int flags = MSG_NOSIGNAL | (r->type == WIRE_REPORT_WARNING ? MSG_DONTWAIT : 0);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};

	if (fd >= 0) {
		struct cmsghdr *h = (struct cmsghdr *)(void *)control;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	/* Thousands of warnings may fill the socket before anybody reads: those beyond are lost. */
	return sendmsg(c->report, &msg, flags) >= 0;
}

int child_fill(struct child *c, const struct wire_step *s, int i, int fd)
{
	int *slot = &c->slots[s->slot[i]];

	if (fd < 0)
		return fd;
	if (*slot >= 0)
		(void)close(*slot);
	*slot = fd;
	return 0;
}

static void set_object(struct wire_failure *f, const char *text)
{
	size_t n = 0;

	for (; text && text[n] && n < sizeof(f->object) - 1; n++)
		f->object[n] = text[n];
	f->object[n] = '\0';
}

static bool names_object(const struct wire_step *s)
{
	return s->op != WIRE_GROUPS && s->op != WIRE_SECCOMP && s->op != WIRE_SECCOMP_NOTIFY;
}

static void describe(const struct child *c, int index, int error, struct wire_report *r)
{
	const struct wire_step *s = &c->launch->steps[index];

	memset(r, 0, sizeof(*r));
	r->failure.code = c->code ? c->code : s->code;
	r->failure.sys_errno = error;
	r->failure.stage = s->op == WIRE_EXEC ? EXD_STAGE_EXEC : EXD_STAGE_CHILD;
	r->failure.step = index;
	r->failure.op = s->op;
	set_object(&r->failure, c->object         ? c->object
				: names_object(s) ? child_text(c, s, 0)
						  : NULL);
}

/* By group, so that each file has a table of its own. */
static int do_step(struct child *c, const struct wire_step *s)
{
	c->object = NULL;
	c->code = 0;
	if (s->op == WIRE_EXEC)
		return child_exec(c, s);
	if (s->op == WIRE_WORKER)
		return child_worker(c, s);
	if (s->op == WIRE_LEND)
		return child_slot(c, s, 0) < 0 ? -EBADF : 0;
	if (s->op == WIRE_INIT)
		return child_init(c);
	if (s->op == WIRE_TTY_OPEN || s->op == WIRE_CTTY || s->op == WIRE_STDIO)
		return child_tty(c, s);
	if (s->op >= WIRE_SCHEDULER && s->op <= WIRE_PERSONALITY)
		return child_scheduling(c, s);
	if (s->op == WIRE_SECCOMP_NOTIFY)
		return child_listener(c, s);
	if (s->op == WIRE_LANDLOCK)
		return child_landlock(c, s);
	if (s->op == WIRE_COPYUP)
		return child_copyup(c, s);
	if (s->op == WIRE_LAYER)
		return child_slot(c, s, 0) < 0 ? -EBADF : 0;
	if (s->op == WIRE_OVERLAY)
		return child_overlay(c, s);
	if (s->op == WIRE_NO_PIVOT)
		return child_no_pivot(c, s);
	if (s->op == WIRE_TIME)
		return child_time(c, s);
	if (s->op >= WIRE_USERNS && s->op <= WIRE_IDMAP)
		return child_userns(c, s);
	if (s->op < WIRE_PROPAGATION)
		return child_processes(c, s);
	if (s->op >= WIRE_RLIMIT)
		return child_identity(c, s);
	if (s->op >= WIRE_MKDIR && s->op <= WIRE_MKFILE)
		return child_files(c, s);
	return child_mounts(c, s);
}

/* The monitor is not to be reached from in here, nor its signal set-up to be inherited. */
static void settle_in(const struct newborn *n)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};

	for (size_t i = 0; i < sizeof(n->keep_closed) / sizeof(n->keep_closed[0]); i++)
		if (n->keep_closed[i] >= 0)
			(void)close(n->keep_closed[i]);
	(void)sigaction(SIGPIPE, &dfl, NULL);
	/* Modes are those of the plan. */
	(void)umask(0);
}

void child_note_pid(const struct newborn *n, int i)
{
	if (n->launch->log_pids)
		n->launch->log_pids[i] = logpid_ask(n->asker);
}

bool child_walk(struct child *c, int from, int to)
{
	int first = c->launch->plan->phase_steps[WIRE_PREPARE];

	for (int i = first + from; i < first + to; i++) {
		const struct wire_step *s = &c->launch->steps[i];
		struct wire_report r;
		int e = do_step(c, s);

		if (e >= 0 || (e == -ENOENT && s->flags & WIRE_SKIP_MISSING))
			continue;
		describe(c, i, -e, &r);
		r.type = s->flags & WIRE_OPTIONAL ? WIRE_REPORT_WARNING : WIRE_REPORT_FAILURE;
		(void)child_report(c, &r, -1);
		if (r.type == WIRE_REPORT_FAILURE)
			return false;
	}
	return true;
}

void child_main(const struct newborn *n)
{
	struct child c = {
		.born = n,
		.launch = n->launch,
		.slots = n->launch->slots,
		.report = n->report,
		.empty_dir = -1,
		.proc = -1,
		.sys = -1,
	};
	const struct wire_plan *p = n->launch->plan;

	settle_in(n);
	child_note_pid(n, 0);
	if (!n->box)
		child_walk(&c, 0, p->phase_steps[WIRE_CHILD]);
	else if (child_walk(&c, 0, p->cut))
		child_box(&c, p->cut);
	_exit(EXIT_FAILED);
}
