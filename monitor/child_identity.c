/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: limits, working directory, user, capabilities, seccomp. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/sys.h"

/*
 * The libc's own versions signal all threads, which there are none of, or are wider than the call.
 */
#ifdef SYS_setresuid32
#define CALL_SETRESUID SYS_setresuid32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETGROUPS SYS_setgroups32
#else
#define CALL_SETRESUID SYS_setresuid
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETGROUPS SYS_setgroups
#endif
#define CAPS_MAX 64

struct limit64 {
	uint64_t soft, hard;
};

static int do_rlimit(struct child *c, const struct wire_step *s)
{
	struct limit64 limit = {s->num[1], s->num[2]};

	c->nofile_set |= s->num[0] == RLIMIT_NOFILE;
	return neg_errno(syscall(SYS_prlimit64, 0, (int)s->num[0], &limit, NULL));
}

/* As the user that it is by now. */
static int make_directory(const char *path)
{
	char copy[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, n + 1);
	for (char *p = copy + 1; p[-1]; p++) {
		char end = *p;

		if (end != '/' && end != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = end;
		if (!end)
			break;
	}
	return 0;
}

static int do_chdir(const struct child *c, const struct wire_step *s)
{
	const char *path = child_text(c, s, 0);
	char cwd[PATH_MAX];
	int r = neg_errno(chdir(path));

	if (r == -ENOENT && s->num[0] && *path) {
		r = make_directory(path);
		if (!r)
			r = neg_errno(chdir(path));
	}
	if (r < 0)
		return r;
	/* A directory outside the root, reached through a descriptor, is "(unreachable)/...". */
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0)
		return -errno;
	return cwd[0] == '/' ? 0 : -EXDEV;
}

static int do_ids(const struct wire_step *s)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
	    syscall(CALL_SETRESGID, (gid_t)s->num[1], (gid_t)s->num[1], (gid_t)s->num[1]) < 0 ||
	    syscall(CALL_SETRESUID, (uid_t)s->num[0], (uid_t)s->num[0], (uid_t)s->num[0]) < 0)
		return -errno;
	return 0;
}

/* The kernel's last capability is the one after which it says EINVAL. */
static int do_bounding(const struct wire_step *s)
{
	for (unsigned long cap = 0; cap < CAPS_MAX; cap++) {
		if (s->num[0] & 1ull << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

static int raise_ambient(uint64_t mask)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (unsigned long cap = 0; cap < CAPS_MAX && mask >> cap; cap++)
		if (mask & 1ull << cap &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

static int do_caps(const struct wire_step *s)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(s->num[0] >> 32 * i);
		data[i].permitted = (uint32_t)(s->num[1] >> 32 * i);
		data[i].inheritable = (uint32_t)(s->num[2] >> 32 * i);
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	return raise_ambient(s->num[3]);
}

static int do_seccomp(const struct child *c, const struct wire_step *s)
{
	struct sock_fprog program = {
		.len = (unsigned short)(s->str[0].size / sizeof(struct sock_filter)),
		.filter = (void *)(c->launch->data + s->str[0].offset),
	};

	return neg_errno(
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned int)s->num[0], &program));
}

int child_identity(struct child *c, const struct wire_step *s)
{
	switch (s->op) {
	case WIRE_RLIMIT:
		return do_rlimit(c, s);
	case WIRE_UMASK:
		(void)umask((mode_t)s->num[0] & 07777);
		c->umask_set = true;
		return 0;
	case WIRE_CHDIR:
		return do_chdir(c, s);
	case WIRE_GROUPS:
		return neg_errno(syscall(CALL_SETGROUPS, s->str[0].size / sizeof(uint32_t),
					 c->launch->data + s->str[0].offset));
	case WIRE_IDS:
		return do_ids(s);
	case WIRE_BOUNDING:
		return do_bounding(s);
	case WIRE_CAPS:
		return do_caps(s);
	case WIRE_NO_NEW_PRIVS:
		return neg_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	case WIRE_SECCOMP:
		return do_seccomp(c, s);
	default:
		return -EINVAL;
	}
}
