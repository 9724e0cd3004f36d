/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor: the least a container start can cost on this kernel, with nothing around it. */
#include "bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/samples.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static void mark(struct floor *f, enum floor_mark m)
{
	f->marks->at[m] = now_ns();
}

void __attribute__((noreturn)) floor_child_fail(struct floor *f, const char *what)
{
	f->marks->failed = what;
	f->marks->error = errno;
	_exit(1);
}

static void joined(void *arg, size_t i)
{
	struct floor *f = arg;

	f->marks->join[i] = now_ns();
}

static int make_fs(const char *type)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC);
	int mnt = -1;

	if (fs >= 0 && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fs >= 0)
		close(fs);
	return mnt;
}

static void child_mounts(struct floor *f, int tree)
{
	int proc, dev, root;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		floor_child_fail(f, "private /");
	mark(f, MARK_PRIVATE);
	proc = make_fs("proc");
	mark(f, MARK_PROC);
	dev = make_fs("tmpfs");
	mark(f, MARK_DEV);
	if (proc < 0 || dev < 0)
		floor_child_fail(f, "make proc and tmpfs");
	root = tree;
	if (move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    move_mount(proc, "", root, "proc", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    move_mount(dev, "", root, "dev", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		floor_child_fail(f, "move_mount");
	mark(f, MARK_MOVED);
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		floor_child_fail(f, "pivot_root");
	mark(f, MARK_PIVOTED);
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		floor_child_fail(f, "detach the old root");
	mark(f, MARK_DETACHED);
}

static void __attribute__((noreturn)) child_main(struct floor *f)
{
	static char *const environment[] = {NULL};
	char *const argv[] = {(char *)f->program, NULL};
	int tree;

	mark(f, MARK_BORN);
	if (cgroups_join(&f->cgroups, joined, f))
		floor_child_fail(f, "join a cgroup");
	mark(f, MARK_JOINED);
	/* EINVAL once the mount namespace is another than the source's. */
	tree = open_tree(f->rootfs, "",
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		floor_child_fail(f, "open_tree");
	mark(f, MARK_TREE);
	/* Only now: the cgroup namespace is rooted in the cgroups of this moment. */
	if (unshare(CLONE_NEWNS | CLONE_NEWCGROUP) < 0)
		floor_child_fail(f, "unshare");
	mark(f, MARK_UNSHARED);
	child_mounts(f, tree);
	if (f->shared >= 0 && !strcmp(f->program, "/stamp"))
		dup2(f->shared, STDOUT_FILENO);
	execve(f->program, argv, environment);
	floor_child_fail(f, "execve");
}

pid_t floor_clone(uint64_t flags, int cgroup, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		die("clone3");
	return pid;
}

int floor_start(struct floor *f, const char *program, pid_t *pid)
{
	const uint64_t spaces = CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
	int pidfd = -1, unified;

	f->program = program;
	mark(f, MARK_START);
	if (f->with_cgroups)
		cgroups_make(&f->cgroups);
	unified = cgroups_hold(&f->cgroups);
	mark(f, MARK_CGROUPS);
	*pid = floor_clone(spaces, unified, &pidfd);
	if (!*pid)
		child_main(f);
	f->marks->cloned = now_ns();
	cgroups_release(&f->cgroups);
	return pidfd;
}

int floor_reap(int idtype, id_t id)
{
	siginfo_t info = {0};

	while (waitid((idtype_t)idtype, id, &info, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			die("waitid");
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void floor_check(const struct floor *f)
{
	if (f->marks->failed) {
		errno = f->marks->error;
		die("child: %s", f->marks->failed);
	}
}

void floor_finish(struct floor *f, int pidfd)
{
	(void)floor_reap(P_PIDFD, (id_t)pidfd);
	close(pidfd);
	mark(f, MARK_REAPED);
	if (f->with_cgroups)
		cgroups_remove(&f->cgroups);
	mark(f, MARK_REMOVED);
	floor_check(f);
}

uint64_t floor_round(void *arg)
{
	struct floor *f = arg;
	uint64_t start = now_ns();
	pid_t pid;

	floor_finish(f, floor_start(f, "/true", &pid));
	return now_ns() - start;
}

void floor_open(struct floor *f, const char *rootfs, bool with_cgroups)
{
	*f = (struct floor){.with_cgroups = with_cgroups};
	f->rootfs = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->rootfs < 0)
		die("%s", rootfs);
	f->shared = memfd_create("floor", MFD_CLOEXEC);
	if (f->shared < 0 || ftruncate(f->shared, sizeof(*f->marks)) < 0)
		die("memfd");
	f->marks = mmap(NULL, sizeof(*f->marks), PROT_READ | PROT_WRITE, MAP_SHARED, f->shared, 0);
	if (f->marks == MAP_FAILED)
		die("mmap");
	if (with_cgroups)
		cgroups_open(&f->cgroups);
}

void floor_close(struct floor *f)
{
	cgroups_close(&f->cgroups);
	munmap(f->marks, sizeof(*f->marks));
	close(f->shared);
	close(f->rootfs);
}
