/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's root as the monitor's child makes it: mounts, masks, terminals, hostile links. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "base/fdio.h"
#include "tests/root/monitor_rig.h"
#include "tests/tap.h"

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)

/* What a plan about a root needs at hand. */
struct root {
	struct plan *p;
	uint16_t source, null, tree, proc, dev, pts, spare;
	int fds[2];
};

static struct wire_step *step(struct root *t, enum wire_op op)
{
	return plan_step(t->p, WIRE_CHILD, op, EXD_ERR_MOUNT);
}

static void fs(struct root *t, uint16_t out, const char *type, const char *options, size_t size)
{
	struct wire_step *s = step(t, WIRE_FS);

	s->slot[1] = out;
	s->str[0] = plan_text(t->p, type);
	if (size)
		s->str[1] = plan_data(t->p, options, size);
}

static struct wire_step *attach(struct root *t, uint16_t mount, const char *target, uint64_t make)
{
	struct wire_step *s = step(t, WIRE_ATTACH);

	s->slot[0] = mount;
	s->slot[1] = t->tree;
	s->str[0] = plan_text(t->p, target);
	s->num[0] = make;
	return s;
}

static struct wire_step *at_path(struct root *t, enum wire_op op, const char *path)
{
	struct wire_step *s = step(t, op);

	s->slot[1] = t->tree;
	s->str[0] = plan_text(t->p, path);
	return s;
}

/* A tmpfs as the root, with the host's /usr inside, proc, /dev. */
static void root_begin(struct root *t, struct plan *p)
{
	struct wire_step *s;

	t->p = p;
	plan_init(p, NAMESPACES);
	t->fds[0] = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	t->fds[1] = open("/dev/null", O_PATH | O_CLOEXEC);
	t->source = plan_fd(p, t->fds[0]);
	t->null = plan_fd(p, t->fds[1]);
	t->tree = plan_slot(p);
	t->proc = plan_slot(p);
	t->dev = plan_slot(p);
	t->pts = plan_slot(p);
	t->spare = plan_slot(p);
	s = step(t, WIRE_TREE);
	s->slot[0] = t->source;
	s->slot[1] = t->source;
	s->num[0] = 1;
	s = step(t, WIRE_TREE);
	s->slot[0] = t->null;
	s->slot[1] = t->null;
	step(t, WIRE_UNSHARE)->num[0] = CLONE_NEWNS | CLONE_NEWCGROUP;
	step(t, WIRE_PROPAGATION)->num[0] = MS_REC | MS_PRIVATE;
	fs(t, t->tree, "tmpfs", "mode=755\0size=1m", 17);
	step(t, WIRE_ATTACH_ROOT)->slot[0] = t->tree;
	attach(t, t->source, "usr", 1);
	fs(t, t->proc, "proc", NULL, 0);
	attach(t, t->proc, "/proc", 1);
	fs(t, t->dev, "tmpfs", "mode=755", 9);
	attach(t, t->dev, "/dev/", 1);
	at_path(t, WIRE_SYMLINK, "bin")->str[1] = plan_text(p, "usr/bin");
	at_path(t, WIRE_SYMLINK, "lib")->str[1] = plan_text(p, "usr/lib");
	at_path(t, WIRE_SYMLINK, "lib64")->str[1] = plan_text(p, "usr/lib64");
	s = at_path(t, WIRE_MKNOD, "dev/null");
	s->num[0] = S_IFCHR | 0666;
	s->num[1] = makedev(1, 3);
}

static void root_pivot(struct root *t)
{
	step(t, WIRE_PIVOT)->slot[0] = t->tree;
}

static void root_end(struct root *t)
{
	close(t->fds[0]);
	close(t->fds[1]);
}

static void run_ok(struct rig *r, struct root *t, const char *script)
{
	struct wire_exit e;

	plan_shell(t->p, script);
	e = rig_run(r, t->p, &(struct launch_options){.id = "root"});
	ck_assert_msg(e.status == 0, "status 0x%x of: %s", e.status, script);
}

