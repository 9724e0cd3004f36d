/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor as core uses it: launches, hooks, exits, failures, clients that come and go. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "base/fdio.h"
#include "tests/root/monitor_rig.h"
#include "tests/tap.h"

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)

static const char *const true_argv[] = {"/bin/true", NULL};
static const struct launch_options plain = {.id = "box"};

START_TEST(test_true_in_new_namespaces)
{
	struct rig r;
	struct plan p;
	struct wire_step *s;

	rig_open(&r);
	plan_init(&p, NAMESPACES);
	plan_step(&p, WIRE_CHILD, WIRE_UNSHARE, EXD_ERR_NAMESPACE)->num[0] = CLONE_NEWNS;
	plan_step(&p, WIRE_CHILD, WIRE_PROPAGATION, EXD_ERR_MOUNT)->num[0] = MS_REC | MS_PRIVATE;
	s = plan_step(&p, WIRE_CHILD, WIRE_HOSTNAME, EXD_ERR_NAMESPACE);
	s->str[0] = plan_text(&p, "inside");
	plan_step(&p, WIRE_CHILD, WIRE_LOOPBACK_UP, EXD_ERR_NETWORK);
	plan_shell(&p, "test $$ = 1 && test \"$(uname -n)\" = inside");
	ck_assert_int_eq(rig_run(&r, &p, &plain).status, 0);
	rig_close(&r);
}
END_TEST

START_TEST(test_exit_code_and_signal)
{
	struct rig r;
	struct plan p;
	struct wire_exit e;

	rig_open(&r);
	plan_init(&p, 0);
	plan_shell(&p, "exit 42");
	ck_assert_int_eq(WEXITSTATUS(rig_run(&r, &p, &plain).status), 42);
	plan_init(&p, 0);
	plan_shell(&p, "kill -TERM $$");
	e = rig_run(&r, &p, &plain);
	ck_assert(WIFSIGNALED(e.status));
	ck_assert_int_eq(WTERMSIG(e.status), SIGTERM);
	ck_assert_uint_gt(e.maxrss_kb, 0);
	ck_assert_uint_ge(e.finished_ns, e.started_ns);
	rig_close(&r);
}
END_TEST

START_TEST(test_failing_step_is_named)
{
	struct rig r;
	struct plan p;
	struct wire_step *s;
	struct wire_failure f;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	rig_open(&r);
	plan_init(&p, 0);
	(void)plan_fd(&p, root);
	plan_step(&p, WIRE_CHILD, WIRE_SETSID, EXD_ERR_SYSTEM);
	s = plan_step(&p, WIRE_CHILD, WIRE_CHDIR, EXD_ERR_CWD);
	s->str[0] = plan_text(&p, "/no/such/place");
	plan_exec(&p, true_argv);
	f = rig_run_failing(&r, &p, &plain);
	ck_assert_uint_eq(f.code, EXD_ERR_CWD);
	ck_assert_int_eq(f.sys_errno, ENOENT);
	ck_assert_uint_eq(f.stage, EXD_STAGE_CHILD);
	ck_assert_int_eq(f.step, 1);
	ck_assert_uint_eq(f.op, WIRE_CHDIR);
	ck_assert_str_eq(f.object, "/no/such/place");

	plan_init(&p, 0);
	s = plan_step(&p, WIRE_PREPARE, WIRE_WRITE, EXD_ERR_CGROUP);
	s->slot[0] = plan_fd(&p, root);
	s->str[0] = plan_text(&p, "no.such.file");
	s->str[1] = plan_text(&p, "1");
	plan_exec(&p, true_argv);
	f = rig_run_failing(&r, &p, &plain);
	ck_assert_uint_eq(f.code, EXD_ERR_CGROUP);
	ck_assert_uint_eq(f.stage, EXD_STAGE_PREPARE);
	ck_assert_int_eq(f.step, 0);
	ck_assert_str_eq(f.object, "no.such.file");
	rig_close(&r);
	close(root);
}
END_TEST

START_TEST(test_exec_errors_have_codes)
{
	struct rig r;
	struct plan p;
	struct wire_failure f;
	char script[] = "/tmp/exd-script-XXXXXX";
	int fd = mkstemp(script);

	rig_open(&r);
	plan_init(&p, 0);
	plan_exec(&p, (const char *const[]){"/no/such/program", NULL});
	f = rig_run_failing(&r, &p, &plain);
	ck_assert_uint_eq(f.code, EXD_ERR_EXEC_NOT_FOUND);
	ck_assert_uint_eq(f.stage, EXD_STAGE_EXEC);
	ck_assert_str_eq(f.object, "/no/such/program");

	plan_init(&p, 0);
	plan_exec(&p, (const char *const[]){"/etc/passwd", NULL});
	f = rig_run_failing(&r, &p, &plain);
	ck_assert_uint_eq(f.code, EXD_ERR_EXEC);
	ck_assert_int_eq(f.sys_errno, EACCES);

	ck_assert_int_eq(write_all(fd, "#!/no/such/interpreter\n", 23), 0);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	close(fd);
	plan_init(&p, 0);
	plan_exec(&p, (const char *const[]){script, NULL});
	f = rig_run_failing(&r, &p, &plain);
	ck_assert_uint_eq(f.code, EXD_ERR_EXEC);
	ck_assert_int_eq(f.sys_errno, ENOENT);
	rig_close(&r);
	unlink(script);
}
END_TEST

