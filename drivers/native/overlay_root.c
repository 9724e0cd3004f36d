/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A root of layers: rootfs = "overlay:LOWER[:LOWER...]". */
#include "drivers/native/overlay_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/overlay.h"

#define PREFIX "overlay:"

static const char *wanted(const struct exd_command *command)
{
	const char *text = exd_command_string(command, EXD_KEY_ROOTFS, "");

	return strncmp(text, PREFIX, strlen(PREFIX)) == 0 ? text + strlen(PREFIX) : NULL;
}

bool native_overlay_wanted(const struct exd_command *command)
{
	return wanted(command) != NULL;
}

/* The next path, in place of what it was taken from: "\:" is a colon, "\\" a backslash. */
static char *next_path(char **text)
{
	char *start = *text, *to = start, *from = start;

	for (; *from && *from != ':'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*text = *from ? from + 1 : NULL;
	*to = '\0';
	return start;
}

static int open_lower(struct native_run *run, const char *path)
{
	struct native_overlay *overlay = run->overlay;
	int fd;

	if (*path != '/')
		return exd_error_set(run->err, EXD_ERR_ROOTFS, 0,
				     "lower directory '%s' of the rootfs is no absolute path", path);
	if (overlay->count == NATIVE_OVERLAY_LOWERS)
		return exd_error_set(run->err, EXD_ERR_ROOTFS, 0,
				     "the rootfs has more than %d lower directories",
				     NATIVE_OVERLAY_LOWERS);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return exd_error_set(run->err, EXD_ERR_ROOTFS, errno,
				     "cannot open '%s', a lower directory of the rootfs", path);
	overlay->lower[overlay->count++] = fd;
	return 0;
}

/* Without an upper directory one is not an overlay, but looks the same. */
static int look(struct native_run *run)
{
	const struct native_overlay *lower = run->overlay;
	const struct overlay overlay = {
		.lower = lower->lower,
		.count = lower->count,
		.upper = -1,
		.work = -1,
	};

	run->rootfs_fd = lower->count == 1 ? fcntl(lower->lower[0], F_DUPFD_CLOEXEC, 0)
					   : overlay_make(&overlay);
	if (run->rootfs_fd >= 0)
		return 0;
	errno = lower->count == 1 ? errno : -run->rootfs_fd;
	run->rootfs_fd = FD_NONE;
	return exd_error_set(run->err, EXD_ERR_ROOTFS, errno,
			     "cannot put %zu lower directories of the rootfs together",
			     lower->count);
}

int native_overlay_open(struct native_run *run)
{
	cleanup_free char *copy = strdup(wanted(run->command));
	char *text = copy;
	int r = 0;

	run->overlay = calloc(1, sizeof(*run->overlay));
	if (!copy || !run->overlay)
		return exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "rootfs");
	while (text && r == 0)
		r = open_lower(run, next_path(&text));
	return r < 0 ? r : look(run);
}

static int check(const struct native_run *run)
{
	int root = exd_plan_root_fd(run->plan);
	struct statfs fs;

	if (strcmp(exd_command_string(run->command, EXD_KEY_ROOTFS_PROPAGATION, ""), "slave") == 0)
		return exd_error_set(run->err, EXD_ERR_KEY, 0,
				     "rootfs_propagation slave: an overlay is a mount of its own");
	if (root >= 0 && fstatfs(root, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC)
		return exd_error_set(run->err, EXD_ERR_ROOTFS, 0,
				     "an overlay cannot be written to in a state directory that is "
				     "on an overlay itself: choose another (--root)");
	return 0;
}

int native_overlay_trees(struct native_run *run, uint64_t attr)
{
	struct native_overlay *overlay = run->overlay;
	const int scratch[2] = {exd_plan_slot(run->plan), exd_plan_slot(run->plan)};
	int slots[NATIVE_OVERLAY_LOWERS], r = check(run);

	if (r < 0)
		return r;
	for (size_t i = 0; i < overlay->count; i++)
		slots[i] = exd_plan_fd_consume(run->plan, take_fd(&overlay->lower[i]), EXD_FD_KEEP);
	run->root = exd_plan_slot(run->plan);
	(void)exd_plan_scratch(run->plan, scratch[0], scratch[1]);
	return exd_plan_overlay(run->plan, slots, overlay->count, run->root, scratch, attr);
}

void native_overlay_release(struct native_run *run)
{
	for (size_t i = 0; run->overlay && i < run->overlay->count; i++)
		cleanup_close_fn(&run->overlay->lower[i]);
	free(run->overlay);
}
