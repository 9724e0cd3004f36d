/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User lookup with one strict parser: what is not understood is an error, never uid 0. */

#include "drivers/native/user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ID_NONE UINT32_MAX

/* The kernel's NGROUPS_MAX. */
#define GROUPS_MAX 65536

/* A piece of a text that is not terminated. */
struct piece {
	const char *at;
	size_t size;
};

static struct piece piece_of(const char *text)
{
	return (struct piece){text, strlen(text)};
}

static bool same(struct piece a, struct piece b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

/* Cuts the part up to `separator` off the front; the whole when there is none. */
static struct piece cut(struct piece *rest, char separator)
{
	const char *end = memchr(rest->at, separator, rest->size);
	struct piece head = {rest->at, end ? (size_t)(end - rest->at) : rest->size};
	size_t used = head.size + (end ? 1 : 0);

	rest->at += used;
	rest->size -= used;
	return head;
}

static bool all_digits(struct piece text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	}
	return text.size > 0;
}

/* A leading zero might mean octal to its writer, and ID_NONE means "unchanged" to setresuid(). */
static int parse_id(struct piece text, uint32_t *id)
{
	uint64_t value = 0;

	if (!all_digits(text) || text.size > 10 || (text.size > 1 && text.at[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < text.size; i++)
		value = value * 10 + (uint64_t)(text.at[i] - '0');
	if (value >= ID_NONE)
		return -ERANGE;
	*id = (uint32_t)value;
	return 0;
}

static bool valid_name(struct piece name)
{
	if (name.size == 0 || name.size > 255 || strchr("+-", name.at[0]))
		return false;
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c <= ' ' || c == 127 || strchr(":/,", c))
			return false;
	}
	return true;
}

struct entry {
	struct piece name;
	struct piece members; /* group files */
	struct piece home;    /* passwd files */
	uint32_t id;
	uint32_t gid;
};

/* The next line that is an entry: name:x:uid:gid:gecos:home:shell, or name:x:gid:members. */
static bool next_entry(struct piece *file, bool passwd, struct entry *entry)
{
	while (file->size > 0) {
		struct piece line = cut(file, '\n');

		entry->name = cut(&line, ':');
		(void)cut(&line, ':');
		if (!valid_name(entry->name) || parse_id(cut(&line, ':'), &entry->id) < 0)
			continue;
		if (!passwd) {
			entry->members = line;
			return true;
		}
		if (parse_id(cut(&line, ':'), &entry->gid) < 0)
			continue;
		(void)cut(&line, ':');
		entry->home = cut(&line, ':');
		return true;
	}
	return false;
}

static bool find_entry(const char *text, bool passwd, struct piece name, uint32_t id,
		       struct entry *entry)
{
	struct piece file = piece_of(text ? text : "");

	while (next_entry(&file, passwd, entry)) {
		if (name.size > 0 ? same(entry->name, name) : entry->id == id)
			return true;
	}
	return false;
}