static ssize_t read_file_to_end(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	return (ssize_t)len;
}

START_TEST(test_exactly_three_descriptors)
{
	struct rig r;
	struct plan p;
	struct wire_step *s;
	char text[256] = "";
	int out[2];

	rig_open(&r);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	plan_init(&p, 0);
	s = plan_step(&p, WIRE_CHILD, WIRE_STDIO, EXD_ERR_SYSTEM);
	s->slot[1] = plan_fd(&p, out[1]);
	/* One by one: a listing would hold the directory open itself. */
	plan_shell(
		&p,
		"for n in 0 1 2 3 4 5 6 7 8 9 10 11; "
		"do test -e /proc/$$/fd/$n && echo fd $n; done; umask");
	ck_assert_int_eq(rig_run(&r, &p, &plain).status, 0);
	close(out[1]);
	ck_assert_int_gt(read_file_to_end(out[0], text, sizeof(text)), 0);
	ck_assert_str_eq(text, "fd 0\nfd 1\nfd 2\n0022\n");
	close(out[0]);
	rig_close(&r);
}
END_TEST

START_TEST(test_exit_waits_for_the_start_hook)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;

	rig_open(&r);
	plan_init(&p, 0);
	plan_exec(&p, true_argv);
	request = rig_launch(&r, &p, &plain);
	rig_expect(r.sock, WIRE_STARTED, &reply);
	ck_assert(rig_silent(r.sock, 100));
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	rig_expect(r.sock, WIRE_CLEANED, &reply);

	plan_init(&p, 0);
	plan_shell(&p, "exec sleep 100");
	request = rig_launch(&r, &p, &plain);
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_verdict(r.sock, WIRE_ACK, request, -EIO);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGKILL);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	rig_close(&r);
}
END_TEST

START_TEST(test_start_hook_timeout)
{
	struct rig r;
	struct plan p;
	struct reply reply;

	rig_open(&r);
	plan_init(&p, 0);
	plan_shell(&p, "exec sleep 100");
	(void)rig_launch(&r, &p, &(struct launch_options){.id = "box", .hook_timeout_ms = 200});
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGKILL);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	rig_close(&r);
}
END_TEST

static void parked_plan(struct plan *p)
{
	plan_init(p, CLONE_NEWUTS);
	plan_step(p, WIRE_CHILD, WIRE_PARK, EXD_ERR_ABORTED);
	plan_exec(p, true_argv);
}

START_TEST(test_park_and_go)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;

	rig_open(&r);
	parked_plan(&p);
	request = rig_launch(&r, &p, &plain);
	rig_expect(r.sock, WIRE_PARKED, &reply);
	ck_assert_uint_eq(reply.nfds, 1);
	ck_assert(rig_silent(r.sock, 50));
	rig_verdict(r.sock, WIRE_GO, request, 0);
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(reply.exit.status, 0);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	rig_close(&r);
}
END_TEST

START_TEST(test_park_and_abort)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;
	pid_t pid;

	rig_open(&r);
	parked_plan(&p);
	request = rig_launch(&r, &p, &plain);
	rig_expect(r.sock, WIRE_PARKED, &reply);
	pid = reply.started.pid;
	rig_verdict(r.sock, WIRE_GO, request, -EPERM);
	rig_expect(r.sock, WIRE_FAILED, &reply);
	ck_assert_uint_eq(reply.failure.code, EXD_ERR_HOOK);
	ck_assert_int_eq(kill(pid, 0), -1);

	parked_plan(&p);
	(void)rig_launch(&r, &p, &(struct launch_options){.id = "box", .hook_timeout_ms = 100});
	rig_expect(r.sock, WIRE_PARKED, &reply);
	rig_expect(r.sock, WIRE_FAILED, &reply);
	ck_assert_uint_eq(reply.failure.code, EXD_ERR_TIMEOUT);
	rig_close(&r);
}
END_TEST

/* Before it has started, and not by hanging up: an exec would go on then. */
START_TEST(test_given_up_by_its_host)
{
	static const uint32_t flags[] = {0, WIRE_LAUNCH_EXEC};
	struct rig r;
	struct plan p;
	struct reply reply;

	rig_open(&r);
	for (int i = 0; i < 2; i++) {
		uint64_t request;
		pid_t pid;

		parked_plan(&p);
		request = rig_launch(&r, &p,
				     &(struct launch_options){.id = "box", .flags = flags[i]});
		rig_expect(r.sock, WIRE_PARKED, &reply);
		pid = reply.started.pid;
		rig_verdict(r.sock, WIRE_ACK, request, -ETIMEDOUT);
		rig_expect(r.sock, WIRE_FAILED, &reply);
		ck_assert_uint_eq(reply.failure.code, EXD_ERR_ABORTED);
		ck_assert_int_eq(reply.failure.sys_errno, ETIMEDOUT);
		ck_assert_int_eq(kill(pid, 0), -1);
	}
	rig_close(&r);
}
END_TEST

