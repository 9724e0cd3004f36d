/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The built-in seccomp profile, loaded into the running kernel. */

#include "drivers/native/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

#define HIGH_BIT (UINT64_C(1) << 32)

static bool load(void)
{
	struct sock_filter insn[SECCOMP_DEFAULT_MAX];
	int n = seccomp_default(0, insn, SECCOMP_DEFAULT_MAX);
	struct sock_fprog prog = {.len = (unsigned short)n, .filter = insn};

	return n > 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0;
}

/* Runs act in a process under the filter; 0 is success, 99 a filter that the kernel refused. */
static int under_filter(int (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(load() ? act() : 99);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static bool fails_with(int expected, long result)
{
	return result == -1 && errno == expected;
}

static int check_verdicts(void)
{
	if (syscall(SYS_getpid) != getpid())
		return 1;
	if (!fails_with(EPERM, unshare(CLONE_NEWUSER)))
		return 2;
	if (!fails_with(ENOSYS, syscall(9999)))
		return 3;
	if (!fails_with(EPERM, syscall(SYS_ioctl, 0, TIOCSTI | HIGH_BIT, "x")))
		return 4;
	if (!fails_with(EPERM, socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)))
		return 5;
	return fails_with(ENOSYS, syscall(435, NULL, 0)) ? 0 : 6;
}

START_TEST(kernel_agrees)
{
	ck_assert_int_eq(under_filter(check_verdicts), 0);
}
END_TEST

static void *nothing(void *arg)
{
	return arg;
}

static int start_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}

START_TEST(threads_start_under_the_filter)
{
	ck_assert_int_eq(under_filter(start_thread), 0);
}
END_TEST

static int exec_shell(void)
{
	execl("/bin/sh", "sh", "-c", "test \"$(echo a b | wc -w)\" -eq 2", (char *)NULL);
	return 98;
}

START_TEST(shell_pipes_work_under_the_filter)
{
	ck_assert_int_eq(under_filter(exec_shell), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("seccomp_kernel");
	TCase *tc = tap_tcase(s, "kernel");

	tcase_add_test(tc, kernel_agrees);
	tcase_add_test(tc, threads_start_under_the_filter);
	tcase_add_test(tc, shell_pipes_work_under_the_filter);
	return tap_main(s);
}