START_TEST(test_root_with_mounts)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct wire_step *s;

	rig_open(&r);
	root_begin(&t, &p);
	s = at_path(&t, WIRE_MKDIR, "a/b/c");
	s->num[0] = 01777;
	s->num[1] = 7;
	s->num[2] = 8;
	s = at_path(&t, WIRE_MKFILE, "etc/motd");
	s->str[1] = plan_text(&p, "hello");
	s->num[0] = 0640;
	root_pivot(&t);
	run_ok(&r, &t,
	       "set -e; test \"$(stat -c %a:%u:%g /a/b/c)\" = 1777:7:8; "
	       "test \"$(cat /etc/motd)\" = hello; "
	       "test \"$(stat -c %a /etc/motd)\" = 640; "
	       "test \"$(stat -c %a /dev/null)\" = 666; echo x > /dev/null; "
	       "test ! -e /etc/passwd; test $$ = 1; "
	       "test \"$(cat /proc/self/cgroup | head -1 | cut -d: -f3)\" = /; "
	       "test \"$(wc -l < /proc/self/mountinfo)\" = 4");
	rig_close(&r);
	root_end(&t);
}
END_TEST

START_TEST(test_masked_and_readonly)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct wire_step *s;

	rig_open(&r);
	root_begin(&t, &p);
	s = at_path(&t, WIRE_MASK, "/proc/version");
	s->slot[0] = t.null;
	for (int i = 0; i < 2; i++) {
		s = at_path(&t, WIRE_MASK, i ? "/proc/bus" : "/proc/irq");
		s->slot[0] = t.null;
		s->flags = WIRE_SKIP_MISSING;
	}
	s = at_path(&t, WIRE_MASK, "/proc/not/there");
	s->slot[0] = t.null;
	s->flags = WIRE_SKIP_MISSING;
	s = step(&t, WIRE_SYSCTL);
	s->slot[0] = t.proc;
	s->str[0] = plan_text(&p, "sys/net/ipv4/ip_forward");
	s->str[1] = plan_text(&p, "1");
	s = step(&t, WIRE_PROC_WRITE);
	s->slot[0] = t.proc;
	s->str[0] = plan_text(&p, "oom_score_adj");
	s->str[1] = plan_text(&p, "500");
	at_path(&t, WIRE_READONLY, "/proc/sys");
	root_pivot(&t);
	run_ok(&r, &t,
	       "set -e; test -z \"$(cat /proc/version)\"; test -z \"$(ls /proc/irq)\"; "
	       "test -z \"$(ls /proc/bus)\"; "
	       "test \"$(cat /proc/sys/net/ipv4/ip_forward)\" = 1; "
	       "test \"$(cat /proc/self/oom_score_adj)\" = 500; "
	       "! echo 0 2>/dev/null > /proc/sys/net/ipv4/ip_forward; "
	       "! mkdir /proc/irq/x 2>/dev/null");
	rig_close(&r);
	root_end(&t);
}
END_TEST

