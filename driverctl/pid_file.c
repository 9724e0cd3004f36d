/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --pid-file: written beside and renamed. */
#include "driverctl/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static int fill(int fd_consume, pid_t pid)
{
	cleanup_close int fd = fd_consume;

	if (dprintf(fd, "%d", (int)pid) < 0 || fchmod(fd, 0644) < 0)
		return -errno;
	return close(take_fd(&fd)) < 0 ? -errno : 0;
}

int pid_file_write(const char *path, pid_t pid, struct exd_error *err)
{
	cleanup_free char *beside = NULL;
	int fd, r;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0) {
		beside = NULL;
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "--pid-file '%s'", path);
	}
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "--pid-file: cannot create '%s'",
				     path);
	r = fill(fd, pid);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(beside);
		return exd_error_set(err, EXD_ERR_SYSTEM, -r, "--pid-file: cannot write '%s'",
				     path);
	}
	return 0;
}
