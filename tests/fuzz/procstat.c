/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: /proc/PID/stat and the id of the boot. The files are the input: reading them is
 * replaced when the program is linked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/procstat.h"
#include "tests/fuzz/fuzz.h"

static const char *content;

ssize_t __wrap_read_file_at(int dirfd, const char *path, char *buf, size_t size);

ssize_t __wrap_read_file_at(int dirfd, const char *path, char *buf, size_t size)
{
	size_t n = strlen(content);

	(void)dirfd, (void)path;
	if (n == 0)
		return -ENOENT;
	if (n >= size)
		return -EFBIG;
	memcpy(buf, content, n + 1);
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	char *text = input_text(&in);
	char boot[BOOT_ID_SIZE];
	uint64_t start = 0, flags = 0;
	pid_t parent;
	int fd;

	content = text;
	if (proc_start_time(1, &start) == 0)
		fuzz_require(strrchr(text, ')') != NULL, "fields follow the name");
	(void)proc_flags(1, &flags);
	(void)proc_parent(1, &parent);
	if (boot_id(boot) == 0)
		fuzz_require(strlen(boot) < sizeof(boot), "the id of the boot is whole");
	fd = pidfd_open_checked(getpid(), start);
	if (fd >= 0)
		(void)close(fd);
	free(text);
	return 0;
}