/* Links that lead out of the root end in it, or nowhere. */
START_TEST(test_hostile_links)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct wire_failure f;

	rig_open(&r);
	root_begin(&t, &p);
	at_path(&t, WIRE_SYMLINK, "up")->str[1] = plan_text(&p, "/../../../tmp");
	at_path(&t, WIRE_MKDIR, "tmp")->num[0] = 0755;
	at_path(&t, WIRE_MKDIR, "up/below")->num[0] = 0700;
	fs(&t, t.spare, "tmpfs", NULL, 0);
	attach(&t, t.spare, "up/below", 0);
	root_pivot(&t);
	run_ok(&r, &t, "test -d /tmp/below && grep -q ' /tmp/below ' /proc/self/mountinfo");
	root_end(&t);

	root_begin(&t, &p);
	at_path(&t, WIRE_SYMLINK, "nowhere")->str[1] = plan_text(&p, "/no/such/place");
	fs(&t, t.spare, "tmpfs", NULL, 0);
	attach(&t, t.spare, "nowhere/below", 1);
	plan_shell(&p, "exit 0");
	f = rig_run_failing(&r, &p, &(struct launch_options){.id = "root"});
	ck_assert_str_eq(f.object, "nowhere/below");
	ck_assert_int_ne(f.sys_errno, 0);
	root_end(&t);

	/* /proc/self/root is a magic link: it would lead to the host. */
	root_begin(&t, &p);
	fs(&t, t.spare, "tmpfs", NULL, 0);
	attach(&t, t.spare, "proc/self/root/tmp", 0);
	plan_shell(&p, "exit 0");
	f = rig_run_failing(&r, &p, &(struct launch_options){.id = "root"});
	ck_assert_int_eq(f.sys_errno, ELOOP);
	root_end(&t);
	rig_close(&r);
}
END_TEST

START_TEST(test_bad_mount_option_is_named)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct wire_failure f;

	rig_open(&r);
	root_begin(&t, &p);
	fs(&t, t.spare, "tmpfs", "mode=700\0size=banana", 21);
	plan_shell(&p, "exit 0");
	f = rig_run_failing(&r, &p, &(struct launch_options){.id = "root"});
	ck_assert_uint_eq(f.code, EXD_ERR_MOUNT);
	ck_assert_str_eq(f.object, "tmpfs with size=banana");
	rig_close(&r);
	root_end(&t);
}
END_TEST

START_TEST(test_optional_step_is_a_warning)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct reply reply;
	uint64_t request;

	rig_open(&r);
	root_begin(&t, &p);
	at_path(&t, WIRE_READONLY, "/not/there")->flags = WIRE_OPTIONAL;
	root_pivot(&t);
	plan_shell(&p, "exit 0");
	request = rig_launch(&r, &p, &(struct launch_options){.id = "root"});
	rig_expect(r.sock, WIRE_WARNING, &reply);
	ck_assert_str_eq(reply.failure.object, "/not/there");
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(reply.exit.status, 0);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	rig_close(&r);
	root_end(&t);
}
END_TEST

static void tty_plan(struct root *t, struct plan *p, const char *script)
{
	struct wire_step *s;

	root_begin(t, p);
	fs(t, t->pts, "devpts", "newinstance\0ptmxmode=0666", 26);
	attach(t, t->pts, "dev/pts", 1);
	step(t, WIRE_SETSID);
	s = step(t, WIRE_TTY_OPEN);
	s->slot[0] = t->tree;
	s->slot[1] = t->spare;
	s->str[0] = plan_text(p, "dev/pts");
	s->num[0] = 33u << 16 | 77;
	root_pivot(t);
	s = step(t, WIRE_STDIO);
	s->slot[0] = s->slot[1] = s->slot[2] = t->spare;
	step(t, WIRE_CTTY);
	plan_shell(p, script);
}

