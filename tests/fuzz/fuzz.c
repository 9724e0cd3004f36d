/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fuzz targets share. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t input_byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

uint16_t input_word(struct input *in)
{
	uint8_t low = input_byte(in);

	return (uint16_t)(low | input_byte(in) << 8);
}

char *input_text(struct input *in)
{
	const uint8_t *end = in->left ? memchr(in->at, '\0', in->left) : NULL;
	size_t size = end ? (size_t)(end - in->at) : in->left;
	char *text = malloc(size + 1);

	fuzz_require(text != NULL, "memory for a text");
	if (size)
		memcpy(text, in->at, size);
	text[size] = '\0';
	in->at += size + (end != NULL);
	in->left -= size + (end != NULL);
	return text;
}

void fuzz_require(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "fuzz: does not hold: %s\n", what);
	abort();
}

/* libconfig forgets a text that stands where none may be; what it gave to us is still looked at. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int fuzz_folder(const char **path)
{
	int fd;

	(void)snprintf(folder, sizeof(folder), "%s/exd-fuzz-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_require(mkdtemp(folder) != NULL, "a folder to work in");
	(void)atexit(remove_folder);
	if (path)
		*path = folder;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fuzz_require(fd >= 0, "a folder to work in");
	return fd;
}

void fuzz_write(int dir, const char *name, const char *text)
{
	size_t size = text ? strlen(text) : 0;
	int fd;

	if (!text) {
		(void)unlinkat(dir, name, 0);
		return;
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_require(fd >= 0 && write(fd, text, size) == (ssize_t)size, "a file to read");
	(void)close(fd);
}

int fuzz_lowest_fd(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);
	int lowest = fd;

	(void)close(fd);
	return lowest;
}
