/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: directories, device nodes, links and small files in the container's root. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "monitor/sys.h"

struct place {
	int parent;
	char last[256];
};

static int chown_here(const struct place *p, uint32_t uid, uint32_t gid)
{
	if (uid == 0 && gid == 0)
		return 0;
	return neg_errno(fchownat(p->parent, p->last, uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int do_mkdir(const struct place *p, const struct wire_step *s)
{
	if (mkdirat(p->parent, p->last, (mode_t)s->num[0] & 07777) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chown_here(p, (uint32_t)s->num[1], (uint32_t)s->num[2]);
}

/* A root that is used again has the node of the run before. */
static bool is_there(const struct place *p, mode_t mode, dev_t rdev)
{
	struct stat st;

	return fstatat(p->parent, p->last, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IFMT) == (mode & S_IFMT) && st.st_rdev == rdev;
}

static int do_mknod(const struct place *p, const struct wire_step *s)
{
	mode_t mode = (mode_t)s->num[0];
	dev_t rdev = (dev_t)s->num[1];

	if (mknodat(p->parent, p->last, mode, rdev) < 0)
		return errno == EEXIST && is_there(p, mode, rdev) ? 0 : -errno;
	return chown_here(p, (uint32_t)(s->num[2] >> 32), (uint32_t)s->num[2]);
}

static int do_symlink(const struct place *p, const char *target)
{
	return symlinkat(target, p->parent, p->last) < 0 && errno != EEXIST ? -errno : 0;
}

static int do_mkfile(const struct place *p, const struct wire_step *s, const char *bytes)
{
	int fd = openat(p->parent, p->last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			(mode_t)s->num[0] & 07777);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, s->str[1].size - 1);
	if (!r && (s->num[1] || s->num[2]))
		r = neg_errno(fchown(fd, (uid_t)s->num[1], (gid_t)s->num[2]));
	(void)close(fd);
	return r;
}

static int in_place(const struct child *c, const struct wire_step *s, const struct place *p)
{
	switch (s->op) {
	case WIRE_MKDIR:
		return do_mkdir(p, s);
	case WIRE_MKNOD:
		return do_mknod(p, s);
	case WIRE_SYMLINK:
		return do_symlink(p, child_text(c, s, 1));
	case WIRE_MKFILE:
		return do_mkfile(p, s, child_text(c, s, 1));
	default:
		return -EINVAL;
	}
}

int child_files(struct child *c, const struct wire_step *s)
{
	const char *path = child_text(c, s, 0);
	int root = child_slot(c, s, 1);
	struct place p;
	int r;

	/* The root itself has no parent, and is there. */
	if (s->op == WIRE_MKDIR && path[strspn(path, "/")] == '\0')
		return 0;
	p.parent = path_open_parent(root, path, p.last);
	if (p.parent < 0)
		return p.parent;
	r = in_place(c, s, &p);
	path_close_parent(root, p.parent);
	return r;
}