START_TEST(test_terminal)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct reply reply;
	uint64_t request;
	char text[256] = "";
	ssize_t n = 0, got;

	rig_open(&r);
	tty_plan(&t, &p, "tty; stty size; echo hi > /dev/tty");
	request = rig_launch(&r, &p, &(struct launch_options){.id = "root"});
	ck_assert(rig_next(r.sock, &reply));
	ck_assert_uint_eq(reply.head.type, WIRE_STARTED);
	ck_assert_uint_eq(reply.nfds, 2);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	while ((got = read(reply.fds[1], text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	ck_assert_msg(strstr(text, "/dev/pts/0\r\n33 77\r\n"), "%s", text);
	close(reply.fds[0]);
	close(reply.fds[1]);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	rig_close(&r);
	root_end(&t);
}
END_TEST

START_TEST(test_detached_terminal)
{
	struct rig r;
	struct plan p;
	struct root t;
	struct reply reply;
	uint64_t request;
	char path[] = "/tmp/exd-output-XXXXXX", text[256];
	struct {
		struct wire_resize size;
		char id[5];
	} __attribute__((packed)) resize = {{11, 22, 5}, "root"};
	int output = mkstemp(path);

	rig_open(&r);
	tty_plan(&t, &p, "read x; stty size; exit 9");
	request = rig_launch(&r, &p, &(struct launch_options){.id = "root", .output = output});
	ck_assert(rig_next(r.sock, &reply));
	ck_assert_uint_eq(reply.head.type, WIRE_STARTED);
	ck_assert_uint_eq(reply.nfds, 1);
	close(reply.fds[0]);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	rig_send(r.sock, WIRE_RESIZE, 3, &resize, sizeof(resize), -1);
	rig_expect(r.sock, WIRE_RESULT, &reply);
	ck_assert_int_eq(reply.result, 0);
	ck_assert_int_eq(rig_kill(r.sock, "root", SIGKILL), 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	root_end(&t);

	tty_plan(&t, &p, "echo one; echo two >&2");
	ck_assert_int_eq(
		rig_run(&r, &p, &(struct launch_options){.id = "root", .output = output}).status,
		0);
	ck_assert_int_gt(read_file_at(AT_FDCWD, path, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "one\r\ntwo\r\n");
	rig_close(&r);
	root_end(&t);
	close(output);
	unlink(path);
}
END_TEST

START_TEST(test_identity)
{
	static const uint32_t groups[] = {100, 101};
	struct rig r;
	struct plan p;
	struct root t;
	struct wire_step *s;

	rig_open(&r);
	root_begin(&t, &p);
	root_pivot(&t);
	s = step(&t, WIRE_RLIMIT);
	s->num[0] = RLIMIT_NOFILE;
	s->num[1] = 77;
	s->num[2] = 99;
	step(&t, WIRE_UMASK)->num[0] = 027;
	step(&t, WIRE_BOUNDING)->num[0] = 1 << 5 | 1;
	step(&t, WIRE_GROUPS)->str[0] = plan_data(&p, groups, sizeof(groups));
	step(&t, WIRE_NO_NEW_PRIVS);
	s = step(&t, WIRE_IDS);
	s->num[0] = 1234;
	s->num[1] = 5678;
	s = step(&t, WIRE_CAPS);
	s->num[0] = s->num[1] = s->num[2] = s->num[3] = 1 << 5;
	s = step(&t, WIRE_CHDIR);
	s->str[0] = plan_text(&p, "/usr/bin");
	run_ok(&r, &t,
	       "set -e; test \"$(id -u):$(id -g):$(id -G)\" = '1234:5678:5678 100 101'; "
	       "test $(ulimit -n):$(ulimit -Hn) = 77:99; "
	       "test $(umask) = 0027; test $(pwd) = /usr/bin; "
	       "grep -q 'CapEff:.0*20$' /proc/self/status; "
	       "grep -q 'CapBnd:.0*21$' /proc/self/status; "
	       "grep -q 'CapAmb:.0*20$' /proc/self/status; "
	       "grep -q 'NoNewPrivs:.1' /proc/self/status; "
	       "grep -q 'SigIgn:.0*$' /proc/self/status");
	rig_close(&r);
	root_end(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("monitor_root");
	TCase *tc = tap_tcase(s, "root");

	tcase_add_test(tc, test_root_with_mounts);
	tcase_add_test(tc, test_masked_and_readonly);
	tcase_add_test(tc, test_hostile_links);
	tcase_add_test(tc, test_bad_mount_option_is_named);
	tcase_add_test(tc, test_optional_step_is_a_warning);
	tcase_add_test(tc, test_identity);
	tcase_add_test(tc, test_terminal);
	tcase_add_test(tc, test_detached_terminal);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
