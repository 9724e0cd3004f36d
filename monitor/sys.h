/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that a libc may lack, or wraps in more than the call; negative errno. */
#ifndef EXECDRIVER_MONITOR_SYS_H
#define EXECDRIVER_MONITOR_SYS_H

#include <errno.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static inline int neg_errno(long r)
{
	return r < 0 ? -errno : (int)r;
}

static inline int sys_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return neg_errno(syscall(SYS_open_tree, dirfd, path, flags));
}

/* From a descriptor of a mount to a descriptor of a place. */
static inline int sys_move_mount(int mount, int target)
{
	return neg_errno(syscall(SYS_move_mount, mount, "", target, "",
				 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

/* To an entry of a directory; a link there is not followed, and takes no directory. */
static inline int sys_move_mount_at(int mount, int dir, const char *name)
{
	return neg_errno(syscall(SYS_move_mount, mount, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH));
}

static inline int sys_fsopen(const char *type)
{
	return neg_errno(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
}

static inline int sys_fsconfig(int fs, unsigned int cmd, const char *key, const void *value)
{
	return neg_errno(syscall(SYS_fsconfig, fs, cmd, key, value, 0));
}

static inline int sys_fsmount(int fs, unsigned int attr)
{
	return neg_errno(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr));
}

static inline int sys_mount_setattr(int fd, unsigned int flags, struct mount_attr *attr)
{
	return neg_errno(
		syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, attr, sizeof(*attr)));
}

static inline int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode,
			      uint64_t resolve)
{
	struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};

	return neg_errno(syscall(SYS_openat2, dirfd, path, &how, sizeof(how)));
}

static inline int sys_pidfd_signal(int pidfd, int sig)
{
	return neg_errno(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

static inline int sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return neg_errno(syscall(SYS_close_range, first, last, flags));
}

#endif
