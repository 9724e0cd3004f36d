/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child step: the root by chroot(2), where the host's is a ramfs that cannot be pivoted away. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <unistd.h>

#include "monitor/sys.h"

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef UMOUNT_NOFOLLOW
#define UMOUNT_NOFOLLOW 8
#endif
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

#define LINE_MAX_SIZE 8192
#define PASSES 64

/* A line of mountinfo: ID PARENT MAJOR:MINOR ROOT POINT ... */
struct line {
	uint64_t id;
	uint64_t parent;
	char *point;
};

static int mount_id(int dir, const char *path, uint64_t *id)
{
	struct statx st;

	if (syscall(SYS_statx, dir, path, *path ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH, STATX_MNT_ID,
		    &st) < 0)
		return -errno;
	*id = st.stx_mnt_id;
	return st.stx_mask & STATX_MNT_ID ? 0 : -EOPNOTSUPP;
}

static uint64_t number(char **text)
{
	uint64_t n = 0;

	while (**text >= '0' && **text <= '9')
		n = n * 10 + (uint64_t)(*(*text)++ - '0');
	*text += **text == ' ';
	return n;
}

static bool is_octal(const char *text)
{
	return text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
	       text[2] <= '7' && text[3] >= '0' && text[3] <= '7';
}

/* Blanks, tabs, newlines and backslashes are written as octal numbers. */
static void unescape(char *text)
{
	char *to = text;

	while (*text)
		if (is_octal(text)) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	*to = '\0';
}

static bool read_line(char *text, struct line *line)
{
	char *end;

	line->id = number(&text);
	line->parent = number(&text);
	for (int i = 0; i < 2; i++) {
		text = strchr(text, ' ');
		if (!text)
			return false;
		text++;
	}
	line->point = text;
	end = strchr(text, ' ');
	if (!end)
		return false;
	*end = '\0';
	unescape(line->point);
	return true;
}

/* What is mounted on the old root, but for the new one and what others mounted over it. */
static int detach(char *text, uint64_t old, uint64_t new)
{
	struct line line;

	if (!read_line(text, &line) || line.parent != old || line.id == new)
		return 0;
	if (syscall(SYS_umount2, line.point, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return -errno;
	return 1;
}

/* How many were detached: the list changes meanwhile, so it is read until it holds none. */
static int detach_listed(int list, uint64_t old, uint64_t new)
{
	char text[LINE_MAX_SIZE];
	size_t used = 0;
	ssize_t n;
	int count = 0;

	while ((n = read(list, text + used, sizeof(text) - 1 - used)) > 0) {
		char *start = text, *end;

		used += (size_t)n;
		text[used] = '\0';
		while ((end = strchr(start, '\n'))) {
			int r;

			*end = '\0';
			r = detach(start, old, new);
			if (r < 0)
				return r;
			count += r;
			start = end + 1;
		}
		used = (size_t)(text + used - start);
		memmove(text, start, used);
		if (used == sizeof(text) - 1)
			return -ENAMETOOLONG;
	}
	return n < 0 ? -errno : count;
}

static int detach_all(int proc, uint64_t old, uint64_t new)
{
	int r = 1;

	for (int i = 0; i < PASSES && r > 0; i++) {
		int list = sys_openat2(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC, 0,
				       RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);

		r = list < 0 ? list : detach_listed(list, old, new);
		if (list >= 0)
			(void)close(list);
	}
	return r > 0 ? -EBUSY : r;
}

/*
 * The new root lies over the old one in full, so that ".." leads nowhere else from it. But all that is
 * mounted on the old one has to go: a procfs of the host's that nothing hides would let a user
 * namespace inside mount one without the masks of ours.
 */
int child_no_pivot(struct child *c, const struct wire_step *s)
{
	uint64_t old, new;
	int root = child_slot(c, s, 0);
	int r = mount_id(AT_FDCWD, "/", &old);

	c->object = "/";
	if (!r)
		r = mount_id(root, "", &new);
	if (!r)
		r = old == new ? -EINVAL : detach_all(child_slot(c, s, 1), old, new);
	if (r < 0)
		return r;
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}
