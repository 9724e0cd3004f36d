/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What processes may do here beyond isolation: limits, the kernel's log, security modules, ids. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "driverctl/host.h"

#define LSM_PATH "/sys/kernel/security/lsm"

/* A limit that this process has lowered is raised again. */
static void probe_limits(struct host_answer *answer, const void *arg)
{
	const struct rlimit low = {0, 0}, high = {0, 4096};

	(void)arg;
	if (setrlimit(RLIMIT_CORE, &low) == 0 && setrlimit(RLIMIT_CORE, &high) == 0) {
		host_say(answer, EXD_REPORT_YES, "--ulimit can go beyond the caller's limits");
		return;
	}
	host_say(answer, EXD_REPORT_DEGRADED, "--ulimit cannot go beyond the caller's limits: %s",
		 strerror(errno));
	host_cure(answer, "give this process CAP_SYS_RESOURCE, or raise its own limits before (ulimit -H)");
}

static void probe_oom_score(struct host_answer *answer, const void *arg)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char text[16];
	long now = host_number(path);
	int size = snprintf(text, sizeof(text), "%ld", now - 1), r;

	(void)arg;
	if (now <= -1000)
		return;
	r = write_file_at(AT_FDCWD, path, text, (size_t)size);
	if (r >= 0) {
		host_say(answer, EXD_REPORT_YES, "can be lowered");
		return;
	}
	host_say(answer, EXD_REPORT_DEGRADED, "cannot be lowered: %s", strerror(-r));
	host_cure(answer, r == -ENOENT ? "mount -t proc proc /proc"
				       : "give this process CAP_SYS_RESOURCE");
}

/* Which process the kernel killed for want of memory is told there alone. */
static void probe_kmsg(struct host_answer *answer, const void *arg)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char text[8192];

	(void)arg;
	if (fd >= 0 && (read(fd, text, sizeof(text)) >= 0 || errno == EAGAIN || errno == EPIPE)) {
		host_say(answer, EXD_REPORT_YES, "/dev/kmsg tells whom the kernel has killed");
		return;
	}
	host_say(answer, EXD_REPORT_DEGRADED,
		 "/dev/kmsg cannot be read (%s): whom the kernel has killed is told by counters",
		 strerror(errno));
	if (errno == ENOENT)
		host_cure(answer, "mknod -m 600 /dev/kmsg c 1 11");
	else if (host_number("/proc/sys/kernel/dmesg_restrict") == 1)
		host_cure(answer, "give this process CAP_SYSLOG, or sysctl -w kernel.dmesg_restrict=0");
	else
		host_cure(answer, "run as root");
}

static void probe_lsm(struct host_answer *answer, const void *arg)
{
	char text[256];
	ssize_t size = read_file_at(AT_FDCWD, LSM_PATH, text, sizeof(text));

	(void)arg;
	if (size >= 0) {
		host_say(answer, EXD_REPORT_INFO, "security modules: %s", text);
		return;
	}
	host_say(answer, EXD_REPORT_INFO, "which security modules there are cannot be told: %s",
		 strerror((int)-size));
	host_cure(answer, "mount -t securityfs securityfs /sys/kernel/security");
}

/* Whether the file of "NAME:FIRST:COUNT" has ids for this user. */
static uint64_t ranges_of(const char *path, const char *name, uid_t uid)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	char line[256], owner[128], number[16];
	uint64_t all = 0, count;

	(void)snprintf(number, sizeof(number), "%u", uid);
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%127[^:]:%*[0-9]:%" SCNu64, owner, &count) == 2 &&
		    (strcmp(owner, name) == 0 || strcmp(owner, number) == 0))
			all += count;
	}
	return all;
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");

	for (const char *at = path ? path : "/usr/bin:/bin"; *at; at += *at == ':') {
		int size = (int)strcspn(at, ":");
		char file[512];

		(void)snprintf(file, sizeof(file), "%.*s/%s", size, at, program);
		if (access(file, X_OK) == 0)
			return true;
		at += size;
	}
	return false;
}

static void probe_subids(struct host_answer *answer, const void *arg)
{
	uid_t uid = getuid();
	struct passwd entry, *user = NULL;
	char text[4096];
	const char *name = getpwuid_r(uid, &entry, text, sizeof(text), &user) == 0 && user
				   ? user->pw_name
				   : "";
	uint64_t uids = ranges_of("/etc/subuid", name, uid), gids = ranges_of("/etc/subgid", name, uid);

	(void)arg;
	if (uid == 0) {
		host_say(answer, EXD_REPORT_YES, "root maps any ids");
	} else if (!uids || !gids) {
		host_say(answer, EXD_REPORT_NO, "user %u may map no ids but its own", uid);
		host_cure(answer, "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", name);
	} else if (!in_path("newuidmap") || !in_path("newgidmap")) {
		host_say(answer, EXD_REPORT_NO, "newuidmap and newgidmap are not installed");
		host_cure(answer, "apt-get install uidmap, or dnf install shadow-utils");
	} else {
		host_say(answer, EXD_REPORT_YES, "%" PRIu64 " user ids, %" PRIu64 " group ids", uids, gids);
	}
}

const struct host_probe host_process[] = {
	{"rlimits", probe_limits, NULL},
	{"oom_score_adj", probe_oom_score, NULL},
	{"oom.kmsg", probe_kmsg, NULL},
	{"lsm", probe_lsm, NULL},
	{"subids", probe_subids, NULL},
	{NULL, NULL, NULL},
};
