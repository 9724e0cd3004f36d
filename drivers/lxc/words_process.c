/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps on the process itself: limits, user, capabilities, filter, label. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "drivers/lxc/words.h"
#include "monitor/sys.h"

#define CAPS_MAX 64
#define GROUPS_MAX 65536

/* A session keyring of its own; where the kernel refuses that, the one it has stays. */
int words_keyring(struct words *w, const char *arg)
{
	(void)w;
	(void)arg;
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	return 0;
}

/* RESOURCE SOFT HARD, in hexadecimal */
int words_rlimit(struct words *w, const char *arg)
{
	struct {
		uint64_t soft, hard;
	} limit;
	char *end;
	int resource = (int)strtol(arg, &end, 10);

	(void)w;
	limit.soft = strtoull(end, &end, 16);
	limit.hard = strtoull(end, &end, 16);
	return *end ? -EINVAL : neg_errno(syscall(SYS_prlimit64, 0, resource, &limit, NULL));
}

int words_umask(struct words *w, const char *arg)
{
	(void)w;
	(void)umask((mode_t)strtoul(arg, NULL, 8) & 07777);
	return 0;
}

/* The kernel's last capability is the one after which it says EINVAL. */
int words_bounding(struct words *w, const char *arg)
{
	uint64_t keep = strtoull(arg, NULL, 16);

	(void)w;
	for (unsigned long cap = 0; cap < CAPS_MAX; cap++) {
		if (keep & 1ull << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

/* Any number of them, or none */
int words_groups(struct words *w, const char *arg)
{
	gid_t *gids = calloc(strlen(arg) / 2 + 1, sizeof(*gids));
	size_t count = 0;
	char *end;
	int r;

	(void)w;
	if (!gids)
		return -ENOMEM;
	for (unsigned long gid = strtoul(arg, &end, 10); end != arg && count < GROUPS_MAX;
	     gid = strtoul(arg, &end, 10)) {
		gids[count++] = (gid_t)gid;
		arg = end;
	}
	r = neg_errno(setgroups(count, gids));
	free(gids);
	return r;
}

int words_no_new_privs(struct words *w, const char *arg)
{
	(void)w;
	(void)arg;
	return neg_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* The descriptor of a sealed file of instructions, and flags in hexadecimal */
int words_seccomp(struct words *w, const char *arg)
{
	char *end;
	int fd = (int)strtol(arg, &end, 10);
	unsigned int flags = (unsigned int)strtoul(end, NULL, 16);
	struct stat st;
	struct sock_fprog program;
	void *filter;
	int r;

	w->object = "seccomp filter";
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > BPF_MAXINSNS * (off_t)sizeof(struct sock_filter))
		return -EINVAL;
	filter = malloc((size_t)st.st_size);
	if (!filter)
		return -ENOMEM;
	if (pread(fd, filter, (size_t)st.st_size, 0) != (ssize_t)st.st_size) {
		free(filter);
		return -EIO;
	}
	program.len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	program.filter = filter;
	r = neg_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
	free(filter);
	(void)close(fd);
	return r;
}

/* UID GID */
int words_ids(struct words *w, const char *arg)
{
	char *end;
	uid_t uid = (uid_t)strtoul(arg, &end, 10);
	gid_t gid = (gid_t)strtoul(end, NULL, 10);

	(void)w;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/* HEX: effective and permitted; none are inherited */
int words_caps(struct words *w, const char *arg)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};
	uint64_t caps = strtoull(arg, NULL, 16);

	(void)w;
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (uint32_t)(caps >> 32 * i);
	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	return neg_errno(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

int words_chdir(struct words *w, const char *arg)
{
	char cwd[PATH_MAX];

	w->object = arg;
	if (chdir(arg) < 0 || syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0)
		return -errno;
	/* a directory outside the root, reached through a descriptor, is "(unreachable)/..." */
	return cwd[0] == '/' ? 0 : -EXDEV;
}

/* Only to the kernel's own procfs: an exec's container may have put anything there. */
static int write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = fd < 0 ? -errno : 0;
	struct statfs fs;

	if (r == 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC))
		r = -ENODEV;
	if (r == 0 && write(fd, text, strlen(text)) < 0)
		r = -errno;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int words_score(struct words *w, const char *arg)
{
	w->object = "oom_score_adj";
	return write_proc("/proc/self/oom_score_adj", arg);
}

/* apparmor PROFILE, or selinux CONTEXT: for the program, from its execve on */
int words_label(struct words *w, const char *arg)
{
	const char *profile = words_is(arg, "apparmor"), *context = words_is(arg, "selinux");
	char text[1024];
	int r;

	w->object = arg;
	if (context)
		return write_proc("/proc/self/attr/exec", context);
	if (!profile ||
	    (size_t)snprintf(text, sizeof(text), "exec %s", profile) >= sizeof(text))
		return -EINVAL;
	r = write_proc("/proc/self/attr/apparmor/exec", text);
	return r == -ENOENT ? write_proc("/proc/self/attr/exec", text) : r;
}
