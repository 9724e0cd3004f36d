/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole reads and writes of small files, below a directory descriptor. */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"

int write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

static ssize_t read_rest(int fd, char *buf, size_t size, bool positioned)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = positioned ? pread(fd, buf + len, size - len, (off_t)len)
				       : read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (len == size)
			return -EFBIG;
		if (n == 0)
			break;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

ssize_t read_file_at(int dirfd, const char *path, char *buf, size_t size)
{
	cleanup_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return read_rest(fd, buf, size, false);
}

ssize_t read_file_fd(int fd, char *buf, size_t size)
{
	return read_rest(fd, buf, size, true);
}

int write_file_at(int dirfd, const char *path, const void *data, size_t size)
{
	cleanup_close int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, data, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int make_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, bool sync)
{
	cleanup_close int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, data, size);
	if (!r && sync && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, name, 0);
	return r;
}

int sync_dir(int dirfd)
{
	/* Some file systems know no such thing for directories. */
	return fsync(dirfd) < 0 && errno != EINVAL && errno != EROFS ? -errno : 0;
}

int replace_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode,
		    bool sync)
{
	char temp[256];
	int r;

	/* Two writers of one file, in two processes, must not share a temporary name. */
	if ((size_t)snprintf(temp, sizeof(temp), ".%s.%ld", name, (long)getpid()) >= sizeof(temp))
		return -ENAMETOOLONG;
	r = make_file_at(dirfd, temp, data, size, mode, sync);
	if (r == -EEXIST) {
		/* Left by a process of the same pid that was killed half way. */
		(void)unlinkat(dirfd, temp, 0);
		r = make_file_at(dirfd, temp, data, size, mode, sync);
	}
	if (r < 0)
		return r;
	if (renameat(dirfd, temp, dirfd, name) < 0) {
		r = -errno;
		(void)unlinkat(dirfd, temp, 0);
	}
	return r == 0 && sync ? sync_dir(dirfd) : r;
}
