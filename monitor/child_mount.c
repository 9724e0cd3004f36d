/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: mounts, always by descriptor. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "monitor/sys.h"

#define PROC_MAGIC 0x9fa0
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

static int do_tree(struct child *c, const struct wire_step *s)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;

	return child_fill(
		c, s, 1,
		sys_open_tree(child_slot(c, s, 0), "", flags | (s->num[0] ? AT_RECURSIVE : 0)));
}

/* The option that the kernel refuses becomes the failure's object. */
static int configure(struct child *c, int fs, const char *options, size_t size)
{
	for (const char *end = options + size; options < end; options += strlen(options) + 1) {
		const char *value = strchr(options, '=');
		char key[64];
		size_t n = value ? (size_t)(value - options) : strlen(options);
		int r;

		if (n >= sizeof(key))
			return -EINVAL;
		memcpy(key, options, n);
		key[n] = '\0';
		r = value ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value + 1)
			  : sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL);
		if (r < 0) {
			c->object = options;
			return r;
		}
	}
	return sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
}

static int make_fs(struct child *c, const char *type, const struct wire_span *options,
		   unsigned int attr)
{
	int fs = sys_fsopen(type);
	int r;

	if (fs < 0)
		return fs;
	r = configure(c, fs, c->launch->data + options->offset, options->size);
	if (!r)
		r = sys_fsmount(fs, attr);
	(void)close(fs);
	return r;
}

/* Where the file system of a step is mounted by a later one, or NULL. */
static const char *target_of(const struct child *c, const struct wire_step *s)
{
	int made = s->slot[1];

	for (s++; s->op != WIRE_EXEC; s++)
		if (s->op == WIRE_ATTACH && s->slot[0] == made)
			return child_text(c, s, 0);
	return NULL;
}

static void add_text(struct child *c, const char *text)
{
	size_t used = strlen(c->text);

	while (*text && used < sizeof(c->text) - 1)
		c->text[used++] = *text++;
	c->text[used] = '\0';
}

/* Two file systems of one type and options differ in where they go. */
static int do_fs(struct child *c, const struct wire_step *s)
{
	const char *type = child_text(c, s, 0), *target = target_of(c, s);
	int fs = make_fs(c, type, &s->str[1], (unsigned int)s->num[0]);

	if (fs < 0) {
		c->text[0] = '\0';
		add_text(c, type);
		if (c->object) {
			add_text(c, " with ");
			add_text(c, c->object);
		}
		if (target) {
			add_text(c, " for ");
			add_text(c, target);
		}
		c->object = c->text;
	}
	return child_fill(c, s, 1, fs);
}

static int do_attr(const struct child *c, const struct wire_step *s)
{
	struct mount_attr attr = {
		.attr_set = s->num[0],
		.attr_clr = s->num[1],
		.propagation = s->num[2],
	};

	return sys_mount_setattr(child_slot(c, s, 0), s->num[3] ? AT_RECURSIVE : 0, &attr);
}

static int do_attach_root(const struct child *c, const struct wire_step *s)
{
	return neg_errno(syscall(SYS_move_mount, child_slot(c, s, 0), "", AT_FDCWD, "/",
				 MOVE_MOUNT_F_EMPTY_PATH));
}

static int do_attach(const struct child *c, const struct wire_step *s)
{
	int root = child_slot(c, s, 1);
	const char *path = child_text(c, s, 0);
	int target = path_open(root, path, O_PATH);
	int r;

	if (target == -ENOENT && s->num[0]) {
		r = path_make(root, path, s->num[0] == 1);
		if (r < 0)
			return r;
		target = path_open(root, path, O_PATH);
	}
	if (target < 0)
		return target;
	r = sys_move_mount(child_slot(c, s, 0), target);
	(void)close(target);
	return r;
}

/* All masked directories show the same empty file system: made once, cloned after that. */
static int empty_dir(struct child *c)
{
	static const struct wire_span none;
	int made;

	if (c->empty_dir >= 0)
		return sys_open_tree(c->empty_dir, "",
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	made = make_fs(c, "tmpfs", &none,
		       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC);
	if (made >= 0)
		c->empty_dir = fcntl(made, F_DUPFD_CLOEXEC, 3);
	return made;
}

static int do_mask(struct child *c, const struct wire_step *s)
{
	int target = path_open(child_slot(c, s, 1), child_text(c, s, 0), O_PATH);
	struct stat st;
	int cover, r;

	if (target < 0)
		return target;
	if (fstat(target, &st) < 0) {
		r = -errno;
	} else if (!S_ISDIR(st.st_mode)) {
		r = sys_move_mount(child_slot(c, s, 0), target);
	} else {
		cover = empty_dir(c);
		r = cover < 0 ? cover : sys_move_mount(cover, target);
		if (cover >= 0)
			(void)close(cover);
	}
	(void)close(target);
	return r;
}

static int do_readonly(const struct child *c, const struct wire_step *s)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int target = path_open(child_slot(c, s, 1), child_text(c, s, 0), O_PATH);
	int tree, r;

	if (target < 0)
		return target;
	tree = sys_open_tree(target, "",
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	r = tree < 0 ? tree : sys_mount_setattr(tree, AT_RECURSIVE, &attr);
	if (!r)
		r = sys_move_mount(tree, target);
	if (tree >= 0)
		(void)close(tree);
	(void)close(target);
	return r;
}

static int do_pivot(const struct child *c, const struct wire_step *s)
{
	if (fchdir(child_slot(c, s, 0)) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    syscall(SYS_umount2, ".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/* Whoever can mount in the container's root must not make us write elsewhere than into procfs. */
static int write_proc(const struct child *c, const struct wire_step *s, const char *path)
{
	int fd = sys_openat2(child_slot(c, s, 0), path, O_WRONLY | O_CLOEXEC, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	struct statfs fs;
	int r = 0;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		r = -errno;
	else if (fs.f_type != PROC_MAGIC)
		r = -EXDEV;
	else if (write(fd, child_text(c, s, 1), s->str[1].size - 1) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

static int do_proc_write(const struct child *c, const struct wire_step *s)
{
	const char *path = child_text(c, s, 0);
	char below[256] = "self/";
	size_t n = strlen(path);

	if (n >= sizeof(below) - 5)
		return -ENAMETOOLONG;
	memcpy(below + 5, path, n + 1);
	return write_proc(c, s, below);
}

static int do_chroot(const struct child *c, const struct wire_step *s)
{
	if (fchdir(child_slot(c, s, 0)) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

int child_mounts(struct child *c, const struct wire_step *s)
{
	switch (s->op) {
	case WIRE_PROPAGATION:
		c->object = "/";
		return neg_errno(
			syscall(SYS_mount, NULL, "/", NULL, (unsigned long)s->num[0], NULL));
	case WIRE_TREE:
		return do_tree(c, s);
	case WIRE_FS:
		return do_fs(c, s);
	case WIRE_ATTR:
		return do_attr(c, s);
	case WIRE_ATTACH_ROOT:
		c->object = "/";
		return do_attach_root(c, s);
	case WIRE_ATTACH:
		return do_attach(c, s);
	case WIRE_MASK:
		return do_mask(c, s);
	case WIRE_READONLY:
		return do_readonly(c, s);
	case WIRE_PIVOT:
		c->object = "/";
		return do_pivot(c, s);
	case WIRE_SYSCTL:
		return write_proc(c, s, child_text(c, s, 0));
	case WIRE_PROC_WRITE:
		return do_proc_write(c, s);
	case WIRE_CHROOT:
		return do_chroot(c, s);
	default:
		return -EINVAL;
	}
}
