/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a container's state directory that the monitor writes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "monitor/task.h"

#define STAGED ".state.json.new"
#define RESERVED ".exit.json.new"
#define EXIT_SIZE 768

static const char *yes_no(bool value)
{
	return value ? "true" : "false";
}

/*
 * Written while the child sets itself up; all that is left for the moment of the start is a rename.
 */
static int stage(struct task *t)
{
	struct launch *l = t->launch;
	size_t size = l->state_size + 128;
	char *text = realloc(l->state, size), process[64] = "";
	int n, r;

	if (!text)
		return -ENOMEM;
	l->state = text;
	if (t->pid > 0)
		(void)snprintf(process, sizeof(process), ",\"pid\":%d,\"start_time\":%" PRIu64,
			       (int)t->pid, t->start_time);
	n = snprintf(text + l->state_size, size - l->state_size, ",\"status\":\"running\"%s}\n",
		     process);
	r = make_file_at(t->state_dir, STAGED, text, l->state_size + (size_t)n, 0600, false);
	free(l->state);
	l->state = NULL;
	l->state_staged = r == 0;
	return r;
}

/* The room for it is taken now: a disk that is full by then must not cost the exit's record. */
static int reserve_exit(const struct task *t)
{
	char blanks[EXIT_SIZE];

	if (t->flags & WIRE_LAUNCH_EPHEMERAL)
		return 0;
	memset(blanks, ' ', sizeof(blanks));
	return make_file_at(t->state_dir, RESERVED, blanks, sizeof(blanks), 0600, false);
}

/*
 * Should everybody be killed before there is a state.json, its lock file tells what to look for.
 * The closing brace comes when all that it names was made by this launch.
 */
void record_claim(const struct task *t, bool made)
{
	const struct launch *l = t->launch;

	if (t->lock < 0 || !l->state)
		return;
	if (made)
		(void)!pwrite(t->lock, "}", 1, (off_t)l->state_size);
	else
		(void)!pwrite(t->lock, l->state, l->state_size, 0);
}

void record_stage(struct monitor *m, struct task *t)
{
	int r;

	if (t->state_dir < 0 || !t->launch->state || t->flags & WIRE_LAUNCH_EXEC)
		return;
	r = stage(t);
	if (!r)
		r = reserve_exit(t);
	if (r < 0)
		task_abort(m, t, EXD_ERR_STATE, -r, "state.json");
}

int record_started(struct task *t)
{
	if (!t->launch->state_staged)
		return 0;
	return renameat(t->state_dir, STAGED, t->state_dir, "state.json") < 0 ? -errno : 0;
}

static int write_reserved(const struct task *t, const char *text, size_t size)
{
	cleanup_close int fd = openat(t->state_dir, RESERVED, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : write_all(fd, text, size);

	if (!r && (ftruncate(fd, (off_t)size) < 0 || fsync(fd) < 0 ||
		   renameat(t->state_dir, RESERVED, t->state_dir, "exit.json") < 0))
		r = -errno;
	return r < 0 ? r : sync_dir(t->state_dir);
}

int record_exit(struct task *t)
{
	const struct wire_exit *e = &t->exit;
	bool signalled = WIFSIGNALED(e->status);
	int code = signalled ? 128 + WTERMSIG(e->status) : WEXITSTATUS(e->status);
	char text[EXIT_SIZE];
	int n;

	if (t->state_dir < 0 || t->flags & WIRE_LAUNCH_EXEC)
		return 0;
	n = snprintf(text, sizeof(text),
		     "{\"exit_code\":%u,\"signal\":%d,\"core_dumped\":%s,\"oom_kills\":%" PRIu64
		     ",\"oom_killed\":%s,\"oom_evidence\":%d,\"stdio_held_open\":%s,\"lost\":%d"
		     ",\"started_ns\":%" PRIu64 ",\"finished_ns\":%" PRIu64 ",\"user_us\":%" PRIu64
		     ",\"system_us\":%" PRIu64 ",\"maxrss_kb\":%" PRIu64 "}\n",
		     e->coded ? e->code : (uint32_t)code,
		     signalled ? WTERMSIG(e->status) : 0, yes_no(signalled && WCOREDUMP(e->status)),
		     e->oom_kills, yes_no(e->oom_killed), e->oom_evidence,
		     yes_no(e->stdio_held_open), e->lost, e->started_ns, e->finished_ns, e->user_us,
		     e->system_us, e->maxrss_kb);
	/* One that goes with its container need not survive a power cut. */
	if (t->flags & WIRE_LAUNCH_EPHEMERAL)
		return replace_file_at(t->state_dir, "exit.json", text, (size_t)n, 0600, false);
	if (write_reserved(t, text, (size_t)n) == 0)
		return 0;
	return replace_file_at(t->state_dir, "exit.json", text, (size_t)n, 0600, true);
}

static void remove_files(const struct task *t, const char *const *names)
{
	for (; *names; names++)
		(void)unlinkat(t->state_dir, *names, 0);
}

/*
 * A start that came to nothing leaves nothing; nor does a container whose record was to go with it.
 */
void record_remove(struct task *t)
{
	static const char *const usual[] = {"state.json", "exit.json", "lock", NULL};
	static const char *const rare[] = {STAGED, RESERVED, "output", NULL};

	if (t->state_dir < 0 || t->flags & WIRE_LAUNCH_EXEC)
		return;
	if (!t->failed && !(t->flags & WIRE_LAUNCH_EPHEMERAL))
		return;
	/* Who is to remove the rest finds it through the record alone. */
	if (t->tail && t->tail->left)
		return;
	remove_files(t, usual);
	if (t->root_dir >= 0 && unlinkat(t->root_dir, t->id, AT_REMOVEDIR) == 0)
		return;
	remove_files(t, rare);
	if (t->root_dir >= 0)
		(void)unlinkat(t->root_dir, t->id, AT_REMOVEDIR);
}
