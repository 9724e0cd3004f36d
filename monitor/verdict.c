/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sent the SIGKILL: the kernel's OOM killer, by its log or by its counter, or somebody else. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <execdriver/execdriver.h>

#include "base/fdio.h"
#include "base/procstat.h"
#include "monitor/task.h"

/*
 * Without the kernel's log: how long before the SIGKILL the counter may have moved to be its cause.
 */
#define BLAME_NS (100u * MS_NS)

#define FLAG_EXITING 0x4u
#define FLAG_SIGNALED 0x400u

/* A SIGKILL that nobody has told it of yet. */
static bool kill_pending(int32_t pid)
{
	static const char *const fields[] = {"\nSigPnd:", "\nShdPnd:"};
	char path[32], text[4096];

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (read_file_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *p = strstr(text, fields[i]);

		if (p && strtoull(p + strlen(fields[i]), NULL, 16) & 1ull << (SIGKILL - 1))
			return true;
	}
	return false;
}

static bool on_its_way_out(int32_t pid)
{
	uint64_t flags;

	return proc_flags(pid, &flags) == 0 && flags & (FLAG_EXITING | FLAG_SIGNALED);
}

/* In this order: it cannot slip through between the two. */
static bool is_dying(int32_t pid)
{
	return kill_pending(pid) || on_its_way_out(pid);
}

/* What moves it well after the death was somebody else's. */
void oom_moved_now(struct oom *o)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (!o->died_ns || now <= o->died_ns + OOM_SETTLE_NS)
		o->moved_ns = now;
}

/*
 * The kernel counts, and sends the signal with the next breath; but what is big, or waits for
 * others in its pid namespace, takes its time to die of it.
 */
void oom_suspect(struct oom *o)
{
	const struct task *t = o->task;

	if (o->struck || o->died_ns || !o->moved_ns || t->killed || t->state > TASK_RUNNING ||
	    clock_ns(CLOCK_MONOTONIC) > o->moved_ns + BLAME_NS)
		return;
	o->struck = is_dying(t->pid) || (t->program && is_dying(t->program));
}

static bool by_sigkill(const struct task *t)
{
	return WIFSIGNALED(t->exit.status) && WTERMSIG(t->exit.status) == SIGKILL;
}

static bool counter_says_so(const struct oom *o)
{
	return o->struck || (o->moved_ns && o->moved_ns + BLAME_NS >= o->died_ns);
}

void oom_died(struct monitor *m, struct task *t)
{
	struct oom *o = t->oom;

	if (!o)
		return;
	o->died_ns = clock_ns(CLOCK_MONOTONIC);
	oom_look(m, o);
	/*
	 * The kernel counts a kill before it sends the signal, and logs it after: the victim can be
	 * reaped before its name is in the log.
	 */
	if (by_sigkill(t) && (!t->killed || counter_says_so(o)))
		o->until_ns = o->died_ns + OOM_SETTLE_NS;
}

static void judge(const struct monitor *m, struct task *t)
{
	const struct oom *o = t->oom;

	if (!by_sigkill(t))
		return;
	if (o->named)
		t->exit.oom_evidence = EXD_OOM_EVIDENCE_KMSG;
	else if (!kmsg_knows(m, t) && !t->killed && counter_says_so(o))
		t->exit.oom_evidence = EXD_OOM_EVIDENCE_COUNTER;
	t->exit.oom_killed = t->exit.oom_evidence != EXD_OOM_EVIDENCE_NONE;
}

/* Who was not killed, or only by us, and of whom no notification is fresh, waits for nothing. */
bool oom_settle(struct monitor *m, struct task *t)
{
	struct oom *o = t->oom;
	uint64_t now;

	if (!o)
		return true;
	now = clock_ns(CLOCK_MONOTONIC);
	if (by_sigkill(t) || now < o->until_ns)
		kmsg_drain(m);
	oom_look(m, o);
	if (now < o->until_ns && !(o->named && o->kills))
		return false;
	judge(m, t);
	return true;
}
