/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A worker may be born in the cgroup that its monitor has for itself, and the monitor removes that
 * when it ends: a service that stayed in it would be in the way. It goes where the monitors' own
 * cgroups are; where it may not, it stays.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/strutil.h"
#include "drivers/hcs-stub/emulator.h"

#define MONITORS "/execdriver-monitor/"
#define MOUNTED "/sys/fs/cgroup"
#define TEXT_SIZE 8192
#define PATH_SIZE 512

/* Below where its hierarchy is mounted; v2 alone, or beside v1. */
static void leave(const char *controllers, const char *parent, size_t size)
{
	static const char *const v2[] = {"", "/unified"};
	const char *names[] = {controllers, NULL};
	const char *const *places = names;
	size_t count = 1;
	char path[PATH_SIZE];

	if (!*controllers) {
		places = v2;
		count = 2;
	}
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), MOUNTED "%s%s%.*s/cgroup.procs",
			       *controllers ? "/" : "", places[i], (int)size, parent);
		if (write_file_at(AT_FDCWD, path, "0", 1) == 0)
			return;
	}
}

/* "3:cpu,cpuacct:/path", "1:name=systemd:/path" or, of v2, "0::/path" */
static void visit(char *line)
{
	char *controllers, *path, *leaf;

	(void)strsep(&line, ":");
	controllers = strsep(&line, ":");
	path = line;
	leaf = path ? strstr(path, MONITORS) : NULL;
	if (!leaf)
		return;
	if (str_has_prefix(controllers, "name="))
		controllers += strlen("name=");
	leave(controllers, path, (size_t)(leaf - path));
}

void cgroup_leave_monitors(void)
{
	char text[TEXT_SIZE], *rest = text, *line;

	if (read_file_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return;
	while ((line = strsep(&rest, "\n")))
		visit(line);
}
