/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a process is, beyond its pid: start time, boot, pidfd. */
#include "base/procstat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* The name, field 2, may hold anything, parentheses and spaces too: count after its last ')'. */
static int parse_field(const char *stat, int number, uint64_t *out)
{
	const char *p = strrchr(stat, ')');
	uint64_t value = 0;

	for (int field = 2; p && field < number; field++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (!p || *p < '0' || *p > '9')
		return -EBADMSG;
	for (; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	*out = value;
	return 0;
}

static int stat_field(pid_t pid, int number, uint64_t *out)
{
	char path[32], stat[1024];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = read_file_at(AT_FDCWD, path, stat, sizeof(stat));
	if (n == -ENOENT)
		return -ESRCH;
	return n < 0 ? (int)n : parse_field(stat, number, out);
}

int proc_start_time(pid_t pid, uint64_t *start_time)
{
	return stat_field(pid, 22, start_time);
}

int proc_flags(pid_t pid, uint64_t *flags)
{
	return stat_field(pid, 9, flags);
}

int proc_parent(pid_t pid, pid_t *parent)
{
	uint64_t value = 0;
	int r = stat_field(pid, 4, &value);

	*parent = (pid_t)value;
	return r;
}

int boot_id(char out[BOOT_ID_SIZE])
{
	char text[64];
	ssize_t n = read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (n < BOOT_ID_SIZE - 1)
		return -EBADMSG;
	memcpy(out, text, BOOT_ID_SIZE - 1);
	out[BOOT_ID_SIZE - 1] = '\0';
	return 0;
}

int pidfd_open_checked(pid_t pid, uint64_t start_time)
{
	cleanup_close int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t now;
	int r;

	if (fd < 0)
		return -errno;
	/* Read after the pidfd was opened: what it says is of the process that the pidfd holds. */
	r = proc_start_time(pid, &now);
	if (r < 0)
		return r;
	return now == start_time ? take_fd(&fd) : -ESRCH;
}
