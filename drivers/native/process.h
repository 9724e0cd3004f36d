/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last part of every plan: what the process is when its program begins. */
#ifndef EXECDRIVER_NATIVE_PROCESS_H
#define EXECDRIVER_NATIVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <execdriver/driver.h>

#include "drivers/native/user.h"

#define NATIVE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NATIVE_UMASK 022
#define NATIVE_TTY_GROUP 5

struct native_process {
	const struct exd_command *command;
	const struct native_user *user;
	uint64_t caps;
	bool seccomp;
	const char *profile; /* of the user's own, in its shortest form; NULL: the built-in one */
	const char *profile_name;
	char *profile_own;    /* freed with the process: profile may point there */
	const char *box_id;   /* of the container */
	pid_t box_pid;        /* of the container's init, for an exec; else 0 */
	const char *listener; /* who is told of system calls; NULL: the profile says */
	bool no_new_privs;
	bool init;
	bool keep_groups; /* of a user namespace in which nobody can change them */
	mode_t umask;
	const char *cwd;
	const char *hostname;    /* of the environment; NULL: none */
	const char *affinity;    /* of an exec: "INITIAL:FINAL"; or NULL */
	const char *personality; /* NULL: that of the host */
	const char *landlock;    /* rules, one a line; NULL: none */
	bool best_effort;
	const char *rlimits; /* of the container, for an exec: native_rlimits_text(); or NULL */
};

/* Of a process in a running container: its user, and what its record says it is like. */
int native_exec_user(struct exd_record *record, const struct exd_command *command,
		     struct native_user *user, struct exd_error *err);
int native_exec_process(struct exd_record *record, const struct exd_command *command,
			struct native_process *process, struct exd_error *err);

void native_process_release(struct native_process *process);

/* Adds rlimits, umask, groups, seccomp, ids, capabilities, cwd and the exec itself. */
int native_process_plan(const struct native_process *process, struct exd_plan *plan,
			struct exd_error *err);

/* scheduling.c: keys that contradict each other; and the steps, while the privileges are there. */
int native_scheduling_check(const struct exd_command *command, struct exd_error *err);
void native_scheduling_plan(const struct native_process *process, struct exd_plan *plan);
/* One half of "INITIAL:FINAL", or nothing where it is not there. */
void native_affinity_plan(const char *affinity, bool final, struct exd_plan *plan);

/* landlock.c: the rules of a command, one a line, to be freed (NULL: no memory); and the step. */
char *native_landlock_text(const struct exd_command *command);
int native_landlock_plan(const struct native_process *process, struct exd_plan *plan,
			 struct exd_error *err);

/* label.c: "apparmor PROFILE" or "selinux CONTEXT" for the record, "" for none. EXD_ERR_HOST. */
#define NATIVE_LABEL_SIZE 1024
int native_label_read(const struct exd_command *command, char *text, size_t size,
		      struct exd_error *err);
/* The step, through a procfs of the plan's own: in force from the program's execve on. */
void native_label_plan(const char *label, struct exd_plan *plan, int proc_slot);

/*
 * stdin, stdout and stderr from the plan's slots, or a pty below root_slot/devpts as controlling
 * terminal. Returns its slot, or -1.
 */
int native_stdio_plan(const struct exd_command *command, const struct native_user *user,
		      uint32_t tty_group, struct exd_plan *plan, int root_slot,
		      const char *devpts);
void native_stdio_finish(struct exd_plan *plan, int tty_slot);

/*
 * PATH, HOME, HOSTNAME, and TERM with a tty, unless the command says otherwise, then the command's
 * own. NULL-terminated, one allocation to be freed; the strings of the command are borrowed.
 */
char **native_environment(const struct exd_command *command, const char *home,
			  const char *hostname);

/* "7=1024:4096 ..." to be kept in the record; to be freed. NULL: no memory. */
char *native_rlimits_text(const struct exd_command *command);

#endif
