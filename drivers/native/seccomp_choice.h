/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filter of system calls a process gets: the built-in one, none, or that of a profile. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_CHOICE_H
#define EXECDRIVER_NATIVE_SECCOMP_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

struct native_process;
struct sock_filter;

/* "default", "unconfined", an absolute path, or the JSON itself. */
bool native_seccomp_is_word(const char *value);
/*
 * *text becomes the profile in its shortest form, to be freed; NULL when the value is one of the two
 * words. EXD_ERR_SECCOMP.
 */
int native_seccomp_read(const char *value, char **text, struct exd_error *err);

/* What is loaded, and who is told of calls: to be released. */
struct native_filter {
	struct sock_filter *program;
	size_t count;
	uint32_t flags;
	bool notifies;
	char *listener; /* path of a socket, when it notifies */
	char *metadata; /* or NULL */
};

/*
 * The filter of a process with a filter. root_fd is the state directory, where compiled profiles are
 * kept. `late`: only the program itself comes after it.
 */
int native_filter_read(const struct native_process *process, int root_fd, bool late,
		       struct native_filter *filter, struct exd_error *err);
/* seccomp_listener.c: the steps for a filter that notifies. */
int native_listener_plan(const struct native_process *process, const struct native_filter *filter,
			 struct exd_plan *plan, struct exd_error *err);
void native_filter_release(struct native_filter *filter);

#endif
