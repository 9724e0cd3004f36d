/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the container's own files while it may be hostile. */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/native/user.h"

static int open_in_root(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do {
		/* EAGAIN: a rename somewhere raced with the resolving of ".." */
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : fd;
}

/* Reading what the kernel makes up may act as well: /proc/kmsg robs the host's logger. */
static bool is_made_up(int handle)
{
	struct statfs fs;

	if (fstatfs(handle, &fs) < 0)
		return true;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

/*
 * From an O_PATH handle, so that nothing but a regular file is ever really opened: opening a device
 * may act, a fifo may hang.
 */
static int open_regular(int handle)
{
	char self[40];
	struct stat st;
	int fd;

	if (fstat(handle, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || is_made_up(handle))
		return -EMEDIUMTYPE;
	if (st.st_size > (off_t)NATIVE_USERDB_MAX)
		return -EFBIG;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int native_handle_read(int handle, char **out)
{
	cleanup_close int fd = open_regular(handle);
	cleanup_free char *text = NULL;
	struct stat st;
	size_t max;
	ssize_t r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* st_size is a hint only: the file may grow */
	max = st.st_size > 0 && st.st_size < (off_t)NATIVE_USERDB_MAX ? (size_t)st.st_size + 1
								      : NATIVE_USERDB_MAX;
	text = malloc(max);
	if (!text)
		return -ENOMEM;
	r = read_file_fd(fd, text, max);
	if (r < 0)
		return (int)r;
	*out = take_ptr(&text);
	return 0;
}

int native_file_read(int root_fd, const char *path, char **out)
{
	cleanup_close int handle = open_in_root(root_fd, path);

	return handle < 0 ? handle : native_handle_read(handle, out);
}

int native_userdb_check(int r, const char *path, struct exd_error *err)
{
	if (r == -ENOENT || r == -ENOTDIR || r == 0)
		return 0;
	if (r == -EMEDIUMTYPE)
		return exd_error_set(err, EXD_ERR_USER, 0,
				     "the container's %s is not a regular file", path);
	if (r == -EFBIG)
		return exd_error_set(err, EXD_ERR_USER, 0,
				     "the container's %s is larger than %u bytes", path,
				     NATIVE_USERDB_MAX);
	return exd_error_set(err, EXD_ERR_USER, -r, "cannot read the container's %s", path);
}

int native_userdb_keep(int r, int *kept, const char *path, struct exd_error *err)
{
	*kept = r;
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? native_userdb_check(r, path, err) : 0;
}

int native_userdb_read(struct native_userdb *db, int root_fd, struct exd_error *err)
{
	struct native_userdb fresh = {0};
	int r;

	r = native_userdb_keep(native_file_read(root_fd, "etc/passwd", &fresh.passwd),
			       &fresh.passwd_error, "/etc/passwd", err);
	if (r == 0)
		r = native_userdb_keep(native_file_read(root_fd, "etc/group", &fresh.group),
				       &fresh.group_error, "/etc/group", err);
	if (r < 0)
		native_userdb_release(&fresh);
	else
		*db = fresh;
	return r;
}

void native_userdb_release(struct native_userdb *db)
{
	free(db->passwd);
	free(db->group);
	*db = (struct native_userdb){0};
}
