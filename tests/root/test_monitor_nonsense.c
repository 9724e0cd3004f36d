/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is no plan, no message, no id: refused, and everybody else is served as before. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "base/memfd.h"
#include "base/seqpacket.h"
#include "tests/root/monitor_rig.h"
#include "tests/tap.h"

static void true_plan(struct plan *p)
{
	plan_init(p, 0);
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
}

#define VARIANTS 39

/* A plan that is good but for one thing. */
static void broken_plan(struct plan *p, int variant)
{
	struct wire_step *s;

	plan_init(p, 0);
	s = plan_step(p, WIRE_CHILD, WIRE_CHDIR, EXD_ERR_CWD);
	s->str[0] = plan_text(p, "/");
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
	switch (variant) {
	case 0:
		p->head.magic++;
		break;
	case 1:
		p->head.version++;
		break;
	case 2:
		p->head.slots = 0xffff;
		break;
	case 3:
		p->head.fds = 1;
		break;
	case 4:
		p->head.phase_steps[WIRE_CHILD] = 0;
		break;
	case 5:
		p->head.phase_steps[WIRE_CHILD]++;
		break;
	case 6:
		p->head.phase_steps[WIRE_CHILD]--;
		break;
	case 7:
		p->head.phase_steps[WIRE_PREPARE] = 0xffff;
		break;
	case 8:
		p->head.phase_steps[WIRE_CLEANUP] = 0xffff;
		break;
	case 9:
		p->head.pidns_slot = 0;
		break;
	case 10:
		p->head.into_cgroup_slot = 5;
		break;
	case 11:
		p->head.clone_flags = CLONE_NEWUSER;
		break;
	case 12:
		p->head.clone_flags = CLONE_VM;
		break;
	case 13:
		p->head.clone_flags = ~0ull;
		break;
	case 14:
		s->op = 0;
		break;
	case 15:
		s->op = 0xffff;
		break;
	case 16:
		s->op = WIRE_CGROUP_MAKE;
		break;
	case 17:
		s->op = WIRE_CGROUP_REMOVE;
		break;
	case 18:
		s->op = WIRE_EXEC;
		break;
	case 19:
		p->steps[1].op = WIRE_SETSID;
		break;
	case 20:
		s->str[0].offset = 0xffffffff;
		break;
	case 21:
		s->str[0].size = 0xffffffff;
		break;
	case 22:
		s->str[0].size--;
		break;
	case 23:
		s->str[0].size++;
		break;
	case 24:
		s->str[0].size = 0;
		break;
	case 25:
		s->op = WIRE_CGROUP_JOIN;
		break;
	case 26:
		s->op = WIRE_CGROUP_JOIN;
		s->slot[0] = 0;
		break;
	case 27:
		s->op = WIRE_SECCOMP;
		s->str[0].size = 7;
		break;
	case 28:
		s->op = WIRE_GROUPS;
		s->str[0].size = 3;
		break;
	case 29:
		p->steps[1].num[0]++;
		break;
	case 30:
		p->steps[1].num[0] = ~0ull;
		break;
	case 31:
		p->steps[1].num[1] = 0;
		break;
	case 32:
		s->op = WIRE_RLIMIT;
		s->num[0] = 99;
		break;
	case 33:
		s->op = WIRE_DEVICES;
		break;
	case 34:
		p->head.phase_steps[WIRE_PREPARE] = 1;
		p->head.phase_steps[WIRE_CHILD]--;
		s->op = WIRE_DEVICES;
		s->slot[0] = plan_slot(p);
		s->str[1].size = 7;
		break;
	case 35:
		s->op = WIRE_SCHEDULER;
		s->str[0] = plan_text(p, "batch");
		s->str[1] = plan_text(p, "short..");
		break;
	case 36:
		s->op = WIRE_LANDLOCK;
		s->str[0] = plan_text(p, "r");
		break;
	case 37:
		s->op = WIRE_AFFINITY;
		s->str[0] = plan_text(p, "0");
		break;
	default:
		s->op = WIRE_OPEN;
		s->slot[1] = 0;
		p->head.slots = 1;
		s->str[0] = plan_text(p, "relative");
		break;
	}
}