static int append_group(struct native_user *user, uint32_t gid)
{
	uint32_t *grown;

	if (user->group_count >= GROUPS_MAX)
		return -E2BIG;
	grown = reallocarray(user->groups, user->group_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	user->groups = grown;
	user->groups[user->group_count++] = gid;
	return 0;
}

static int add_group(struct native_user *user, uint32_t gid)
{
	for (size_t i = 0; i < user->group_count; i++) {
		if (user->groups[i] == gid)
			return 0;
	}
	return append_group(user, gid);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The kernel sorts them itself, so nobody misses the order of the file. */
static void drop_doubles(struct native_user *user)
{
	size_t kept = 0;

	if (user->group_count == 0)
		return;
	qsort(user->groups, user->group_count, sizeof(*user->groups), by_number);
	for (size_t i = 0; i < user->group_count; i++) {
		if (i == 0 || user->groups[i] != user->groups[i - 1])
			user->groups[kept++] = user->groups[i];
	}
	user->group_count = kept;
}

static int group_failure(int r, const char *whose, const char *name, struct exd_error *err)
{
	if (r == -E2BIG)
		return exd_error_set(err, EXD_ERR_USER, 0,
				     "%s '%s': more than %d additional groups", whose, name,
				     GROUPS_MAX);
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "%s '%s'", whose, name);
}

static bool is_member(struct piece members, struct piece name)
{
	while (members.size > 0) {
		if (same(cut(&members, ','), name))
			return true;
	}
	return false;
}

/* A hostile file may have tens of thousands: comparing each with each would take seconds. */
static int add_memberships(const char *text, struct piece name, struct native_user *user)
{
	struct piece file = piece_of(text ? text : "");
	struct entry entry;
	int r = 0;

	while (r == 0 && next_entry(&file, false, &entry)) {
		if (is_member(entry.members, name))
			r = append_group(user, entry.id);
	}
	drop_doubles(user);
	return r;
}

static int find_group(const struct native_userdb *db, struct piece text, uint32_t *gid,
		      struct exd_error *err)
{
	struct entry entry;
	int r;

	if (all_digits(text)) {
		r = parse_id(text, gid);
		if (r < 0)
			return exd_error_set(err, EXD_ERR_USER, 0,
					     "group '%.*s' is not a number of a group",
					     (int)text.size, text.at);
		return 0;
	}
	if (!valid_name(text))
		return exd_error_set(err, EXD_ERR_USER, 0, "'%.*s' is not a group", (int)text.size,
				     text.at);
	r = native_userdb_check(db->group_error, "/etc/group", err);
	if (r < 0)
		return r;
	if (!find_entry(db->group, false, text, 0, &entry))
		return exd_error_set(err, EXD_ERR_USER, 0,
				     "no group '%.*s' in the container's /etc/group",
				     (int)text.size, text.at);
	*gid = entry.id;
	return 0;
}

/* Fills in uid; *entry with the user's line when there is one (else its name is empty). */
static int find_uid(const struct native_userdb *db, struct piece text, struct native_user *out,
		    struct entry *entry, struct exd_error *err)
{
	struct piece none = {"", 0};
	int r;

	if (all_digits(text)) {
		if (parse_id(text, &out->uid) < 0)
			return exd_error_set(err, EXD_ERR_USER, 0,
					     "user '%.*s' is not a number of a user",
					     (int)text.size, text.at);
		if (!find_entry(db->passwd, true, none, out->uid, entry))
			*entry = (struct entry){none, none, none, 0, 0};
		return 0;
	}
	if (!valid_name(text))
		return exd_error_set(err, EXD_ERR_USER, 0, "'%.*s' is not a user", (int)text.size,
				     text.at);
	r = native_userdb_check(db->passwd_error, "/etc/passwd", err);
	if (r < 0)
		return r;
	if (!find_entry(db->passwd, true, text, 0, entry))
		return exd_error_set(err, EXD_ERR_USER, 0,
				     "no user '%.*s' in the container's /etc/passwd",
				     (int)text.size, text.at);
	out->uid = entry->id;
	return 0;
}

static int find(const struct native_userdb *db, const char *spec, struct native_user *out,
		struct exd_error *err)
{
	struct piece group = piece_of(spec), user = cut(&group, ':');
	bool has_group = strchr(spec, ':') != NULL;
	struct entry entry;
	int r;

	r = find_uid(db, user, out, &entry, err);
	if (r < 0)
		return r;
	out->gid = entry.gid;
	/* who is asked for by name is not to be without groups for a file that cannot be read */
	if (!has_group && !all_digits(user))
		r = native_userdb_check(db->group_error, "/etc/group", err);
	if (r < 0)
		return r;
	if (has_group)
		r = find_group(db, group, &out->gid, err);
	else if (entry.name.size > 0)
		r = add_memberships(db->group, entry.name, out);
	if (r < 0)
		return has_group ? r : group_failure(r, "user", spec, err);
	out->home = entry.home.size > 0 && entry.home.at[0] == '/'
			    ? strndup(entry.home.at, entry.home.size)
			    : strdup("/");
	return out->home ? 0 : exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "user '%s'", spec);
}

int native_user_find(const struct native_userdb *db, const char *spec, struct native_user *out,
		     struct exd_error *err)
{
	struct native_user user = {0};
	int r = find(db, spec && *spec ? spec : "0", &user, err);

	if (r < 0)
		native_user_release(&user);
	else
		*out = user;
	return r;
}

int native_user_add_group(const struct native_userdb *db, const char *name,
			  struct native_user *user, struct exd_error *err)
{
	uint32_t gid;
	int r = find_group(db, piece_of(name), &gid, err);

	if (r < 0)
		return r;
	r = add_group(user, gid);
	return r < 0 ? group_failure(r, "group", name, err) : 0;
}

void native_user_release(struct native_user *user)
{
	free(user->groups);
	free(user->home);
	*user = (struct native_user){0};
}
