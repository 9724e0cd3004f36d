/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of swap on kernels that do not count it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/cgroup_limits.h"

/* For certain: when it cannot be told, the limit is set, and that says what is wrong. */
static bool lacks_file(int dir, const char *file)
{
	return faccessat(dir, file, F_OK, 0) < 0 && errno == ENOENT;
}

/* The root of v2 has no limits, and a parent that is not there yet says nothing. */
static bool no_swap_v2(int root, const char *parent)
{
	cleanup_close int dir = *parent ? openat(root, parent, O_PATH | O_DIRECTORY | O_CLOEXEC)
					: FD_NONE;

	return dir >= 0 && !lacks_file(dir, "memory.max") && lacks_file(dir, "memory.swap.max");
}

static bool has_limit(const struct native_limits *limits, const char *file)
{
	for (size_t i = 0; i < limits->count; i++)
		if (strcmp(native_limit_file(&limits->list[i]), file) == 0)
			return true;
	return false;
}

void native_limits_check_swap(struct native_limits *limits, int version, int root,
			      const char *parent)
{
	const char *file = version == 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
	size_t kept = 0;

	if (!has_limit(limits, file) ||
	    (version == 1 ? !lacks_file(root, file) : !no_swap_v2(root, parent)))
		return;
	for (size_t i = 0; i < limits->count; i++) {
		struct native_limit *limit = &limits->list[i];

		if (strcmp(native_limit_file(limit), file) != 0)
			limits->list[kept++] = *limit;
		else if (!limit->skip_missing)
			limits->refused[limits->refused_count++] = (struct native_refusal){
				limit->key, "memory",
				"this kernel does not count swap: it takes CONFIG_SWAP and, at "
				"boot, swapaccount=1"};
	}
	limits->count = kept;
}
