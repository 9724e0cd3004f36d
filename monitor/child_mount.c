/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: mounts, always by descriptor. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
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
	} else if (strcmp(type, "proc") == 0) {
		c->proc = s->slot[1];
	} else if (strcmp(type, "sysfs") == 0) {
		c->sys = s->slot[1];
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

/*
 * The host may be in a chroot. Where its "/" is no mount, nothing can be mounted there for us
 * alone, and pivot_root(2) fails; where it is one, the pivot leaves the true root around the container, to
 * be had by ".." or setns(2). Joining the namespace that it has just got takes this process to that
 * root, which then goes as a whole. Nobody else's code runs before the pivot.
 */
static int go_to_root(struct child *c)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int r = self < 0 ? -errno : neg_errno(setns(self, CLONE_NEWNS));

	if (self >= 0)
		(void)close(self);
	if (r < 0)
		c->object = "leaving a chroot, which takes CAP_SYS_CHROOT";
	return r;
}

static int do_propagation(struct child *c, const struct wire_step *s)
{
	int r = go_to_root(c);

	if (r < 0)
		return r;
	c->object = "/";
	return neg_errno(syscall(SYS_mount, NULL, "/", NULL, (unsigned long)s->num[0], NULL));
}

static int do_attach_root(const struct child *c, const struct wire_step *s)
{
	return neg_errno(syscall(SYS_move_mount, child_slot(c, s, 0), "", AT_FDCWD, "/",
				 MOVE_MOUNT_F_EMPTY_PATH));
}

/* One name, so that no link can be on the way to it. */
static bool is_entry(const char *path)
{
	return *path && !strchr(path, '/') && strcmp(path, ".") != 0 && strcmp(path, "..") != 0;
}

/*
 * In the procfs and the sysfs of the plan's own all names are the kernel's, and stay what they are:
 * one of them that is no link needs no resolving.
 */
static bool is_kernel_entry(const struct child *c, const struct wire_step *s, struct stat *st)
{
	const char *path = child_text(c, s, 0);

	return (s->slot[1] == c->proc || s->slot[1] == c->sys) && is_entry(path) &&
	       fstatat(child_slot(c, s, 1), path, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !S_ISLNK(st->st_mode);
}

/* A directory below its root, as most are: anything unusual is left to the long way. */
static bool attach_directly(int mount, int root, const char *name)
{
	int r = sys_move_mount_at(mount, root, name);

	if (r == -ENOENT && mkdirat(root, name, 0755) == 0)
		r = sys_move_mount_at(mount, root, name);
	return r == 0;
}

static int do_attach(const struct child *c, const struct wire_step *s)
{
	int root = child_slot(c, s, 1);
	const char *path = child_text(c, s, 0);
	int target, r;

	if (s->num[0] == 1 && is_entry(path) && attach_directly(child_slot(c, s, 0), root, path))
		return 0;
	target = path_open(root, path, O_PATH);
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

/* A place to be mounted on: an entry `name` of `dir`, or `dir` itself when there is no name. */
struct place {
	int dir;
	const char *name;
	int opened; /* to be closed, or -1 */
	struct stat st;
};

static int find_place(const struct child *c, const struct wire_step *s, struct place *place)
{
	*place = (struct place){
		.dir = child_slot(c, s, 1), .name = child_text(c, s, 0), .opened = -1};
	if (is_kernel_entry(c, s, &place->st))
		return 0;
	place->opened = path_open(place->dir, place->name, O_PATH);
	if (place->opened < 0)
		return place->opened;
	place->dir = place->opened;
	place->name = NULL;
	return fstat(place->dir, &place->st) < 0 ? -errno : 0;
}

static int mount_on(int mount, const struct place *place)
{
	if (mount < 0)
		return mount;
	return place->name ? sys_move_mount_at(mount, place->dir, place->name)
			   : sys_move_mount(mount, place->dir);
}

static void leave_place(const struct place *place)
{
	if (place->opened >= 0)
		(void)close(place->opened);
}

static int do_mask(struct child *c, const struct wire_step *s)
{
	struct place place;
	int r = find_place(c, s, &place);

	if (!r && S_ISDIR(place.st.st_mode)) {
		int cover = empty_dir(c);

		r = mount_on(cover, &place);
		if (cover >= 0)
			(void)close(cover);
	} else if (!r) {
		r = mount_on(child_slot(c, s, 0), &place);
	}
	leave_place(&place);
	return r;
}

static int do_readonly(const struct child *c, const struct wire_step *s)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	struct place place;
	int r = find_place(c, s, &place);
	int tree = r;

	if (!r)
		tree = place.name ? sys_open_tree(place.dir, place.name,
						  flags | AT_SYMLINK_NOFOLLOW)
				  : sys_open_tree(place.dir, "", flags | AT_EMPTY_PATH);
	r = tree < 0 ? tree : sys_mount_setattr(tree, AT_RECURSIVE, &attr);
	if (!r)
		r = mount_on(tree, &place);
	if (tree >= 0)
		(void)close(tree);
	leave_place(&place);
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
		return do_propagation(c, s);
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
