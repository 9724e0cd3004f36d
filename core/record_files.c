/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that a driver reads again and again for as long as somebody keeps the record. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/record.h"

void record_close_files(struct exd_record *record)
{
	for (size_t i = 0; i < record->file_count; i++)
		(void)close(record->files[i].fd);
	free(record->files);
	record->files = NULL;
	record->file_count = 0;
}

static int open_new(struct exd_record *record, int dir, const char *name)
{
	struct record_file *file;
	int fd;

	if (strlen(name) >= sizeof(file->name))
		return -ENAMETOOLONG;
	if (record->file_count == RECORD_FILES_MAX)
		return -EMFILE;
	if (!record->files)
		record->files = calloc(RECORD_FILES_MAX, sizeof(*record->files));
	if (!record->files)
		return -ENOMEM;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	file = &record->files[record->file_count++];
	file->dir = dir;
	file->fd = fd;
	memcpy(file->name, name, strlen(name) + 1);
	return fd;
}

int exd_record_file(struct exd_record *record, int dir, const char *name)
{
	for (size_t i = 0; i < record->file_count; i++)
		if (record->files[i].dir == dir && strcmp(record->files[i].name, name) == 0)
			return record->files[i].fd;
	return open_new(record, dir, name);
}
