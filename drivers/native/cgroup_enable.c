/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which controllers cgroup v2 is asked to hand down to a container, and what stands in the way. */
#include "drivers/native/cgroup_enable.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define LIST_SIZE 512

void cgroup_enable_list(const struct cgroup_hierarchy *hierarchy,
			const struct native_limits *limits, char out[CGROUP_ENABLE_SIZE])
{
	static const char *const all[] = {"memory", "pids", "cpu", "io",
					  "cpuset", "hugetlb", "rdma", "misc"};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!cgroup_list_has(hierarchy->controllers, all[i]))
			continue;
		/* What is behind the first four is handed down only for a limit. */
		if (i >= 4 && !native_limits_use(limits, all[i]))
			continue;
		used += (size_t)snprintf(out + used, CGROUP_ENABLE_SIZE - used, "%s+%s",
					 used ? " " : "", all[i]);
	}
}

static bool has_word(const char *words, const char *word, size_t size)
{
	while (*words) {
		size_t n = strcspn(words, " \n");

		if (n == size && strncmp(words, word, size) == 0)
			return true;
		words += n + strspn(words + n, " \n");
	}
	return false;
}

bool cgroup_enable_done(const char *enable, const char *subtree_control)
{
	while (*enable) {
		size_t n = strcspn(enable, " ");

		if (!has_word(subtree_control, enable + 1, n - 1))
			return false;
		enable += n + strspn(enable + n, " ");
	}
	return true;
}

/* The real root has no cgroup.type; the root of a cgroup namespace has. */
static bool blocks(int dir, const char *enable)
{
	cleanup_close int procs = FD_NONE;
	char text[LIST_SIZE];

	if (read_file_at(dir, "cgroup.subtree_control", text, sizeof(text)) >= 0 &&
	    cgroup_enable_done(enable, text))
		return false;
	if (faccessat(dir, "cgroup.type", F_OK, 0) < 0)
		return false;
	procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	return procs >= 0 && read(procs, text, 1) > 0;
}

int cgroup_enable_blocked(int root, const char *parent, const char *enable, char *out, size_t size)
{
	cleanup_close int dir = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[LIST_SIZE], name[256];
	const char *at = parent;

	if (!*enable)
		return 0;
	/* Nearly always all is done, and one read says so. */
	if (*parent) {
		(void)snprintf(out, size, "%s/cgroup.subtree_control", parent);
		if (read_file_at(root, out, text, sizeof(text)) >= 0 &&
		    cgroup_enable_done(enable, text))
			return 0;
	}
	while (dir >= 0) {
		size_t n = strcspn(at, "/");
		int next;

		if (blocks(dir, enable)) {
			n = (size_t)(at - parent);
			if (n && at[-1] == '/')
				n--;
			(void)snprintf(out, size, "/%.*s", (int)n, parent);
			return 1;
		}
		if (n == 0 || n >= sizeof(name))
			return 0;
		memcpy(name, at, n);
		name[n] = '\0';
		next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(dir);
		dir = next;
		at += n + (at[n] == '/');
	}
	return 0;
}
