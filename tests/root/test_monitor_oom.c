/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who was killed by the kernel's OOM killer, and who only looks like it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "base/fdio.h"
#include "tests/mounts.h"
#include "tests/root/kernel_log.h"
#include "tests/root/monitor_rig.h"
#include "tests/tap.h"

#define ROUNDS 10
#define CGROUP "exd-test-monitor"

/* A memory cgroup that a plan makes for itself. */
struct memory {
	int version;
	int root;
	char path[64];
};

static bool memory_find(struct memory *mem)
{
	char text[512];

	(void)snprintf(mem->path, sizeof(mem->path), CGROUP "-%d/leaf", (int)getpid());
	mem->version = 1;
	mem->root = open("/sys/fs/cgroup/memory", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mem->root >= 0)
		return true;
	mem->version = 2;
	mem->root = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mem->root >= 0 &&
	       read_file_at(mem->root, "cgroup.controllers", text, sizeof(text)) > 0 &&
	       strstr(text, "memory");
}

static void memory_close(struct memory *mem)
{
	*strchr(mem->path, '/') = '\0';
	ck_assert_msg(unlinkat(mem->root, mem->path, AT_REMOVEDIR) == 0, "%s: %s", mem->path,
		      strerror(errno));
	close(mem->root);
}

static void add_write(struct plan *p, uint16_t dir, const char *file, const char *value,
		      bool optional)
{
	struct wire_step *s = plan_step(p, WIRE_PREPARE, WIRE_WRITE, EXD_ERR_CGROUP);

	s->slot[0] = dir;
	s->str[0] = plan_text(p, file);
	s->str[1] = plan_text(p, value);
	s->flags = optional ? WIRE_SKIP_MISSING : 0;
}

/* A shell under a limit; with `pidns` it is pid 1. */
static void limited_plan(struct plan *p, struct memory *mem, const char *limit, const char *script)
{
	bool v1 = mem->version == 1;
	uint16_t root, leaf, procs;
	struct wire_step *s;

	plan_init(p, CLONE_NEWPID);
	root = plan_fd(p, mem->root);
	leaf = plan_slot(p);
	procs = plan_slot(p);
	s = plan_step(p, WIRE_PREPARE, WIRE_CGROUP_MAKE, EXD_ERR_CGROUP);
	s->slot[0] = root;
	s->slot[1] = leaf;
	s->str[0] = plan_text(p, mem->path);
	if (!v1)
		s->str[1] = plan_text(p, "+memory");
	add_write(p, leaf, v1 ? "memory.limit_in_bytes" : "memory.max", limit, false);
	add_write(p, leaf, v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", v1 ? limit : "0",
		  true);
	s = plan_step(p, WIRE_PREPARE, WIRE_OOM_WATCH, EXD_ERR_CGROUP);
	s->slot[0] = leaf;
	s->num[0] = (uint64_t)mem->version;
	s = plan_step(p, WIRE_PREPARE, WIRE_OPEN, EXD_ERR_CGROUP);
	s->slot[0] = leaf;
	s->slot[1] = procs;
	s->str[0] = plan_text(p, "cgroup.procs");
	s->num[0] = O_WRONLY;
	plan_step(p, WIRE_CHILD, WIRE_CGROUP_JOIN, EXD_ERR_CGROUP)->slot[0] = procs;
	plan_shell(p, script);
	s = plan_step(p, WIRE_END, WIRE_CGROUP_KILL, EXD_ERR_CGROUP);
	s->slot[0] = leaf;
	s->num[0] = (uint64_t)mem->version;
	s = plan_step(p, WIRE_CLEANUP, WIRE_CGROUP_REMOVE, EXD_ERR_CGROUP);
	s->slot[0] = root;
	s->slot[1] = leaf;
	s->str[0] = plan_text(p, mem->path);
}

/* The join becomes the step before the init. */
static void add_small_init(struct plan *p)
{
	memmove(&p->steps[7], &p->steps[6], (p->count - 6) * sizeof(p->steps[0]));
	memset(&p->steps[6], 0xff, sizeof(p->steps[6]));
	p->steps[6].op = WIRE_INIT;
	p->steps[6].flags = 0;
	memset(p->steps[6].str, 0, sizeof(p->steps[6].str));
	p->count++;
	p->head.phase_steps[WIRE_CHILD]++;
}

#define CHILD_HOG "tail /dev/zero & wait; "

