/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of a seccomp profile become instructions: by libseccomp, which is loaded for this alone. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_COMPILE_H
#define EXECDRIVER_NATIVE_SECCOMP_COMPILE_H

#include <stddef.h>

#include <execdriver/error.h>

struct seccomp_library;
struct seccomp_rules;
struct sock_filter;

/* EXD_ERR_SECCOMP says what to install. Released with seccomp_library_close(), NULL is fine. */
int seccomp_library_open(struct seccomp_library **out, struct exd_error *err);
void seccomp_library_close(struct seccomp_library *library);
void seccomp_library_closep(struct seccomp_library **library);

/* "2.5.4 api 6": what its programs depend on besides the rules. */
void seccomp_library_describe(const struct seccomp_library *library, char *text, size_t size);

/*
 * *filter is an array of *count instructions, to be freed. System calls that no architecture knows
 * are skipped.
 */
int seccomp_compile(const struct seccomp_library *library, const struct seccomp_rules *rules,
		    const char *name, struct sock_filter **filter, size_t *count,
		    struct exd_error *err);

#endif