START_TEST(test_malformed_plans)
{
	struct launch_options o = {.id = "box"};
	struct rig r;
	struct plan p;

	rig_open(&r);
	for (int i = 0; i < VARIANTS; i++) {
		struct wire_failure f;

		broken_plan(&p, i);
		if (p.head.fds)
			p.fds[0] = r.dir;
		f = rig_run_failing(&r, &p, &o);
		ck_assert_msg(f.code == EXD_ERR_PROTOCOL, "variant %d: code %u '%s'", i, f.code,
			      f.object);
		true_plan(&p);
		ck_assert_int_eq(rig_run(&r, &p, &o).status, 0);
	}
	rig_close(&r);
}
END_TEST

#define CUT_VARIANTS 10

/* With what is made for one container alone. */
static void broken_cut_of_one(struct plan *p, uint16_t op)
{
	struct wire_step *s;

	plan_init(p, 0);
	s = plan_step(p, WIRE_PREPARE, op, EXD_ERR_SYSTEM);
	s->slot[1] = plan_slot(p);
	if (op == WIRE_SCRATCH)
		s->slot[2] = plan_slot(p);
	else
		s->str[0] = plan_text(p, "/socket");
	(void)plan_step(p, WIRE_CHILD, WIRE_SETSID, EXD_ERR_SYSTEM);
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
	p->head.cut = 1;
}

/* A cut where none can be. */
static void broken_cut(struct plan *p, int variant)
{
	struct wire_step *s;

	plan_init(p, 0);
	s = plan_step(p, WIRE_CHILD, WIRE_SETSID, EXD_ERR_SYSTEM);
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
	p->head.cut = 1;
	switch (variant) {
	case 0:
		p->head.cut = 2;
		break;
	case 1:
		p->head.cut = 0xffff;
		break;
	case 2:
		s->op = WIRE_PARK;
		break;
	case 3:
		s->op = WIRE_STDIO;
		break;
	case 4:
		s->op = WIRE_INIT;
		break;
	case 5:
		broken_cut_of_one(p, WIRE_CONNECT);
		break;
	case 6:
		broken_cut_of_one(p, WIRE_SCRATCH);
		break;
	case 7:
		s->op = WIRE_SECCOMP_NOTIFY;
		s->slot[0] = plan_fd(p, STDIN_FILENO);
		s->str[0] = plan_text(p, "1234567");
		s->str[1] = plan_text(p, "a");
		break;
	case 8:
		s->op = WIRE_REBIRTH;
		break;
	default:
		p->steps[1].op = WIRE_WORKER;
		p->steps[1].num[2] = 0;
		break;
	}
}

START_TEST(test_malformed_cuts)
{
	struct launch_options o = {.id = "box"};
	struct rig r;
	struct plan p;

	rig_open(&r);
	for (int i = 0; i < CUT_VARIANTS; i++) {
		struct wire_failure f;

		broken_cut(&p, i);
		f = rig_run_failing(&r, &p, &o);
		ck_assert_msg(f.code == EXD_ERR_PROTOCOL, "variant %d: code %u '%s'", i, f.code,
			      f.object);
		/* Good plans, but for the cut. */
		if (i >= 5 && i <= 8)
			ck_assert_msg(strstr(f.object, "cut"), "variant %d: '%s'", i, f.object);
	}
	broken_cut(&p, 0);
	p.head.cut = 1;
	ck_assert_int_eq(rig_run(&r, &p, &o).status, 0);
	rig_close(&r);
}
END_TEST

#define WORKER_VARIANTS 12

