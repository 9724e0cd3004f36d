/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled seccomp profiles in the state directory. A file that is not surely ours is not there. */
#include "drivers/native/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/hash.h"

#define DIRECTORY ".seccomp"
#define ENTRIES_MAX 256
#define FILE_SIZE_MAX (512u << 10)

/*
 * A file: this, the key without its NUL, the instructions. Its name is only where to look. Nothing is
 * synced: the checksum tells what a crash of the machine left half-written.
 */
struct head {
	char magic[8];
	uint32_t key_size;
	uint32_t filter_size;
	uint64_t checksum; /* of all that follows */
};

static const char magic[8] = "exdscmp2";

static bool is_ours(int fd, mode_t type, struct stat *st)
{
	return fstat(fd, st) == 0 && (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_directory(int root_fd, bool make)
{
	struct stat st;
	int fd;

	if (make && mkdirat(root_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (is_ours(fd, S_IFDIR, &st))
		return fd;
	(void)close(fd);
	return -EPERM;
}

static void name_of(const char *key, char name[17])
{
	(void)snprintf(name, 17, "%016" PRIx64, hash_words(HASH_INIT, key, strlen(key)));
}

static int read_entry(int dir, const char *name, char **out, size_t *size)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *text;

	if (fd < 0 || !is_ours(fd, S_IFREG, &st) || st.st_size > (off_t)FILE_SIZE_MAX)
		return -ENOENT;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	*out = text;
	*size = (size_t)st.st_size;
	return pread(fd, text, *size, 0) == (ssize_t)*size ? 0 : -ENOENT;
}

int seccomp_cache_find(int root_fd, const char *key, struct sock_filter **filter)
{
	cleanup_close int dir = open_directory(root_fd, false);
	cleanup_free char *text = NULL;
	size_t size = 0, key_size = strlen(key);
	struct head head;
	char name[17];
	int r;

	if (dir < 0)
		return -ENOENT;
	name_of(key, name);
	r = read_entry(dir, name, &text, &size);
	if (r < 0)
		return r;
	if (size < sizeof(head))
		return -ENOENT;
	memcpy(&head, text, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) != 0 || head.key_size != key_size ||
	    head.filter_size == 0 || head.filter_size % sizeof(**filter) ||
	    head.filter_size > BPF_MAXINSNS * sizeof(**filter) ||
	    sizeof(head) + key_size + head.filter_size != size ||
	    memcmp(text + sizeof(head), key, key_size) != 0 ||
	    hash_words(HASH_INIT, text + sizeof(head), size - sizeof(head)) != head.checksum)
		return -ENOENT;
	*filter = malloc(head.filter_size);
	if (!*filter)
		return -ENOMEM;
	memcpy(*filter, text + sizeof(head) + key_size, head.filter_size);
	return (int)(head.filter_size / sizeof(**filter));
}

/* Nothing is lost with it but time: when it is full it begins anew. */
static void keep_small(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	unsigned int count = 0;

	if (!list) {
		if (copy >= 0)
			(void)close(copy);
		return;
	}
	while ((entry = readdir(list)))
		count++;
	if (count > ENTRIES_MAX) {
		rewinddir(list);
		while ((entry = readdir(list)))
			(void)unlinkat(dir, entry->d_name, 0);
	}
	(void)closedir(list);
}

void seccomp_cache_store(int root_fd, const char *key, const struct sock_filter *filter,
			 size_t count)
{
	cleanup_close int dir = open_directory(root_fd, true);
	struct head head = {.key_size = (uint32_t)strlen(key),
			    .filter_size = (uint32_t)(count * sizeof(*filter))};
	size_t size = sizeof(head) + head.key_size + head.filter_size;
	cleanup_free char *text = dir < 0 || size > FILE_SIZE_MAX ? NULL : malloc(size);
	char name[17], temporary[48];

	if (!text)
		return;
	memcpy(text + sizeof(head), key, head.key_size);
	memcpy(text + sizeof(head) + head.key_size, filter, head.filter_size);
	memcpy(head.magic, magic, sizeof(magic));
	head.checksum = hash_words(HASH_INIT, text + sizeof(head), size - sizeof(head));
	memcpy(text, &head, sizeof(head));
	keep_small(dir);
	name_of(key, name);
	(void)snprintf(temporary, sizeof(temporary), "%s.%ld", name, syscall(SYS_gettid));
	/* one that a dead process of this number left */
	(void)unlinkat(dir, temporary, 0);
	if (make_file_at(dir, temporary, text, size, 0600, false) == 0 &&
	    renameat(dir, temporary, dir, name) < 0)
		(void)unlinkat(dir, temporary, 0);
}
