/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: /proc/self/mountinfo, /proc/self/cgroup and cgroup.controllers, separated by NUL, as
 * both who look for cgroups read them. Opening the first is replaced when the program is linked.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cgroupmounts.h"
#include "drivers/native/cgroup_layout.h"
#include "tests/fuzz/fuzz.h"

static int mountinfo = -1, own_cgroup = -1;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

/* Of the files that are the input: a descriptor; else -1. */
static int input_file(const char *path)
{
	int fd = strcmp(path, "/proc/self/mountinfo") == 0 ? mountinfo
		 : strcmp(path, "/proc/self/cgroup") == 0  ? own_cgroup
							   : -1;

	return fd < 0 || lseek(fd, 0, SEEK_SET) < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int __wrap_open(const char *path, int flags, ...)
{
	int fd = flags & O_PATH ? -1 : input_file(path);
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	return fd >= 0 ? fd : __real_open(path, flags, mode);
}

/* Nothing that is linked here makes files by it. */
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	int fd = flags & O_PATH ? -1 : input_file(path);

	return fd >= 0 ? fd : __real_openat(dir, path, flags);
}

static void fill(int fd, const char *text)
{
	fuzz_require(ftruncate(fd, 0) == 0 &&
			     pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text),
		     "a file to read");
}

static bool visit(const struct cgroup_mount *mount, void *arg)
{
	unsigned int *count = arg;

	fuzz_require(mount->fd >= 0 && mount->root && mount->super, "a mount is whole");
	++*count;
	return strlen(mount->root) % 2 == 0;
}

/* In a small buffer, so that lines do not fit, and in one that most do. */
static void visit_all(void)
{
	char small[64] = "", large[4096] = "";
	unsigned int count = 0;

	for (int i = 0; i < 2; i++) {
		struct cgroup_visit v = {.fn = visit, .arg = &count};

		cgroup_mounts_visit(&v, i ? large : small, i ? sizeof(large) : sizeof(small));
		fuzz_require(v.ndone <= CGROUP_MOUNTS_MAX, "hierarchies fit");
	}
}

static void lay_out(const char *mounts, const char *own, const char *controllers)
{
	struct cgroup_layout layout;

	fuzz_require(cgroup_layout_parse(&layout, mounts, own) == 0, "there is memory");
	fuzz_require(cgroup_layout_v2(&layout, controllers) == 0, "there is memory");
	fuzz_require(layout.count <= CGROUP_HIERARCHIES_MAX, "hierarchies fit");
	for (size_t i = 0; i < layout.count; i++) {
		const struct cgroup_hierarchy *h = &layout.list[i];

		fuzz_require(h->mount && h->own && h->controllers, "a hierarchy is whole");
		(void)cgroup_list_has(h->controllers, "memory");
	}
	(void)cgroup_layout_find(&layout, "cpu");
	cgroup_layout_drop_last(&layout);
	cgroup_layout_clear(&layout);
}

/* From the files, and with the hierarchies opened. */
static void read_all(void)
{
	struct cgroup_layout *layout = NULL;

	fuzz_require(cgroup_layout_read(&layout) == 0, "there is memory");
	for (size_t i = 0; i < layout->count; i++)
		if (layout->list[i].fd >= 0)
			fuzz_require(layout->list[i].mount[0], "what is open has a name");
	cgroup_layout_free(layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	char *mounts = input_text(&in), *own = input_text(&in), *controllers = input_text(&in);
	int lowest;

	if (mountinfo < 0) {
		mountinfo = memfd_create("mountinfo", MFD_CLOEXEC);
		own_cgroup = memfd_create("cgroup", MFD_CLOEXEC);
	}
	lowest = fuzz_lowest_fd();
	fill(mountinfo, mounts);
	fill(own_cgroup, own);
	visit_all();
	read_all();
	lay_out(mounts, own, controllers);
	fuzz_require(fuzz_lowest_fd() == lowest, "no descriptor is left");
	free(mounts);
	free(own);
	free(controllers);
	return 0;
}
