/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a seccomp profile's JSON, and errors that say where in the profile they are. */
#ifndef EXECDRIVER_NATIVE_SECCOMP_VALUES_H
#define EXECDRIVER_NATIVE_SECCOMP_VALUES_H

#include <json-c/json.h>
#include <stdint.h>

#include "drivers/native/seccomp_rules.h"

/* Where in the profile: names it in errors. */
struct seccomp_place {
	const char *profile;
	const char *call; /* first name of the entry, or "" */
	int entry;        /* of syscalls, or -1 */
	struct exd_error *err;
};

struct seccomp_word_value {
	const char *name;
	uint32_t value;
};

/* EXD_ERR_SECCOMP: "seccomp profile NAME: syscalls[N] ('CALL'): WHAT 'VALUE'". */
int seccomp_refuse(const struct seccomp_place *at, const char *what, const char *value);
int seccomp_no_memory(const struct seccomp_place *at);

/* Refuses the first key of an object that is not in the list. */
int seccomp_keys(const struct seccomp_place *at, struct json_object *object,
		 const char *const *known);
/*
 * Members of an object by type: 1 when it is there, 0 when it is not or null, and then *out stays as
 * it is.
 */
int seccomp_member(const struct seccomp_place *at, struct json_object *object, const char *key,
		   enum json_type type, struct json_object **out);
int seccomp_text(const struct seccomp_place *at, struct json_object *object, const char *key,
		 const char **out);
int seccomp_number(const struct seccomp_place *at, struct json_object *object, const char *key,
		   uint64_t max, uint64_t *out);
/* Element of a list of texts, or NULL when it is something else. */
const char *seccomp_item(struct json_object *list, size_t i);
int seccomp_word(const struct seccomp_place *at, const struct seccomp_word_value *words,
		 const char *what, const char *name, uint32_t *out);

/* seccomp_entries.c: an action with its number, and one entry of the syscalls. */
int seccomp_action(const struct seccomp_place *at, struct json_object *object,
		   const char *action_key, const char *errno_key, uint32_t *out);
int seccomp_entry(struct seccomp_place *at, struct seccomp_rules *rules, struct json_object *entry,
		  const struct seccomp_host *host);
/* What the specification calls the processor of this build. */
const char *seccomp_host_arch(void);

#endif
