/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the probes of the host, each in a process of its own. */
#include "driverctl/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"

#define PROBE_SECONDS 10

void host_say(struct host_answer *answer, enum exd_report_status status, const char *format, ...)
{
	va_list args;

	answer->status = status;
	va_start(args, format);
	(void)vsnprintf(answer->text, sizeof(answer->text), format, args);
	va_end(args);
}

void host_cure(struct host_answer *answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(answer->cure, sizeof(answer->cure), format, args);
	va_end(args);
}

void host_verdict(struct host_answer *answer, int r, const char *yes, const char *cure)
{
	if (r >= 0) {
		host_say(answer, EXD_REPORT_YES, "%s", yes);
		return;
	}
	host_say(answer, EXD_REPORT_NO, "%s",
		 r == -ENOSYS ? "not in this kernel, or a seccomp filter hides it" : strerror(-r));
	host_cure(answer, "%s", cure);
}

long host_number(const char *path)
{
	char text[32];
	long number;

	if (read_file_at(AT_FDCWD, path, text, sizeof(text)) < 0 || sscanf(text, "%ld", &number) != 1)
		return -1;
	return number;
}

static void map_root(uid_t uid, gid_t gid)
{
	char map[48];
	int size;

	(void)write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny", strlen("deny"));
	size = snprintf(map, sizeof(map), "0 %u 1", gid);
	(void)write_file_at(AT_FDCWD, "/proc/self/gid_map", map, (size_t)size);
	size = snprintf(map, sizeof(map), "0 %u 1", uid);
	(void)write_file_at(AT_FDCWD, "/proc/self/uid_map", map, (size_t)size);
}

int host_unshare(int flags)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(flags) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	if (unshare(flags | CLONE_NEWUSER) < 0)
		return -errno;
	map_root(uid, gid);
	return 1;
}

/* Without handlers, core dumps and limitless waiting. */
static _Noreturn void be_probe(const struct host_probe *probe, struct host_answer *answer)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(PROBE_SECONDS);
	probe->probe(answer, probe->arg);
	_exit(0);
}

static void judge_end(struct host_answer *answer, int status)
{
	if (!WIFSIGNALED(status))
		return;
	if (WTERMSIG(status) == SIGALRM)
		host_say(answer, EXD_REPORT_NO, "no answer within %d s", PROBE_SECONDS);
	else
		host_say(answer, EXD_REPORT_NO, "who tries is killed by signal %d (%s)%s",
			 WTERMSIG(status), strsignal(WTERMSIG(status)),
			 WTERMSIG(status) == SIGSYS ? ": a seccomp filter" : "");
	host_cure(answer, "call driverctl from outside of what confines it");
}

static int run_probe(const struct host_probe *probe, struct host_answer *answer)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		be_probe(probe, answer);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	judge_end(answer, status);
	return 0;
}

static int report_table(const struct host_probe *probes, struct host_answer *answer,
			struct exd_report *report)
{
	for (; probes->topic; probes++) {
		int r;

		memset(answer, 0, sizeof(*answer));
		r = run_probe(probes, answer);
		/* A probe may find that it has nothing to say. */
		if (r == 0 && *answer->text)
			r = exd_report_add(report, (enum exd_report_status)answer->status,
					   probes->topic, answer->cure, "%s", answer->text);
		if (r < 0)
			return r;
	}
	return 0;
}

int host_report(struct exd_report *report, struct exd_error *err)
{
	static const struct host_probe *const tables[] = {host_calls, host_namespaces, host_mounts,
							  host_cgroups, host_process};
	struct host_answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = 0;

	if (answer == MAP_FAILED)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, errno, "cannot probe the host");
	for (size_t i = 0; r == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		r = report_table(tables[i], answer, report);
	(void)munmap(answer, sizeof(*answer));
	return r < 0 ? exd_error_set(err, EXD_ERR_SYSTEM, -r, "cannot probe the host") : 0;
}
