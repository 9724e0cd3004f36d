/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the last steps of a process are told, by its recipe, and what they tell its worker. Read by
 * the worker and by the static program that is pid 1 until the container's own program begins.
 */
#ifndef EXECDRIVER_LXC_WORDS_H
#define EXECDRIVER_LXC_WORDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A recipe is a sequence of NUL-terminated lines, WORD or WORD ARGUMENT, done in order. Those for
 * the worker: name and path (liblxc's), init (the program to begin with), set KEY=VALUE, attach (for
 * an exec). All others are steps; "exec" is the last.
 */

enum words_kind {
	WORDS_TTY = 1,    /* the master of the terminal comes with it */
	WORDS_PARKED = 2, /* waits for one byte */
	WORDS_GOING = 3,  /* what follows is the program: the end of the line, or FAILED */
	WORDS_FAILED = 4, /* code, error_num, text */
	WORDS_STATUS = 5, /* of the program below a small init */
	WORDS_LINE = 6,   /* the line of the program below it comes with it */
};

/* On a SOCK_SEQPACKET line of the process's own, which closes when it becomes the program. */
struct words_message {
	uint32_t kind;
	uint32_t code;
	int32_t error_num;
	uint32_t status; /* STATUS: raw; FAILED: which line of the recipe */
	char text[480];
};

struct words {
	const char *recipe;
	size_t size;
	int line; /* to the worker */
	int tty;  /* the slave, when there is one, else -1 */
	const char **argv;
	const char **envp;
	size_t argc, envc;
	const char *now; /* the line that is being done */
	const char *object;
	const char *phrase; /* what it does, for people */
	uint32_t step;
	uint32_t code; /* what a failure of it is */
};

/* The next line after `line`, the first for NULL, or NULL behind the last. */
const char *words_next(const char *recipe, size_t size, const char *line);
/* The argument of a line when it begins with this word, or NULL. */
const char *words_is(const char *line, const char *word);

/* Does all steps. Returns only when one failed, after saying so on the line. */
void words_walk(struct words *w);
/* Sends one message, with a descriptor unless fd is -1. 0 or a negative errno value. */
int words_tell(int line, const struct words_message *message, int fd);
void words_fail(struct words *w, int error);

/* Steps by file. They return 0 or a negative errno value, and set `object` where it helps. */
int words_cgroup(struct words *w, const char *arg);
int words_cgroup_namespace(struct words *w, const char *arg);
int words_mknod(struct words *w, const char *arg);
int words_symlink(struct words *w, const char *arg);
int words_mask(struct words *w, const char *arg);
int words_readonly(struct words *w, const char *arg);
int words_attr(struct words *w, const char *arg);
int words_tty(struct words *w, const char *arg);
int words_console(struct words *w, const char *arg);
int words_terminal(struct words *w, const char *arg);
int words_keyring(struct words *w, const char *arg);
int words_rlimit(struct words *w, const char *arg);
int words_umask(struct words *w, const char *arg);
int words_bounding(struct words *w, const char *arg);
int words_groups(struct words *w, const char *arg);
int words_no_new_privs(struct words *w, const char *arg);
int words_seccomp(struct words *w, const char *arg);
int words_ids(struct words *w, const char *arg);
int words_caps(struct words *w, const char *arg);
int words_chdir(struct words *w, const char *arg);
int words_label(struct words *w, const char *arg);
int words_score(struct words *w, const char *arg);
int words_small_init(struct words *w, const char *arg);
int words_exec(struct words *w, const char *arg);

#endif
