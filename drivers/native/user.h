/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of a container, from its own files. */
#ifndef EXECDRIVER_NATIVE_USER_H
#define EXECDRIVER_NATIVE_USER_H

#include <stddef.h>
#include <stdint.h>

#include <execdriver/driver.h>

#define NATIVE_USERDB_MAX (1u << 20)

/*
 * The texts of /etc/passwd and /etc/group; NULL where there is no such file, or one that cannot be
 * read: why is told to who asks for a name. Numbers need no file.
 */
struct native_userdb {
	char *passwd;
	char *group;
	int passwd_error; /* negative errno value, or 0 */
	int group_error;
};

struct native_user {
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups; /* additional ones */
	size_t group_count;
	char *home;
};

/*
 * Reads a text file below a directory that may be hostile: the path cannot leave it, only a regular
 * file of at most NATIVE_USERDB_MAX bytes is read, and nothing else is opened. -ENOENT,
 * -EMEDIUMTYPE (no regular file), -EFBIG.
 */
int native_file_read(int root_fd, const char *path, char **out);
/* The same of a file that an O_PATH descriptor names. */
int native_handle_read(int handle, char **out);

/* Both files below root_fd. A file that cannot be read is no failure yet. EXD_ERR_USER. */
int native_userdb_read(struct native_userdb *db, int root_fd, struct exd_error *err);
/*
 * Keeps what came of reading one of them (a path for people); fails only for what is missing in
 * this process. EXD_ERR_USER.
 */
int native_userdb_keep(int r, int *kept, const char *path, struct exd_error *err);
/* Whether names can be looked up in it. EXD_ERR_USER. */
int native_userdb_check(int r, const char *path, struct exd_error *err);
void native_userdb_release(struct native_userdb *db);

/*
 * USER[:GROUP] with names or numbers ("" or NULL: root). Digits are always a number: no sign,
 * space, leading zero, or 4294967295 (which system calls take for "unchanged"). A number without an
 * entry is fine: its group is then 0, its home "/". Without a group, the user's memberships are its
 * additional groups. EXD_ERR_USER.
 */
int native_user_find(const struct native_userdb *db, const char *spec, struct native_user *out,
		     struct exd_error *err);

/* Adds an additional group by name or number. */
int native_user_add_group(const struct native_userdb *db, const char *name,
			  struct native_user *user, struct exd_error *err);

/* user_groups.c: those of EXD_KEY_GROUPS. */
int native_user_add_groups(const struct native_userdb *db, const struct exd_command *command,
			   struct native_user *user, struct exd_error *err);
/*
 * The same as numbers for the record, "10,77"; *out is the caller's. An exec gets them whatever
 * its user is, and whatever the container's files say by then.
 */
int native_groups_text(const struct native_userdb *db, const struct exd_command *command,
		       char **out, struct exd_error *err);
int native_user_add_noted(const char *text, struct native_user *user, struct exd_error *err);

void native_user_release(struct native_user *user);

#endif
