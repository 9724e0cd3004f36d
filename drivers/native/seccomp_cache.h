/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled seccomp profiles in the state directory. A file that is not surely ours is not there. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_CACHE_H
#define EXECDRIVER_NATIVE_SECCOMP_CACHE_H

#include <stddef.h>

struct sock_filter;

/*
 * The program that was stored under just this key, to be freed; its number of instructions, or
 * -ENOENT, -ENOMEM.
 */
int seccomp_cache_find(int root_fd, const char *key, struct sock_filter **filter);

/* As well as it goes: without room or rights the next run compiles again. */
void seccomp_cache_store(int root_fd, const char *key, const struct sock_filter *filter,
			 size_t count);

#endif
