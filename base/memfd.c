/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sealed memory files: what is in them can never change again. */
#include "base/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Kernels before 6.3 know neither flag and say EINVAL. */
static int make(const char *name, bool exec)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | (exec ? MFD_EXEC : MFD_NOEXEC_SEAL));

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

static int seal(int fd)
{
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int memfd_sealed(const char *name, const void *data, size_t size, bool exec)
{
	cleanup_close int fd = make(name, exec);
	int r;

	if (fd < 0)
		return fd;
	r = write_all(fd, data, size);
	if (!r)
		r = seal(fd);
	return r < 0 ? r : take_fd(&fd);
}

int memfd_seal_copy(const char *name, int from_fd, bool exec)
{
	cleanup_close int fd = make(name, exec);
	struct stat st;
	off_t at = 0;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(from_fd, &st) < 0)
		return -errno;
	while (at < st.st_size) {
		ssize_t n = sendfile(fd, from_fd, &at, (size_t)(st.st_size - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
	}
	r = seal(fd);
	return r < 0 ? r : take_fd(&fd);
}
