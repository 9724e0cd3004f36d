/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A seccomp profile of the user's: what its JSON says of one container on this host. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_RULES_H
#define EXECDRIVER_NATIVE_SECCOMP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

struct json_object;
struct sock_filter;

#define SECCOMP_ARGS 6

struct seccomp_arg {
	unsigned int index;
	int op; /* enum scmp_compare */
	uint64_t value;
	uint64_t value_two;
};

struct seccomp_rule {
	const char *name; /* of the system call */
	size_t entry;     /* of the profile's syscalls, from 0 */
	uint32_t action;  /* SCMP_ACT_* */
	unsigned int arg_count;
	struct seccomp_arg args[SECCOMP_ARGS];
};

struct seccomp_rules {
	struct json_object *json; /* the texts below belong to it */
	uint32_t default_action;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool notifies;
	const char *listener; /* NULL: none */
	const char *metadata;
	const char **archs; /* "SCMP_ARCH_X86_64" */
	size_t arch_count;
	struct seccomp_rule *rules;
	size_t count;
};

/* What decides which entries of a profile count. */
struct seccomp_host {
	uint64_t caps;
	unsigned int major, minor; /* of the kernel */
};

/*
 * Reads Docker's format and that of the OCI runtime specification; `name` is what errors call the
 * profile. Whatever comes of it, the rules are to be released. EXD_ERR_SECCOMP.
 */
int seccomp_rules_read(struct seccomp_rules *rules, const char *name, const char *json,
		       const struct seccomp_host *host, struct exd_error *err);
/* *text becomes the shortest text of the same profile, to be freed. */
int seccomp_profile_shorten(const char *name, const char *json, char **text, struct exd_error *err);
void seccomp_rules_release(struct seccomp_rules *rules);

/* Names what the way to the program needs and the profile does not allow. */
int seccomp_rules_check(const struct seccomp_rules *rules, const char *name, bool late,
			struct exd_error *err);

#endif
