/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words behind the target of a mount, which are also those of the root. */
#include "core/mount_words.h"

#include <string.h>
#include <sys/mount.h>

#include "core/command.h"
#include "core/command_valid.h"

#define ATIME (EXD_MOUNT_NOATIME | EXD_MOUNT_RELATIME | EXD_MOUNT_STRICTATIME)
#define NOT_OF_ROOT (EXD_MOUNT_NORECURSE | EXD_MOUNT_COPYUP | EXD_MOUNT_IDMAP)

struct word {
	const char *name;
	uint32_t set;
	uint32_t clear;
	uint32_t propagation;
};

/* All of these also with an r before them: here they cover what is mounted below anyway. */
static const struct word of_trees[] = {
	{"ro", EXD_MOUNT_READONLY, 0, 0},
	{"rw", 0, EXD_MOUNT_READONLY, 0},
	{"nosuid", EXD_MOUNT_NOSUID, 0, 0},
	{"nodev", EXD_MOUNT_NODEV, 0, 0},
	{"noexec", EXD_MOUNT_NOEXEC, 0, 0},
	{"noatime", EXD_MOUNT_NOATIME, ATIME & ~EXD_MOUNT_NOATIME, 0},
	{"relatime", EXD_MOUNT_RELATIME, ATIME & ~EXD_MOUNT_RELATIME, 0},
	{"strictatime", EXD_MOUNT_STRICTATIME, ATIME & ~EXD_MOUNT_STRICTATIME, 0},
	{"nodiratime", EXD_MOUNT_NODIRATIME, 0, 0},
	{"nosymfollow", EXD_MOUNT_NOSYMFOLLOW, 0, 0},
	{"private", 0, 0, MS_PRIVATE},
	{"slave", 0, 0, MS_SLAVE},
	{"shared", 0, 0, MS_SHARED},
	{"unbindable", 0, 0, MS_UNBINDABLE},
};

static const struct word others[] = {
	{"bind", EXD_MOUNT_NORECURSE, 0, 0},
	{"rbind", 0, EXD_MOUNT_NORECURSE, 0},
	{"idmap", EXD_MOUNT_IDMAP, 0, 0},
	{"tmpcopyup", EXD_MOUNT_COPYUP, 0, 0},
	{"notmpcopyup", 0, EXD_MOUNT_COPYUP, 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct word *find(const struct word *words, size_t count, const char *text,
			       size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i].name) == size && strncmp(words[i].name, text, size) == 0)
			return &words[i];
	return NULL;
}

bool mount_word(struct exd_mount *mount, const char *text, size_t size)
{
	const struct word *word = find(of_trees, COUNT(of_trees), text, size);

	if (!word)
		word = find(others, COUNT(others), text, size);
	if (!word && size > 1 && *text == 'r')
		word = find(of_trees, COUNT(of_trees), text + 1, size - 1);
	if (!word)
		return false;
	mount->flags = (mount->flags | word->set) & ~word->clear;
	if (word->propagation)
		mount->propagation = word->propagation;
	return true;
}

static bool read_root(const char *text, struct exd_mount *mount)
{
	while (*text) {
		size_t size = strcspn(text, ",");

		if (!mount_word(mount, text, size))
			return false;
		text += size + (text[size] == ',');
	}
	return !mount->propagation && !(mount->flags & NOT_OF_ROOT);
}

bool valid_root_options(const char *text)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	return *text && read_root(text, &mount);
}

uint32_t exd_command_rootfs_flags(const struct exd_command *command)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	(void)read_root(exd_command_string(command, EXD_KEY_ROOTFS_OPTIONS, ""), &mount);
	return mount.flags;
}
