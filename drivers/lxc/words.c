/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks a recipe: the last steps of a process, from its namespaces to its program. */
#include "drivers/lxc/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <execdriver/error.h>

const char *words_next(const char *recipe, size_t size, const char *line)
{
	const char *next = line ? line + strlen(line) + 1 : recipe;

	return next < recipe + size ? next : NULL;
}

const char *words_is(const char *line, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0)
		return NULL;
	if (line[n] == ' ')
		return line + n + 1;
	return line[n] == '\0' ? line + n : NULL;
}

int words_tell(int line, const struct words_message *message, int fd)
{
	struct iovec iov = {.iov_base = (void *)message, .iov_len = sizeof(*message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} room = {{0}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = room.bytes;
		msg.msg_controllen = sizeof(room.bytes);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(line, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void words_fail(struct words *w, int error)
{
	struct words_message m = {.kind = WORDS_FAILED,
				  .code = w->code,
				  .error_num = error < 0 ? -error : error};
	bool exec = w->code == EXD_ERR_EXEC || w->code == EXD_ERR_EXEC_NOT_FOUND;
	const char *object = w->object ? w->object : w->now;

	m.status = w->step;
	if (exec)
		(void)snprintf(m.text, sizeof(m.text), "cannot execute '%s'", object);
	else
		(void)snprintf(m.text, sizeof(m.text), "step %u: %s %s", w->step, w->phrase,
			       object);
	(void)words_tell(w->line, &m, -1);
}

/* The worker answers one byte, or goes: then nobody wants the program any more. */
static int park(struct words *w, const char *arg)
{
	struct words_message m = {.kind = WORDS_PARKED};
	char go;
	int r = words_tell(w->line, &m, -1);
	ssize_t n;

	(void)arg;
	if (r < 0)
		return r;
	do {
		n = recv(w->line, &go, 1, 0);
	} while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : -ECANCELED;
}

static int add_arg(struct words *w, const char *arg)
{
	w->argv[w->argc++] = arg;
	return 0;
}

static int add_env(struct words *w, const char *arg)
{
	w->envp[w->envc++] = arg;
	return 0;
}

static const struct step {
	const char *word;
	int (*run)(struct words *w, const char *arg);
	enum exd_code code;
	const char *phrase;
} steps[] = {
	{"cgroup", words_cgroup, EXD_ERR_CGROUP, "join"},
	{"cgroup-namespace", words_cgroup_namespace, EXD_ERR_NAMESPACE, "make a"},
	{"mknod", words_mknod, EXD_ERR_DEVICE, "make device"},
	{"symlink", words_symlink, EXD_ERR_DEVICE, "make symbolic link"},
	{"mask", words_mask, EXD_ERR_MOUNT, "mask"},
	{"readonly", words_readonly, EXD_ERR_MOUNT, "make read-only:"},
	{"attr", words_attr, EXD_ERR_MOUNT, "set attributes of"},
	{"score", words_score, EXD_ERR_SYSTEM, "write"},
	{"park", park, EXD_ERR_ABORTED, "wait for"},
	{"tty", words_tty, EXD_ERR_TTY, "open the"},
	{"console", words_console, EXD_ERR_TTY, "mount"},
	{"terminal", words_terminal, EXD_ERR_TTY, "set the"},
	{"keyring", words_keyring, EXD_ERR_SYSTEM, "make"},
	{"rlimit", words_rlimit, EXD_ERR_RLIMIT, "set limit"},
	{"umask", words_umask, EXD_ERR_SYSTEM, "set"},
	{"bounding", words_bounding, EXD_ERR_CAPABILITY, "limit"},
	{"groups", words_groups, EXD_ERR_USER, "set"},
	{"no-new-privs", words_no_new_privs, EXD_ERR_CAPABILITY, "set"},
	{"seccomp", words_seccomp, EXD_ERR_SECCOMP, "load the"},
	{"ids", words_ids, EXD_ERR_USER, "set"},
	{"caps", words_caps, EXD_ERR_CAPABILITY, "set"},
	{"chdir", words_chdir, EXD_ERR_CWD, "change to directory"},
	{"label", words_label, EXD_ERR_HOST, "set label"},
	{"small-init", words_small_init, EXD_ERR_SYSTEM, "make"},
	{"arg", add_arg, EXD_ERR_EXEC, "take"},
	{"env", add_env, EXD_ERR_EXEC, "take"},
	{"exec", words_exec, EXD_ERR_EXEC, "execute"},
};

static int do_line(struct words *w, const char *line)
{
	w->step++;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const char *arg = words_is(line, steps[i].word);

		if (!arg)
			continue;
		w->now = line;
		w->object = NULL;
		w->code = steps[i].code;
		w->phrase = steps[i].phrase;
		return steps[i].run(w, arg);
	}
	return 0;
}

void words_walk(struct words *w)
{
	const char *line = NULL;
	int r = 0;

	while (r == 0 && (line = words_next(w->recipe, w->size, line)))
		r = do_line(w, line);
	words_fail(w, r < 0 ? r : -EINVAL);
}
