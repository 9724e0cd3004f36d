/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last child step: becoming the program, or the worker that starts it. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/worker.h>

#include "monitor/sys.h"

#define DEFAULT_UMASK 022

/*
 * What the monitor changed for itself is put back as late as it can be: soft limits would stop
 * later steps.
 */
static int restore(struct child *c)
{
	if (!c->umask_set)
		(void)umask(DEFAULT_UMASK);
	if (c->nofile_set || setrlimit(RLIMIT_NOFILE, &c->born->nofile) == 0)
		return 0;
	c->object = "limit of open files";
	c->code = EXD_ERR_RLIMIT;
	return -errno;
}

/*
 * The program gets 0, 1 and 2. The others end here and not at execve, for that would find
 * /proc/self/fd/N/../.. still leading to the host, as a path of the program or of its interpreter.
 */
static void close_descriptors(const struct child *c)
{
	unsigned int report = (unsigned int)c->report;

	if (report > 3)
		(void)sys_close_range(3, report - 1, 0);
	(void)sys_close_range(report + 1, ~0U, 0);
}

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0 || errno == EACCES;
}

/* ENOENT of a file that is there: its interpreter is not. */
static int fail(struct child *c, const char *candidate, int error, bool there)
{
	c->object = candidate;
	c->code = error == ENOENT && !there ? EXD_ERR_EXEC_NOT_FOUND : EXD_ERR_EXEC;
	return -error;
}

int child_exec(struct child *c, const struct wire_step *s)
{
	const struct launch *l = c->launch;
	struct wire_report r = {.type = WIRE_REPORT_EXECUTING};
	const char *path = l->data + s->str[0].offset;
	const char *end = path + s->str[0].size;
	const char *refused = NULL;
	bool searched = !s->num[2];
	int e = restore(c);

	if (e < 0)
		return e;
	close_descriptors(c);
	/* Nothing may run that nobody supervises. */
	if (!child_report(c, &r, -1))
		return -ECANCELED;
	for (; path < end; path += strlen(path) + 1) {
		(void)execve(path, l->argv, l->envp);
		if (errno == ENOENT && exists(path))
			return fail(c, path, ENOENT, true);
		/*
		 * As execvp: go on, but one that is there and may not be run is the better answer.
		 */
		if (errno == EACCES && searched)
			refused = refused ? refused : path;
		else if ((errno != ENOENT && errno != ENOTDIR) || !searched)
			return fail(c, path, errno, false);
	}
	if (refused)
		return fail(c, refused, EACCES, true);
	return fail(c, l->argv[0], ENOENT, false);
}

/*
 * The line of a worker and what it is lent, at the numbers it was told, and nothing else. All of
 * them are first copied above those, where none is in the way of another.
 */
static int place_lent(struct child *c)
{
	const struct wire_plan *p = c->launch->plan;
	const struct wire_step *s = c->launch->steps + p->phase_steps[WIRE_PREPARE];
	int fds[WIRE_SLOTS_MAX + 1], count = 0, above, report;

	fds[count++] = c->born->worker;
	for (unsigned int i = 0; i < p->phase_steps[WIRE_CHILD]; i++)
		if (s[i].op == WIRE_LEND)
			fds[count++] = child_slot(c, &s[i], 0);
	above = EXD_WORKER_FD + count;
	report = fcntl(c->report, F_DUPFD_CLOEXEC, above);
	if (report < 0)
		return -errno;
	c->report = report;
	for (int i = 0; i < count; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, above);
		if (fds[i] < 0)
			return -errno;
	}
	for (int i = 0; i < count; i++)
		if (dup2(fds[i], EXD_WORKER_FD + i) < 0)
			return -errno;
	if (c->report > above)
		(void)sys_close_range((unsigned int)above, (unsigned int)c->report - 1, 0);
	(void)sys_close_range((unsigned int)c->report + 1, ~0U, 0);
	return 0;
}

int child_worker(struct child *c, const struct wire_step *s)
{
	const struct launch *l = c->launch;
	struct wire_report r = {.type = WIRE_REPORT_EXECUTING};
	int e = place_lent(c);

	if (!e)
		e = restore(c);
	if (e < 0)
		return e;
	/* Nothing may run that nobody supervises. */
	if (!child_report(c, &r, -1))
		return -ECANCELED;
	(void)execve(l->data + s->str[0].offset, l->argv, l->envp);
	return -errno;
}