START_TEST(test_kill_by_id)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;

	rig_open(&r);
	plan_init(&p, 0);
	plan_shell(&p, "exec sleep 100");
	request = rig_launch(&r, &p, &plain);
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	ck_assert_int_eq(rig_kill(r.sock, "other", SIGTERM), -ENOENT);
	ck_assert_int_eq(rig_kill(r.sock, "box", 4711), -EINVAL);
	ck_assert_int_eq(rig_kill(r.sock, "box", SIGKILL), 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGKILL);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	ck_assert_int_eq(rig_kill(r.sock, "box", SIGKILL), -ENOENT);
	rig_close(&r);
}
END_TEST

START_TEST(test_small_init)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;

	rig_open(&r);
	plan_init(&p, CLONE_NEWPID);
	plan_step(&p, WIRE_CHILD, WIRE_INIT, EXD_ERR_SYSTEM);
	plan_shell(&p, "test $$ != 1 && exit 7");
	ck_assert_int_eq(WEXITSTATUS(rig_run(&r, &p, &plain).status), 7);

	/* It dies of the signal itself, which no pid 1 could. */
	plan_init(&p, CLONE_NEWPID);
	plan_step(&p, WIRE_CHILD, WIRE_INIT, EXD_ERR_SYSTEM);
	plan_exec(&p, (const char *const[]){"/bin/sleep", "100", NULL});
	request = rig_launch(&r, &p, &plain);
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	ck_assert_int_eq(rig_kill(r.sock, "box", SIGTERM), 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert(WIFSIGNALED(reply.exit.status));
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGTERM);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	rig_close(&r);
}
END_TEST

START_TEST(test_exit_record_comes_before_the_exit)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;
	char text[1024];

	rig_open(&r);
	plan_init(&p, 0);
	plan_shell(&p, "exit 3");
	request = rig_launch(&r, &p, &(struct launch_options){.id = "box", .state = true});
	rig_expect(r.sock, WIRE_STARTED, &reply);
	ck_assert_int_gt(read_file_at(r.root, "box/state.json", text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "{\"id\":\"box\",\"status\":\"running\",\"pid\":"));
	ck_assert_int_lt(read_file_at(r.root, "box/exit.json", text, sizeof(text)), 0);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_gt(read_file_at(r.root, "box/exit.json", text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "{\"exit_code\":3,\"signal\":0,"));
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	ck_assert_int_eq(unlinkat(r.root, "box/state.json", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box/exit.json", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box", AT_REMOVEDIR), 0);
	/* Of an ephemeral one nothing is left, nor of one that never began. */
	(void)rig_run(&r, &p,
		      &(struct launch_options){
			      .id = "gone", .state = true, .flags = WIRE_LAUNCH_EPHEMERAL});
	plan_init(&p, 0);
	plan_exec(&p, (const char *const[]){"/no/such/program", NULL});
	(void)rig_run_failing(&r, &p, &(struct launch_options){.id = "never", .state = true});
	rig_close(&r);
}
END_TEST

/* As a host's process group may be sent them while its monitor is being started. */
static void be_signalled(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signal(SIGCHLD, SIG_IGN);
	/* Those between are the library's, and cannot be blocked. */
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && (sig <= SIGSYS || sig >= SIGRTMIN))
			(void)kill(getpid(), sig);
}

START_TEST(test_signals_of_the_host_are_not_its_own)
{
	struct rig r;
	struct plan p;

	rig_open_with(&r, "/tmp", be_signalled);
	plan_init(&p, 0);
	plan_exec(&p, true_argv);
	ck_assert_int_eq(rig_run(&r, &p, &plain).status, 0);
	rig_close(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("monitor");
	TCase *tc = tap_tcase(s, "run");

	tcase_add_test(tc, test_true_in_new_namespaces);
	tcase_add_test(tc, test_exit_code_and_signal);
	tcase_add_test(tc, test_failing_step_is_named);
	tcase_add_test(tc, test_exec_errors_have_codes);
	tcase_add_test(tc, test_exactly_three_descriptors);
	tcase_add_test(tc, test_signals_of_the_host_are_not_its_own);
	tcase_add_test(tc, test_small_init);
	tc = tap_tcase(s, "control");
	tcase_add_test(tc, test_exit_waits_for_the_start_hook);
	tcase_add_test(tc, test_start_hook_timeout);
	tcase_add_test(tc, test_park_and_go);
	tcase_add_test(tc, test_park_and_abort);
	tcase_add_test(tc, test_given_up_by_its_host);
	tcase_add_test(tc, test_kill_by_id);
	tcase_add_test(tc, test_exit_record_comes_before_the_exit);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