/* A plan whose worker is good but for one thing. */
static void broken_worker_plan(struct plan *p, int variant)
{
	struct wire_step *s, *w;
	uint16_t slot;

	plan_init(p, 0);
	slot = plan_slot(p);
	s = plan_step(p, WIRE_CHILD, WIRE_LEND, EXD_ERR_SYSTEM);
	s->slot[0] = slot;
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
	w = &p->steps[1];
	w->op = WIRE_WORKER;
	w->num[2] = 0;
	switch (variant) {
	case 0:
		s->slot[0] = 1;
		break;
	case 1:
		s->slot[0] = WIRE_NO_SLOT;
		break;
	case 2:
		w->op = WIRE_EXEC;
		break;
	case 3:
		w->num[2] = 1u << 3;
		break;
	case 4:
		w->num[0]++;
		break;
	case 5:
		w->num[1] = ~0ull;
		break;
	case 6:
		w->str[0] = plan_text(p, "bin/true");
		break;
	case 7:
		w->str[0].size--;
		break;
	case 8:
		p->head.clone_flags = CLONE_NEWPID;
		break;
	case 9:
		p->head.pidns_slot = slot;
		break;
	case 10:
		s->op = WIRE_PARK;
		break;
	default:
		s->op = WIRE_WORKER;
		s->str[0] = w->str[0];
		s->str[1] = w->str[1];
		s->num[0] = 1;
		break;
	}
}

START_TEST(test_malformed_plans_of_workers)
{
	struct launch_options o = {.id = "box"};
	struct rig r;
	struct plan p;

	rig_open(&r);
	for (int i = 0; i < WORKER_VARIANTS; i++) {
		struct wire_failure f;

		broken_worker_plan(&p, i);
		f = rig_run_failing(&r, &p, &o);
		ck_assert_msg(f.code == EXD_ERR_PROTOCOL, "variant %d: code %u '%s'", i, f.code,
			      f.object);
	}
	/* It is well-formed, but nobody has filled what it is to be lent. */
	broken_worker_plan(&p, -1);
	p.steps[0].op = WIRE_LEND;
	p.steps[0].str[0].size = p.steps[0].str[1].size = 0;
	ck_assert_int_eq(rig_run_failing(&r, &p, &o).sys_errno, EBADF);
	rig_close(&r);
}
END_TEST

START_TEST(test_plans_that_are_no_plans)
{
	struct launch_options o = {.id = "box"};
	struct rig r;
	struct plan p;
	struct reply reply;
	int fds[4] = {open("/dev/null", O_RDONLY | O_CLOEXEC),
		      open("/etc/passwd", O_RDONLY | O_CLOEXEC),
		      memfd_sealed("short", "EXDP", 4, false), memfd_sealed("empty", "", 0, false)};

	rig_open(&r);
	true_plan(&p);
	for (int i = 0; i < 4; i++) {
		(void)rig_launch_fd(&r, &p, fds[i], &o);
		rig_expect(r.sock, WIRE_FAILED, &reply);
		ck_assert_uint_eq(reply.failure.code, EXD_ERR_PROTOCOL);
		close(fds[i]);
	}
	ck_assert_int_eq(rig_run(&r, &p, &o).status, 0);
	rig_close(&r);
}
END_TEST

static void send_raw(int sock, const void *bytes, size_t size)
{
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = size};

	ck_assert_int_eq(seq_send(sock, &iov, 1, NULL, 0), (ssize_t)size);
}

