/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child steps: cgroups, namespaces, session, waiting for the host. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "monitor/sys.h"

/* Linux 5.6; older headers lack it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int do_open(struct child *c, const struct wire_step *s)
{
	int dir = s->slot[0] == WIRE_NO_SLOT ? AT_FDCWD : child_slot(c, s, 0);
	int fd = openat(dir, child_text(c, s, 0),
			(int)s->num[0] | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	return child_fill(c, s, 1, fd < 0 ? -errno : fd);
}

static const char *namespace_name(uint64_t type)
{
	switch (type) {
	case CLONE_NEWNS:
		return "mnt";
	case CLONE_NEWPID:
		return "pid";
	case CLONE_NEWNET:
		return "net";
	case CLONE_NEWIPC:
		return "ipc";
	case CLONE_NEWUTS:
		return "uts";
	case CLONE_NEWUSER:
		return "user";
	case CLONE_NEWCGROUP:
		return "cgroup";
	case CLONE_NEWTIME:
		return "time";
	default:
		return "namespace";
	}
}

/* Who has no rights to join a namespace may be in it already, and then nothing is left to do. */
static bool is_in(int namespace, const char *name)
{
	char path[40] = "/proc/self/ns/";
	struct stat own, other;

	memcpy(path + strlen(path), name, strlen(name) + 1);
	return stat(path, &own) == 0 && fstat(namespace, &other) == 0 &&
	       own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

static int do_setns(struct child *c, const struct wire_step *s)
{
	int fd = child_slot(c, s, 0), r = neg_errno(setns(fd, (int)s->num[0]));

	c->object = namespace_name(s->num[0]);
	return r == -EPERM && is_in(fd, c->object) ? 0 : r;
}

static int do_loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (sock < 0)
		return -errno;
	lo.ifr_flags = IFF_UP | IFF_RUNNING;
	r = ioctl(sock, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
	(void)close(sock);
	return r;
}

/*
 * Host and monitor learn of each other's end by end of file: while this one waits it holds nothing
 * of theirs.
 */
static int do_park(const struct child *c)
{
	struct wire_report r = {.type = WIRE_REPORT_PARKED};
	char verdict = 1;
	ssize_t n;

	child_close_others(c);
	(void)child_report(c, &r, -1);
	do
		n = read(c->report, &verdict, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 && verdict == 0 ? 0 : -ECANCELED;
}

/*
 * Kernels without keys, filters around us, and users with as many keys as they may have keep the
 * session keyring that they have, as with other runtimes.
 */
static int do_keyring(void)
{
	int r = neg_errno(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));

	return r == -ENOSYS || r == -EPERM || r == -EDQUOT || r > 0 ? 0 : r;
}

static int do_join(const struct child *c, const struct wire_step *s)
{
	return write(child_slot(c, s, 0), "0", 1) == 1 ? 0 : -errno;
}

int child_processes(struct child *c, const struct wire_step *s)
{
	const char *text = child_text(c, s, 0);

	switch (s->op) {
	case WIRE_OPEN:
		return do_open(c, s);
	case WIRE_CGROUP_JOIN:
		return do_join(c, s);
	case WIRE_SETNS:
		return do_setns(c, s);
	case WIRE_UNSHARE:
		return neg_errno(unshare((int)s->num[0]));
	case WIRE_SETSID:
		return neg_errno(setsid());
	case WIRE_NONDUMPABLE:
		return neg_errno(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	case WIRE_KEYRING:
		return do_keyring();
	case WIRE_HOSTNAME:
		return neg_errno(sethostname(text, strlen(text)));
	case WIRE_DOMAINNAME:
		return neg_errno(setdomainname(text, strlen(text)));
	case WIRE_LOOPBACK_UP:
		c->object = "lo";
		return do_loopback_up();
	case WIRE_PARK:
		return do_park(c);
	default:
		return -EINVAL;
	}
}

static void sort(int *v, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		int x = v[i];
		unsigned int k = i;

		for (; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

void child_close_others(const struct child *c)
{
	int keep[WIRE_SLOTS_MAX + 4];
	unsigned int n = 0, first = 3;

	for (unsigned int i = 0; i < c->launch->plan->slots; i++)
		if (c->slots[i] >= 3)
			keep[n++] = c->slots[i];
	keep[n++] = c->report;
	if (c->empty_dir >= 0)
		keep[n++] = c->empty_dir;
	if (c->born->init >= 0)
		keep[n++] = c->born->init;
	if (c->born->asker >= 0)
		keep[n++] = c->born->asker;
	sort(keep, n);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int fd = (unsigned int)keep[i];

		if (fd > first)
			(void)sys_close_range(first, fd - 1, 0);
		if (fd >= first)
			first = fd + 1;
	}
	(void)sys_close_range(first, ~0U, 0);
}
