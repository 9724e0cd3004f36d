/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether namespaces of each kind can be made, by root and by ordinary users. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driverctl/host.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define NOBODY 65534

struct kind {
	int flag;
	const char *limit;  /* of how many there may be */
	const char *option; /* of the kernel's configuration */
};

static const struct kind mnt = {CLONE_NEWNS, "mnt", "CONFIG_NAMESPACES"};
static const struct kind pid = {CLONE_NEWPID, "pid", "CONFIG_PID_NS"};
static const struct kind ipc = {CLONE_NEWIPC, "ipc", "CONFIG_IPC_NS"};
static const struct kind uts = {CLONE_NEWUTS, "uts", "CONFIG_UTS_NS"};
static const struct kind net = {CLONE_NEWNET, "net", "CONFIG_NET_NS"};
static const struct kind cgroup = {CLONE_NEWCGROUP, "cgroup", "CONFIG_CGROUPS"};
static const struct kind user = {CLONE_NEWUSER, "user", "CONFIG_USER_NS"};
static const struct kind time_kind = {CLONE_NEWTIME, "time", "CONFIG_TIME_NS"};

static void cure(struct host_answer *answer, const struct kind *kind, int r)
{
	if (r == -ENOSPC)
		host_cure(answer, "sysctl -w user.max_%s_namespaces=65536", kind->limit);
	else if (r == -EUSERS)
		host_cure(answer, "leave a user namespace: 32 of them are inside each other here");
	else if (r == -EINVAL || r == -ENOSYS)
		host_cure(answer, "use a kernel with %s", kind->option);
	else
		host_cure(answer, "run as root with CAP_SYS_ADMIN, and outside of seccomp filters "
				  "that refuse unshare(2)");
}

static void refused(struct host_answer *answer, const struct kind *kind, int r)
{
	host_say(answer, EXD_REPORT_NO, "cannot be made: %s", strerror(-r));
	cure(answer, kind, r);
}

static void probe_kind(struct host_answer *answer, const void *arg)
{
	const struct kind *kind = arg;
	int r = host_unshare(kind->flag);

	if (r < 0)
		refused(answer, kind, r);
	else if (r == 0)
		host_say(answer, EXD_REPORT_YES, "can be made");
	else
		host_say(answer, EXD_REPORT_YES, "can be made inside a user namespace of one's own");
}

static void probe_user(struct host_answer *answer, const void *arg)
{
	if (unshare(CLONE_NEWUSER) < 0)
		refused(answer, arg, -errno);
	else
		host_say(answer, EXD_REPORT_YES, "can be made");
}

/* What distributions and administrators keep it from ordinary users with. */
static void cure_ordinary(struct host_answer *answer, int r)
{
	if (host_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		host_cure(answer, "sysctl -w kernel.unprivileged_userns_clone=1");
	else if (host_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		host_cure(answer, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
	else if (host_number("/proc/sys/user/max_user_namespaces") == 0)
		host_cure(answer, "sysctl -w user.max_user_namespaces=15000");
	else
		cure(answer, &user, r);
}

/* AppArmor lets it be made and then takes away what it is good for: that is tried as well. */
static void probe_ordinary(struct host_answer *answer, const void *arg)
{
	const char *done = "become an ordinary user";
	int r = 0;

	(void)arg;
	/* By themselves: the C library's would reach all threads, of which there are no more. */
	if (geteuid() == 0 && (syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) < 0 ||
			       syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) < 0))
		r = -errno;
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (r == 0) {
		done = "make one";
		r = unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
	}
	if (r == 0) {
		done = "make a mount namespace in theirs";
		r = unshare(CLONE_NEWNS) < 0 ? -errno : 0;
	}
	if (r == 0) {
		host_say(answer, EXD_REPORT_YES, "ordinary users can make one");
		return;
	}
	host_say(answer, EXD_REPORT_NO, "ordinary users cannot %s: %s", done, strerror(-r));
	cure_ordinary(answer, r);
}

const struct host_probe host_namespaces[] = {
	{"namespace.mnt", probe_kind, &mnt},
	{"namespace.pid", probe_kind, &pid},
	{"namespace.ipc", probe_kind, &ipc},
	{"namespace.uts", probe_kind, &uts},
	{"namespace.net", probe_kind, &net},
	{"namespace.cgroup", probe_kind, &cgroup},
	{"namespace.time", probe_kind, &time_kind},
	{"namespace.user", probe_user, &user},
	{"namespace.user.ordinary", probe_ordinary, NULL},
	{NULL, NULL, NULL},
};
