/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The built-in seccomp profile of the native driver, as a program for the kernel. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_H
#define EXECDRIVER_NATIVE_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

struct sock_filter;

/* Enough room for the program of any capability set on any processor. */
#define SECCOMP_DEFAULT_MAX 1024

/*
 * Writes the default profile to out, which has room for max instructions. caps is the bounding set
 * of the container (bit n is capability n): calls that a capability governs are allowed with it.
 * The program allows all that a launcher needs between loading it and execve.
 *
 * Allocates nothing, calls nothing, depends on no state: any thread may call it at any time.
 * Returns the number of instructions, -ENOSPC when max is too small.
 */
int seccomp_default(uint64_t caps, struct sock_filter *out, size_t max);

#endif