START_TEST(test_hog_as_init)
{
	struct memory mem;
	struct rig r;
	struct plan p;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open(&r);
	for (int i = 0; i < ROUNDS; i++) {
		struct launch_options o = {.id = "hog"};
		struct exd_oom_event event;
		struct wire_exit e;
		int oom[2];

		ck_assert_int_eq(pipe2(oom, O_CLOEXEC), 0);
		o.oom = oom[1];
		limited_plan(&p, &mem, "16777216", "exec tail /dev/zero");
		e = rig_run(&r, &p, &o);
		close(oom[1]);
		ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
		ck_assert(e.oom_killed);
		ck_assert_uint_eq(e.oom_kills, 1);
		ck_assert_uint_ne(e.oom_evidence, EXD_OOM_EVIDENCE_NONE);
		ck_assert_int_eq(read(oom[0], &event, sizeof(event)), sizeof(event));
		ck_assert_uint_eq(event.oom_kills, 1);
		ck_assert_int_eq(read(oom[0], &event, sizeof(event)), 0);
		close(oom[0]);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

START_TEST(test_child_hog_that_init_survives)
{
	struct memory mem;
	struct rig r;
	struct plan p;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open(&r);
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_exit e;

		limited_plan(&p, &mem, "16777216", CHILD_HOG "exit 5");
		e = rig_run(&r, &p, &(struct launch_options){.id = "hog"});
		ck_assert_int_eq(WEXITSTATUS(e.status), 5);
		ck_assert(!e.oom_killed);
		ck_assert_uint_eq(e.oom_kills, 1);
		ck_assert_uint_eq(e.oom_evidence, EXD_OOM_EVIDENCE_NONE);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

/*
 * Ends a box with SIGKILL, through the monitor or past it, `wait` after an OOM event or at once.
 * Where the kernel's log cannot tell, not so soon that it would pass for the kernel's, as promised.
 */
static struct wire_exit killed_box(struct rig *r, struct plan *p, bool ours, bool wait)
{
	struct launch_options o = {.id = "box"};
	struct exd_oom_event event;
	struct reply reply;
	uint64_t request;
	int oom[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(oom, O_CLOEXEC), 0);
	o.oom = oom[1];
	request = rig_launch(r, p, &o);
	close(oom[1]);
	rig_expect(r->sock, WIRE_STARTED, &reply);
	pid = reply.started.pid;
	rig_verdict(r->sock, WIRE_ACK, request, 0);
	if (wait)
		ck_assert_int_eq(read(oom[0], &event, sizeof(event)), sizeof(event));
	if (wait && !log_tells_victims())
		ck_assert(rig_silent(r->sock, 200));
	if (ours)
		ck_assert_int_eq(rig_kill(r->sock, "box", SIGKILL), 0);
	else
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
	rig_expect(r->sock, WIRE_EXITED, &reply);
	close(oom[0]);
	{
		struct wire_exit e = reply.exit;

		rig_expect(r->sock, WIRE_CLEANED, &reply);
		return e;
	}
}

START_TEST(test_plain_sigkill)
{
	struct memory mem;
	struct rig r;
	struct plan p;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open(&r);
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_exit e;

		limited_plan(&p, &mem, "16777216", "sleep 100; :");
		e = killed_box(&r, &p, i % 2, false);
		ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
		ck_assert(!e.oom_killed);
		ck_assert_uint_eq(e.oom_kills, 0);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

START_TEST(test_child_hog_and_then_a_sigkill)
{
	struct memory mem;
	struct rig r;
	struct plan p;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open(&r);
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_exit e;

		limited_plan(&p, &mem, "16777216", CHILD_HOG "sleep 100; :");
		e = killed_box(&r, &p, i % 2, true);
		ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
		ck_assert(!e.oom_killed);
		ck_assert_uint_eq(e.oom_kills, 1);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

START_TEST(test_hog_under_a_small_init)
{
	struct memory mem;
	struct rig r;
	struct plan p;
	struct wire_exit e;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open(&r);
	limited_plan(&p, &mem, "16777216", "exec tail /dev/zero");
	add_small_init(&p);
	e = rig_run(&r, &p, &(struct launch_options){.id = "hog"});
	ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
	ck_assert(e.oom_killed);
	ck_assert_uint_eq(e.oom_kills, 1);
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

/*
 * A limit inside the container's own cgroup. Of v1 its parent is notified of nothing; v2 wants
 * nobody in the cgroup that hands the controller down.
 */
START_TEST(test_kill_in_a_nested_cgroup)
{
	struct memory mem;
	struct rig r;
	struct plan p;
	struct wire_exit e;
	char script[512];

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	(void)snprintf(script, sizeof(script),
		       "d=/sys/fs/cgroup%s/%s; mkdir $d/hog; %secho 8388608 > $d/hog/%s; "
		       "(echo 0 > $d/hog/cgroup.procs; exec tail /dev/zero) & wait; exit 0",
		       mem.version == 1 ? "/memory" : "", mem.path,
		       mem.version == 1 ? ""
					: "mkdir $d/rest; echo 0 > $d/rest/cgroup.procs; "
					  "echo +memory > $d/cgroup.subtree_control; ",
		       mem.version == 1 ? "memory.limit_in_bytes" : "memory.max");
	rig_open(&r);
	limited_plan(&p, &mem, "33554432", script);
	e = rig_run(&r, &p, &(struct launch_options){.id = "hog"});
	ck_assert_int_eq(e.status, 0);
	ck_assert_uint_eq(e.oom_kills, 1);
	ck_assert(!e.oom_killed);
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

START_TEST(test_limit_too_small_to_start)
{
	struct memory mem;
	struct rig r;
	struct plan p;
	struct wire_failure f;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open(&r);
	for (int i = 0; i < ROUNDS; i++) {
		limited_plan(&p, &mem, "4096", "exit 0");
		f = rig_run_failing(&r, &p, &(struct launch_options){.id = "small"});
		ck_assert_uint_eq(f.code, EXD_ERR_LIMIT_TOO_SMALL);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

/* Without the kernel's log the counter has to do: what moved it just before the end is to blame. */
static void hide_log(void)
{
	if (mounts_own() < 0 || mount("/dev/null", "/dev/kmsg", NULL, MS_BIND, NULL) < 0)
		_exit(98);
}

START_TEST(test_without_the_log)
{
	struct memory mem;
	struct rig r;
	struct plan p;
	struct wire_exit e;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open_with(&r, "/tmp", hide_log);
	limited_plan(&p, &mem, "16777216", "exec tail /dev/zero");
	e = rig_run(&r, &p, &(struct launch_options){.id = "hog"});
	ck_assert(e.oom_killed);
	ck_assert_uint_eq(e.oom_kills, 1);
	ck_assert_uint_eq(e.oom_evidence, EXD_OOM_EVIDENCE_COUNTER);
	limited_plan(&p, &mem, "16777216", CHILD_HOG "sleep 0.3; kill -KILL $$");
	p.head.clone_flags = 0;
	e = rig_run(&r, &p, &(struct launch_options){.id = "hog"});
	ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
	ck_assert(!e.oom_killed);
	ck_assert_uint_eq(e.oom_kills, 1);
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

/* A child of ours in that pid namespace: it stays in there until we reap it. */
static pid_t hold_back(int pidns)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	ck_assert_int_eq(setns(pidns, CLONE_NEWPID), 0);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	ck_assert_int_gt(pid, 0);
	/* Whoever is born later, such as a sanitizer's helper, is not to be born in there. */
	ck_assert_int_eq(setns(own, CLONE_NEWPID), 0);
	close(own);
	return pid;
}

static int pidns_of(pid_t pid)
{
	char path[40];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/*
 * The first process of a pid namespace is not gone before everybody in it has been reaped: here one
 * whom we reap only long after the OOM kill.
 */
START_TEST(test_slow_death_without_the_log)
{
	struct memory mem;
	struct rig r;
	struct plan p;
	struct launch_options o = {.id = "hog"};
	struct exd_oom_event event;
	struct reply reply;
	uint64_t request;
	pid_t held;
	int oom[2], pidns;
	char script[160];

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open_with(&r, "/tmp", hide_log);
	ck_assert_int_eq(pipe2(oom, O_CLOEXEC), 0);
	o.oom = oom[1];
	(void)snprintf(script, sizeof(script),
		       "until [ -e %s/go ]; do sleep 0.05; done; exec tail /dev/zero", r.path);
	limited_plan(&p, &mem, "16777216", script);
	request = rig_launch(&r, &p, &o);
	close(oom[1]);
	rig_expect(r.sock, WIRE_STARTED, &reply);
	pidns = pidns_of(reply.started.pid);
	held = hold_back(pidns);
	close(pidns);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	ck_assert_int_eq(mkdirat(r.root, "go", 0700), 0);
	ck_assert_int_eq(read(oom[0], &event, sizeof(event)), sizeof(event));
	ck_assert(rig_silent(r.sock, 300));
	ck_assert_int_eq(waitpid(held, NULL, 0), held);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert(reply.exit.oom_killed);
	ck_assert_uint_eq(reply.exit.oom_kills, 1);
	ck_assert_uint_eq(reply.exit.oom_evidence, EXD_OOM_EVIDENCE_COUNTER);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	ck_assert_int_eq(unlinkat(r.root, "go", AT_REMOVEDIR), 0);
	close(oom[0]);
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

/* Whoever holds the output open delays the verdict, and not the death that it is about. */
START_TEST(test_output_held_open_without_the_log)
{
	struct memory mem;
	struct rig r;
	struct plan p;
	struct wire_exit e;
	int out[2];

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open_with(&r, "/tmp", hide_log);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	limited_plan(&p, &mem, "16777216", "exec tail /dev/zero");
	e = rig_run(&r, &p,
		    &(struct launch_options){.id = "hog",
					     .flags = WIRE_LAUNCH_DRAIN,
					     .drain_out = out[0],
					     .drain_ms = 300});
	ck_assert(e.stdio_held_open);
	ck_assert(e.oom_killed);
	ck_assert_uint_eq(e.oom_evidence, EXD_OOM_EVIDENCE_COUNTER);
	close(out[0]);
	close(out[1]);
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

/* The monitor becomes the first process of a pid namespace with a /proc of its own. */
static void nest(void)
{
	int status;
	pid_t pid;

	if (mounts_own() < 0 || unshare(CLONE_NEWPID) < 0)
		_exit(98);
	pid = fork();
	if (pid > 0) {
		for (int fd = 3; fd < 64; fd++)
			(void)close(fd);
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									   : 97);
	}
	if (pid < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(98);
}

/* And the kernel does not tell its children their pids outside. */
static void nest_without_bpf(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	nest();
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(98);
}

/* One of its own children is the hog, or the shell itself, with or without a small init above. */
static struct wire_exit run_limited(struct rig *r, struct memory *mem, const char *script,
				    bool small_init)
{
	struct plan p;

	limited_plan(&p, mem, "16777216", script);
	if (small_init)
		add_small_init(&p);
	else
		p.head.clone_flags = 0;
	return rig_run(r, &p, &(struct launch_options){.id = "hog"});
}

START_TEST(test_log_names_the_victim)
{
	struct memory mem;
	struct rig r;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	if (!log_tells_victims())
		tap_skip("the kernel's log is not to be read here");
	rig_open(&r);
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_exit e = run_limited(&r, &mem, "exec tail /dev/zero", i % 2);

		ck_assert(e.oom_killed);
		ck_assert_uint_eq(e.oom_evidence, EXD_OOM_EVIDENCE_KMSG);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

START_TEST(test_in_a_nested_pid_namespace)
{
	struct memory mem;
	struct rig r;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	if (!log_tells_victims())
		tap_skip("the kernel's log is not to be read here");
	rig_open_with(&r, "/tmp", nest);
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_exit e = run_limited(&r, &mem, "exec tail /dev/zero", i % 2);

		ck_assert(e.oom_killed);
		ck_assert_uint_eq(e.oom_evidence, EXD_OOM_EVIDENCE_KMSG);
		e = run_limited(&r, &mem, CHILD_HOG "kill -KILL $$", i % 2);
		ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
		ck_assert_uint_eq(e.oom_kills, 1);
		ck_assert(!e.oom_killed);
	}
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

START_TEST(test_nested_where_pids_are_not_told)
{
	struct memory mem;
	struct rig r;
	struct wire_exit e;

	if (!memory_find(&mem))
		tap_skip("no memory controller");
	rig_open_with(&r, "/tmp", nest_without_bpf);
	e = run_limited(&r, &mem, "exec tail /dev/zero", false);
	ck_assert(e.oom_killed);
	ck_assert_uint_eq(e.oom_evidence, EXD_OOM_EVIDENCE_COUNTER);
	e = run_limited(&r, &mem, CHILD_HOG "sleep 0.3; kill -KILL $$", false);
	ck_assert_int_eq(WTERMSIG(e.status), SIGKILL);
	ck_assert(!e.oom_killed);
	ck_assert_uint_eq(e.oom_kills, 1);
	rig_close(&r);
	memory_close(&mem);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("monitor_oom");
	TCase *tc = tap_tcase(s, "oom");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_hog_as_init);
	tcase_add_test(tc, test_child_hog_that_init_survives);
	tcase_add_test(tc, test_plain_sigkill);
	tcase_add_test(tc, test_child_hog_and_then_a_sigkill);
	tcase_add_test(tc, test_hog_under_a_small_init);
	tcase_add_test(tc, test_kill_in_a_nested_cgroup);
	tcase_add_test(tc, test_limit_too_small_to_start);
	tcase_add_test(tc, test_without_the_log);
	tcase_add_test(tc, test_slow_death_without_the_log);
	tcase_add_test(tc, test_output_held_open_without_the_log);
	tcase_add_test(tc, test_log_names_the_victim);
	tcase_add_test(tc, test_in_a_nested_pid_namespace);
	tcase_add_test(tc, test_nested_where_pids_are_not_told);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