/* Each on a connection of its own, which must be closed; everybody else is served as before. */
static void send_nonsense(struct rig *r, int sock, int variant)
{
	char bytes[600];
	struct wire_msg msg = {.size = sizeof(msg), .type = WIRE_KILL};

	memset(bytes, 0x5a, sizeof(bytes));
	switch (variant) {
	case 0:
		send_raw(sock, "x", 1);
		break;
	case 1:
		send_raw(sock, bytes, sizeof(bytes));
		break;
	case 2:
		msg.size++;
		send_raw(sock, &msg, sizeof(msg));
		break;
	case 3:
		msg.fds = 1;
		send_raw(sock, &msg, sizeof(msg));
		break;
	case 4:
		rig_send(sock, 999, 1, NULL, 0, -1);
		break;
	case 5:
		rig_send(sock, WIRE_KILL, 1, bytes, 3, -1);
		break;
	case 6:
		rig_send(sock, WIRE_KILL, 1, bytes, sizeof(bytes), -1);
		break;
	case 7:
		rig_send(sock, WIRE_ACK, 1, bytes, 3, -1);
		break;
	case 8:
		rig_send(sock, WIRE_GO, 1, bytes, 5, -1);
		break;
	case 9:
		rig_send(sock, WIRE_LAUNCH, 1, bytes, 10, -1);
		break;
	case 10:
		rig_send(sock, WIRE_LAUNCH, 1, bytes, sizeof(bytes), r->dir);
		break;
	case 11:
		rig_send(sock, WIRE_SUBSCRIBE, 1, bytes, 7, -1);
		break;
	case 12:
		rig_send(sock, WIRE_RESIZE, 1, bytes, 8, -1);
		break;
	case 13:
		rig_send(sock, WIRE_WATCH, 1, bytes, 8, -1);
		break;
	case 14:
		rig_send(sock, WIRE_WATCH, 1, NULL, 0, -1);
		break;
	case 15:
		rig_send(sock, WIRE_OOM_ATTACH, 1, "box", 4, -1);
		break;
	case 16:
		rig_send(sock, WIRE_FDS, 1, bytes, 1, r->dir);
		break;
	case 17:
		rig_send(sock, WIRE_KILL, 1, NULL, 0, r->dir);
		break;
	default:
		rig_send(sock, WIRE_HELLO, 1, bytes, 8, -1);
		break;
	}
}

START_TEST(test_malformed_messages)
{
	struct rig r;
	struct plan p;
	struct reply reply;

	rig_open(&r);
	for (int i = 0; i < 19; i++) {
		int sock = rig_connect(&r);

		send_nonsense(&r, sock, i);
		ck_assert_msg(!rig_next(sock, &reply), "variant %d was answered by %u", i,
			      reply.head.type);
		close(sock);
	}
	true_plan(&p);
	ck_assert_int_eq(rig_run(&r, &p, &(struct launch_options){.id = "box"}).status, 0);
	rig_close(&r);
}
END_TEST

/* Also what a launch says of itself: ids become paths. */
START_TEST(test_hostile_ids)
{
	static const char *const ids[] = {"..", ".", "a/b", "../../etc", "", "-x", "a b", "a\nb"};
	struct rig r;
	struct plan p;
	struct reply reply;

	rig_open(&r);
	true_plan(&p);
	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		int own = r.sock;

		r.sock = rig_connect(&r);
		(void)rig_launch(&r, &p, &(struct launch_options){.id = ids[i]});
		ck_assert_msg(!rig_next(r.sock, &reply), "id '%s' was taken", ids[i]);
		close(r.sock);
		r.sock = own;
	}
	rig_close(&r);
}
END_TEST

START_TEST(test_unknown_flags)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	int own;

	rig_open(&r);
	own = r.sock;
	true_plan(&p);
	r.sock = rig_connect(&r);
	(void)rig_launch(&r, &p, &(struct launch_options){.id = "box", .flags = 1u << 30});
	ck_assert(!rig_next(r.sock, &reply));
	close(r.sock);
	r.sock = own;
	rig_close(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("monitor_nonsense");
	TCase *tc = tap_tcase(s, "nonsense");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_malformed_plans);
	tcase_add_test(tc, test_malformed_cuts);
	tcase_add_test(tc, test_malformed_plans_of_workers);
	tcase_add_test(tc, test_plans_that_are_no_plans);
	tcase_add_test(tc, test_malformed_messages);
	tcase_add_test(tc, test_hostile_ids);
	tcase_add_test(tc, test_unknown_flags);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
