/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user namespace of a container: which ids it has, and how a process comes into it. */
#ifndef EXECDRIVER_NATIVE_USERNS_H
#define EXECDRIVER_NATIVE_USERNS_H

#include <stdbool.h>
#include <stdint.h>

#include <execdriver/driver.h>

#include "drivers/native/namespaces.h"

struct native_run;

struct native_userns {
	enum native_ns_mode mode;
	bool rootless;  /* of an ordinary user: no right outside of the namespace */
	bool helpers;   /* the maps are written by newuidmap and newgidmap */
	bool no_groups; /* additional groups cannot be changed in it */
	int slot;       /* of the namespace; -1: none */
	char *uids;     /* maps as the kernel takes them; NULL: of others, not known */
	char *gids;
	uint32_t root_uid; /* who a process is in it, until it becomes the program's user */
	uint32_t root_gid;
};

/* What the keys say, for an ordinary user also without any. EXD_ERR_KEY, EXD_ERR_NAMESPACE. */
int native_userns_read(const struct exd_command *command, struct native_userns *userns,
		       struct exd_error *err);
void native_userns_release(struct native_userns *userns);

/* Whether an id of the namespace is somebody's; also when that is not known. */
bool native_userns_has_uid(const struct native_userns *userns, uint32_t uid);
bool native_userns_has_gid(const struct native_userns *userns, uint32_t gid);
/* Whether terminals can belong to the group tty: of what is not known, an ordinary user's do not. */
bool native_userns_has_tty(const struct native_userns *userns);

/* The program's user has to be somebody in it. EXD_ERR_USER. */
int native_userns_check_user(const struct native_run *run);

/* In the plan's order: made or opened; entered; born again in it with the own namespaces. */
int native_userns_make(struct native_run *run);
/* What only root of the host may do, before it is that no more. */
int native_userns_raise(struct native_run *run);
int native_userns_score(const struct exd_command *command, struct exd_plan *plan,
			struct exd_error *err);
void native_userns_enter(struct native_run *run);
/* For a process in a running container, whose record has notes of a run. */
int native_userns_of_record(struct exd_record *record, struct exd_plan *plan,
			    struct native_userns *userns, struct exd_error *err);
/* The steps that join it, and make the process its root. */
void native_userns_join(const struct native_userns *userns, struct exd_plan *plan);
void native_userns_note(const struct native_run *run);

/* The source of a clone: `fd` itself, or opened again where only an own mount namespace can. */
int native_userns_source(struct native_run *run, int fd_consume);
/* The clone in the slot shows its owners as ids of the namespace. */
int native_userns_idmap(struct native_run *run, int slot, const char *path, int fd,
			bool recursive);

/* userns_ids.c: a map "0 1000 1\n1 100000 65536\n" from a list of keys, or from a user's ranges. */
int native_ids_of_key(const struct exd_command *command, enum exd_key key, char **out,
		      struct exd_error *err);
/* The ranges of `user` (a name or a number) in a text of /etc/subuid, behind `own` as id 0. */
char *native_ids_of_ranges(const char *text, const char *user, uint32_t own);
/* The same of this process's user and of the host's file; of `own` alone when there is none. */
char *native_ids_of_host(const char *file, uint32_t own, bool *alone);
bool native_ids_have(const char *map, uint32_t id);
uint32_t native_ids_first(const char *map);

/* userns_mounts.c: what a user namespace may not mount, since it is not its own. */
int native_shared_trees(struct native_run *run);

#endif
