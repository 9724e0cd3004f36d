/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's log: whom the OOM killer took. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cgroupwalk.h"
#include "monitor/task.h"

/*
 * Those of OOM kills are far shorter. The kernel goes past one that does not fit and says EINVAL;
 * should one not, it must not be asked for ever.
 */
#define RECORD_MAX 2048
#define LONG_RECORDS_MAX 64
#define KILLED "Killed process "

/* A child that has not begun its program yet may still be about to write down its pids. */
static int32_t log_pid(const struct monitor *m, const struct task *t, int i)
{
	if (m->asker < 0)
		return i == 0 ? t->pid : t->program;
	/* Only the worker could ask, and it is not what may be killed. */
	if (t->worker)
		return 0;
	return t->launch && t->launch->log_pids ? t->launch->log_pids[i] : t->log_pids[i];
}

bool kmsg_knows(const struct monitor *m, const struct task *t)
{
	return m->kmsg.fd >= 0 && !t->oom->log_gap && log_pid(m, t, 0) &&
	       (!t->program || log_pid(m, t, 1));
}

static void on_victim(struct monitor *m, long pid)
{
	for (struct task *t = m->tasks; t; t = t->next) {
		struct oom *o = t->oom;

		if (!o)
			continue;
		if (pid > 0 && (log_pid(m, t, 0) == pid || log_pid(m, t, 1) == pid))
			o->named = true;
		/* A kill by the limit of a nested v1 cgroup notifies nobody above it. */
		if (o->version == 1 && !o->died_ns && cgroup_has_children(o->dir))
			oom_hint(m, o);
	}
}

/*
 * "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT". What user space writes there has a facility above the lowest
 * three bits.
 */
static void on_record(struct monitor *m, char *record)
{
	char *text = strchr(record, ';');
	const char *killed;

	if (!text || strtoul(record, NULL, 10) > 7)
		return;
	text[1 + strcspn(text + 1, "\n")] = '\0';
	killed = strstr(text, KILLED);
	if (killed)
		on_victim(m, strtol(killed + strlen(KILLED), NULL, 10));
}

static void on_gap(struct monitor *m)
{
	for (struct task *t = m->tasks; t; t = t->next)
		if (t->oom)
			t->oom->log_gap = true;
}

void kmsg_drain(struct monitor *m)
{
	char record[RECORD_MAX];
	int too_long = 0;

	while (m->kmsg.fd >= 0) {
		ssize_t n = read(m->kmsg.fd, record, sizeof(record) - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			on_gap(m);
			continue;
		}
		if (n < 0 && errno == EINVAL && too_long++ < LONG_RECORDS_MAX)
			continue;
		if (n <= 0)
			return;
		record[n] = '\0';
		on_record(m, record);
	}
}

static void kmsg_ready(struct monitor *m, struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	kmsg_drain(m);
}

/* Where the log is not for everybody, there may be something else of that name. */
static bool is_log(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 11) &&
	       lseek(fd, 0, SEEK_END) >= 0;
}

/* Pids in the log are those of the first pid namespace. */
static bool can_read_pids(struct monitor *m)
{
	if (logpid_is_ours())
		return true;
	m->asker = logpid_open();
	return m->asker >= 0;
}

void kmsg_open(struct monitor *m, int version)
{
	if (!m->kmsg_tried) {
		m->kmsg_tried = true;
		m->kmsg.fn = kmsg_ready;
		m->kmsg.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (m->kmsg.fd >= 0 && (!is_log(m->kmsg.fd) || !can_read_pids(m)))
			close_fd(&m->kmsg.fd);
	}
	/* Of v1's nested cgroups only the log tells in time; v2 counts its whole subtree. */
	if (version == 1 && m->kmsg.fd >= 0 && !m->kmsg_watched)
		m->kmsg_watched = watch_add(m, &m->kmsg, EPOLLIN) == 0;
}
