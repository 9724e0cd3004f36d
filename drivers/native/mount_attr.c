/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount options of a command as mount_setattr(2) takes them. */
#include "drivers/native/mount_attr.h"

#include <string.h>
#include <sys/mount.h>

#include <execdriver/execdriver.h>

/* Linux 5.14; older headers lack it. */
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static const struct {
	uint32_t flag;
	uint64_t set;
	uint64_t clear; /* how times are kept is one number: it takes all of its bits */
} attrs[] = {
	{EXD_MOUNT_READONLY, MOUNT_ATTR_RDONLY, 0},
	{EXD_MOUNT_NOSUID, MOUNT_ATTR_NOSUID, 0},
	{EXD_MOUNT_NODEV, MOUNT_ATTR_NODEV, 0},
	{EXD_MOUNT_NOEXEC, MOUNT_ATTR_NOEXEC, 0},
	{EXD_MOUNT_NOATIME, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{EXD_MOUNT_RELATIME, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{EXD_MOUNT_STRICTATIME, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{EXD_MOUNT_NODIRATIME, MOUNT_ATTR_NODIRATIME, 0},
	{EXD_MOUNT_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW, 0},
};

struct native_attr native_attr_of(uint32_t flags)
{
	struct native_attr attr = {0};

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (flags & attrs[i].flag) {
			attr.set |= attrs[i].set;
			attr.clear |= attrs[i].clear;
		}
	return attr;
}

uint64_t native_propagation_of(const char *word)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} words[] = {
		{"private", MS_PRIVATE},
		{"slave", MS_SLAVE},
		{"shared", MS_SHARED},
		{"unbindable", MS_UNBINDABLE},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].name) == 0 ||
		    (*word == 'r' && strcmp(word + 1, words[i].name) == 0))
			return words[i].flag;
	return 0;
}
