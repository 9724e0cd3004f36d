/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a case left: mounts by comparison, cgroups and files by the token in their names. */
#include "conformance/kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define MOUNTS_SIZE (1024 * 1024)
#define PATH_SIZE 1024

struct kit_mounts {
	char text[MOUNTS_SIZE];
};

struct place {
	const char *path;
	int depth;
	bool directories; /* only these */
};

static const struct place cgroups = {"/sys/fs/cgroup", 8, true};

/* Where a program keeps what is of this boot, of its own, or for a moment. */
static const struct place places[] = {
	{"/run", 3, false},
	{"/tmp", 2, false},
	{"/var/tmp", 2, false},
	{"/dev/shm", 2, false},
	{"/var/lib", 3, false},
	{".", 1, false},
};

struct kit_mounts *kit_mounts_read(void)
{
	struct kit_mounts *mounts = malloc(sizeof(*mounts));

	if (!mounts)
		return NULL;
	if (read_file_at(AT_FDCWD, "/proc/self/mountinfo", mounts->text, sizeof(mounts->text)) < 0)
		mounts->text[0] = '\0';
	return mounts;
}

/* The first line of `now` that `before` has not. */
static bool find_mount(const struct kit_mounts *before, char *text, size_t size)
{
	cleanup_free struct kit_mounts *now = kit_mounts_read();
	char *next;

	for (char *line = now ? now->text : NULL; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strstr(before->text, line))
			continue;
		(void)snprintf(text, size, "the mount %s", line);
		return true;
	}
	return false;
}

/* Calls fn for each name below that holds the token, what is below it first; stops when it says. */
static bool walk(const struct kit *kit, const char *path, int depth, bool directories,
		 bool (*fn)(const char *path, void *arg), void *arg)
{
	cleanup_closedir DIR *d = opendir(path);
	struct dirent *entry;
	char below[PATH_SIZE];

	while (d && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (directories && entry->d_type != DT_DIR))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			    (int)sizeof(below) ||
		    strcmp(below, kit->root) == 0)
			continue;
		if (depth > 1 && entry->d_type == DT_DIR &&
		    walk(kit, below, depth - 1, directories, fn, arg))
			return true;
		if (strstr(entry->d_name, kit->token) && fn(below, arg))
			return true;
	}
	return false;
}

struct found {
	char *text;
	size_t size;
};

static bool note(const char *path, void *arg)
{
	const struct found *found = arg;

	(void)snprintf(found->text, found->size, "%s", path);
	return true;
}

static bool find_file(const struct kit *kit, char *text, size_t size)
{
	struct found found = {text, size};

	if (kit_count_entries(kit->root) > 0) {
		(void)snprintf(text, size, "a directory in the state directory");
		return true;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (walk(kit, places[i].path, places[i].depth, false, note, &found))
			return true;
	return false;
}

bool kit_find_left(struct kit *kit, uint32_t left, const struct kit_mounts *before, char *text,
		   size_t size)
{
	struct found found = {text, size};

	if ((left & KIT_LEFT_MOUNTS) && find_mount(before, text, size))
		return true;
	if ((left & KIT_LEFT_CGROUPS) && walk(kit, cgroups.path, cgroups.depth, true, note, &found))
		return true;
	return (left & KIT_LEFT_FILES) && find_file(kit, text, size);
}

static bool remove_path(const char *path, void *arg)
{
	(void)arg;
	(void)remove(path);
	return false;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	(void)remove(path);
	return 0;
}

void kit_remove_left(struct kit *kit, bool all)
{
	if (all)
		(void)walk(kit, cgroups.path, cgroups.depth, true, remove_path, NULL);
	for (size_t i = 0; all && i < sizeof(places) / sizeof(places[0]); i++)
		(void)walk(kit, places[i].path, places[i].depth, false, remove_path, NULL);
	(void)nftw(kit->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
