/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An overlay of directories that are known by descriptors; async-signal-safe. */
#include "base/overlay.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture. */
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif

/* What fsconfig(2) takes as a value, with its NUL. */
#define VALUE_SIZE 256
#define PATH_SIZE 32

/* Paths of descriptors hold nothing that would have to be escaped, whatever the directory is called. */
static size_t path_of(char path[PATH_SIZE], int fd)
{
	static const char folder[] = "/proc/self/fd/";
	size_t used = sizeof(folder) - 1;
	int digits = 1;

	memcpy(path, folder, used);
	for (int rest = fd / 10; rest; rest /= 10)
		digits++;
	for (int i = digits; i > 0; i--, fd /= 10)
		path[used + (size_t)i - 1] = (char)('0' + fd % 10);
	used += (size_t)digits;
	path[used] = '\0';
	return used;
}

static int set(int fs, unsigned int command, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, command, key, value, 0) < 0 ? -errno : 0;
}

static int set_fd(int fs, const char *key, int fd)
{
	char path[PATH_SIZE];

	(void)path_of(path, fd);
	return set(fs, FSCONFIG_SET_STRING, key, path);
}

/* All in one value, as every kernel takes it; false when there is no room. */
static bool join(char value[VALUE_SIZE], const struct overlay *o)
{
	size_t used = 0;

	for (size_t i = 0; i < o->count; i++) {
		char path[PATH_SIZE];
		size_t size = path_of(path, o->lower[i]);

		if (used + size + 2 > VALUE_SIZE)
			return false;
		if (i)
			value[used++] = ':';
		memcpy(value + used, path, size + 1);
		used += size;
	}
	return true;
}

static int configure(int fs, const struct overlay *o)
{
	char value[VALUE_SIZE];
	bool joined = join(value, o);
	int r = joined ? set(fs, FSCONFIG_SET_STRING, "lowerdir", value) : 0;

	for (size_t i = 0; i < o->count && !joined && !r; i++)
		r = set_fd(fs, "lowerdir+", o->lower[i]);
	if (!r && o->upper >= 0)
		r = set_fd(fs, "upperdir", o->upper);
	if (!r && o->work >= 0)
		r = set_fd(fs, "workdir", o->work);
	if (!r)
		r = set(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
	/* One by one they are taken from Linux 6.7 on. */
	return r == -EINVAL && !joined ? -E2BIG : r;
}

int overlay_make(const struct overlay *overlay)
{
	int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	int r = fs < 0 ? -errno : configure(fs, overlay);

	if (!r) {
		r = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, overlay->attr);
		r = r < 0 ? -errno : r;
	}
	if (fs >= 0)
		(void)close(fs);
	return r;
}
