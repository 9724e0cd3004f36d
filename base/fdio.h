/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole reads and writes of small files, below a directory descriptor. */
#ifndef EXECDRIVER_BASE_FDIO_H
#define EXECDRIVER_BASE_FDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* All of it, in as many writes as it takes. 0 or negative errno. */
int write_all(int fd, const void *data, size_t size);

/* The whole file, NUL-terminated; returns its length. -EFBIG when it does not fit with the NUL. */
ssize_t read_file_at(int dirfd, const char *path, char *buf, size_t size);

/* The same of an open file, from its beginning, for files that are read again and again. */
ssize_t read_file_fd(int fd, char *buf, size_t size);

/* One write to a file that exists, for kernel files that take a value at once. */
int write_file_at(int dirfd, const char *path, const void *data, size_t size);

/* Makes the file `name`, which must not exist, in one go; removed again on failure. */
int make_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode,
		 bool sync);

/* Names in the directory, which is open for reading, survive a power cut from now on. */
int sync_dir(int dirfd);

/* The new content appears as a whole or not at all; with `sync` it survives a power cut. */
int replace_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode,
		    bool sync);

#endif
