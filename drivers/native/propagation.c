/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether mounts of the host's can come in, or ours go out, through a bind. */
#include "drivers/native/propagation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

struct origin {
	bool shared;
	bool slave;
	char *point; /* where it is mounted, as mountinfo writes it; to be freed */
};

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER */
static int read_line(const char *line, struct origin *out)
{
	const char *end = strstr(line, " - ");
	char point[4096];

	if (!end || sscanf(line, "%*u %*u %*s %*s %4095s", point) != 1)
		return -EBADMSG;
	out->shared = memmem(line, (size_t)(end - line), " shared:", 8) != NULL;
	out->slave = memmem(line, (size_t)(end - line), " master:", 8) != NULL;
	out->point = strdup(point);
	return out->point ? 0 : -ENOMEM;
}

static int find(int fd, struct origin *out)
{
	cleanup_fclose FILE *file = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	struct statx st;

	if (!file || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	while (getline(&line, &size, file) > 0)
		if (strtoull(line, NULL, 10) == st.stx_mnt_id)
			return read_line(line, out);
	return -ENOENT;
}

int native_propagation_check(int source_fd, const struct exd_mount *mount, struct exd_error *err)
{
	bool shared = mount->propagation == MS_SHARED;
	struct origin origin = {0};
	cleanup_free char *point = NULL;
	int r;

	if (!shared && mount->propagation != MS_SLAVE)
		return 0;
	r = find(source_fd, &origin);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_MOUNT, -r,
				     "cannot tell on which mount '%s' is, the source of '%s'",
				     mount->source, mount->target);
	point = origin.point;
	if (origin.shared || (!shared && origin.slave))
		return 0;
	return exd_error_set(err, EXD_ERR_MOUNT, 0,
			     "'%s' is to be a %s mount on '%s', but is mounted on '%s', which is "
			     "not a shared mount: 'mount --make-shared %s', or leave it private",
			     mount->source, shared ? "shared" : "slave", mount->target, point,
			     point);
}
