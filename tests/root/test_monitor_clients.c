/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor among its clients: those that go, come back, read slowly or talk nonsense. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "tests/root/monitor_rig.h"
#include "tests/tap.h"

static void true_plan(struct plan *p)
{
	plan_init(p, 0);
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
}

static void sleep_plan(struct plan *p)
{
	plan_init(p, 0);
	plan_exec(p, (const char *const[]){"/bin/sleep", "100", NULL});
}

/* A launch over this socket, acknowledged; returns the pid. */
static pid_t start_on(struct rig *r, int sock, struct plan *p, const struct launch_options *o)
{
	int own = r->sock;
	struct reply reply;
	uint64_t request;

	r->sock = sock;
	request = rig_launch(r, p, o);
	rig_expect(sock, WIRE_STARTED, &reply);
	rig_verdict(sock, WIRE_ACK, request, 0);
	r->sock = own;
	return reply.started.pid;
}

/* Until the process is gone, its parent having reaped it. */
static bool gone_soon(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(test_client_death_ends_the_tied)
{
	struct rig r;
	struct plan p;
	pid_t tied, untied;
	struct reply reply;
	int other;

	rig_open(&r);
	other = rig_connect(&r);
	sleep_plan(&p);
	tied = start_on(&r, other, &p,
			&(struct launch_options){.id = "tied", .flags = WIRE_LAUNCH_TIED});
	untied = start_on(&r, other, &p, &(struct launch_options){.id = "untied"});
	close(other);
	ck_assert(gone_soon(tied));
	ck_assert_int_eq(kill(untied, 0), 0);
	/* The one that is left answers to everybody. */
	rig_send(r.sock, WIRE_WATCH, 77, "untied", 7, -1);
	ck_assert(rig_silent(r.sock, 50));
	ck_assert_int_eq(rig_kill(r.sock, "untied", SIGKILL), 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_uint_eq(reply.head.request, 77);
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGKILL);
	/* And afterwards, as long as it is remembered. */
	rig_send(r.sock, WIRE_WATCH, 78, "untied", 7, -1);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	rig_send(r.sock, WIRE_WATCH, 79, "nobody", 7, -1);
	rig_expect(r.sock, WIRE_RESULT, &reply);
	ck_assert_int_eq(reply.result, -ENOENT);
	rig_close(&r);
}
END_TEST

START_TEST(test_monitor_outlives_its_last_client)
{
	struct rig r;
	struct plan p;
	struct reply reply;

	rig_open(&r);
	sleep_plan(&p);
	(void)start_on(&r, r.sock, &p, &(struct launch_options){.id = "box"});
	close(r.sock);
	usleep(50000);
	r.sock = rig_connect(&r);
	rig_send(r.sock, WIRE_WATCH, 5, "box", 4, -1);
	ck_assert_int_eq(rig_kill(r.sock, "box", SIGTERM), 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGTERM);
	rig_close(&r);
}
END_TEST

START_TEST(test_client_death_aborts_the_parked)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;
	pid_t pid;
	int other;

	rig_open(&r);
	other = rig_connect(&r);
	plan_init(&p, 0);
	plan_step(&p, WIRE_CHILD, WIRE_PARK, EXD_ERR_ABORTED);
	plan_exec(&p, (const char *const[]){"/bin/true", NULL});
	request = r.request;
	{
		int own = r.sock;

		r.sock = other;
		(void)rig_launch(&r, &p, &(struct launch_options){.id = "parked", .state = true});
		r.sock = own;
	}
	rig_expect(other, WIRE_PARKED, &reply);
	pid = reply.started.pid;
	close(other);
	ck_assert(gone_soon(pid));
	ck_assert_uint_lt(request, r.request);
	rig_close(&r);
}
END_TEST

static uint64_t next_event(int sock, uint32_t type, const char *id)
{
	struct reply reply;

	rig_expect(sock, WIRE_EVENT, &reply);
	ck_assert_uint_eq(reply.event.type, type);
	ck_assert_str_eq(reply.bytes + sizeof(reply.event), id);
	return reply.event.sequence;
}

START_TEST(test_events_are_replayed)
{
	struct rig r;
	struct plan p;
	uint64_t since = 0, first, second;
	int other;

	rig_open(&r);
	true_plan(&p);
	(void)rig_run(&r, &p, &(struct launch_options){.id = "a"});
	(void)rig_run(&r, &p, &(struct launch_options){.id = "b"});
	other = rig_connect(&r);
	rig_send(other, WIRE_SUBSCRIBE, 2, &since, sizeof(since), -1);
	first = next_event(other, EXD_EVENT_STARTED, "a");
	second = next_event(other, EXD_EVENT_EXITED, "a");
	ck_assert_uint_gt(second, first);
	(void)next_event(other, EXD_EVENT_STARTED, "b");
	(void)next_event(other, EXD_EVENT_EXITED, "b");
	close(other);
	other = rig_connect(&r);
	rig_send(other, WIRE_SUBSCRIBE, 2, &second, sizeof(second), -1);
	(void)next_event(other, EXD_EVENT_STARTED, "b");
	(void)next_event(other, EXD_EVENT_EXITED, "b");
	ck_assert(rig_silent(other, 20));
	/* Execs are no containers: nobody hears of them. */
	(void)rig_run(&r, &p, &(struct launch_options){.id = "b", .flags = WIRE_LAUNCH_EXEC});
	ck_assert(rig_silent(other, 20));
	(void)rig_run(&r, &p, &(struct launch_options){.id = "c"});
	(void)next_event(other, EXD_EVENT_STARTED, "c");
	(void)next_event(other, EXD_EVENT_EXITED, "c");
	close(other);
	rig_close(&r);
}
END_TEST

START_TEST(test_listeners_keep_nobody)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t since = 0;
	int other;

	rig_open(&r);
	true_plan(&p);
	(void)rig_run(&r, &p, &(struct launch_options){.id = "a"});
	other = rig_connect(&r);
	rig_send(other, WIRE_SUBSCRIBE, 2, &since, sizeof(since), -1);
	(void)next_event(other, EXD_EVENT_STARTED, "a");
	(void)next_event(other, EXD_EVENT_EXITED, "a");
	/* Somebody who may yet launch something is there. */
	(void)rig_run(&r, &p, &(struct launch_options){.id = "b"});
	rig_close(&r);
	(void)next_event(other, EXD_EVENT_STARTED, "b");
	(void)next_event(other, EXD_EVENT_EXITED, "b");
	ck_assert(!rig_next(other, &reply));
	close(other);
}
END_TEST

/*
 * More than a socket holds: nobody waits for the reader, and it misses nothing that is still kept.
 */
START_TEST(test_slow_subscriber)
{
	struct rig r;
	struct plan p;
	uint64_t since = 0;
	int other;

	rig_open(&r);
	other = rig_connect(&r);
	rig_send(other, WIRE_SUBSCRIBE, 2, &since, sizeof(since), -1);
	true_plan(&p);
	for (int i = 0; i < 400; i++)
		(void)rig_run(&r, &p, &(struct launch_options){.id = "quick"});
	for (int i = 0; i < 400; i++) {
		(void)next_event(other, EXD_EVENT_STARTED, "quick");
		(void)next_event(other, EXD_EVENT_EXITED, "quick");
	}
	ck_assert(rig_silent(other, 20));
	close(other);
	rig_close(&r);
}
END_TEST

START_TEST(test_exec_in_an_ended_box_is_refused)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	uint64_t request;
	int hold[2];

	rig_open(&r);
	/* A drain that takes long keeps the box known after its init has ended. */
	ck_assert_int_eq(pipe2(hold, O_CLOEXEC), 0);
	true_plan(&p);
	request = rig_launch(
		&r, &p,
		&(struct launch_options){.id = "box", .drain_out = hold[0], .drain_ms = 500});
	rig_expect(r.sock, WIRE_STARTED, &reply);
	rig_verdict(r.sock, WIRE_ACK, request, 0);
	usleep(100000);
	(void)rig_launch(&r, &p, &(struct launch_options){.id = "box", .flags = WIRE_LAUNCH_EXEC});
	rig_expect(r.sock, WIRE_FAILED, &reply);
	ck_assert_uint_eq(reply.failure.code, EXD_ERR_NOT_RUNNING);
	ck_assert_int_eq(reply.failure.sys_errno, ESRCH);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert(reply.exit.stdio_held_open);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	close(hold[0]);
	close(hold[1]);
	rig_close(&r);
}
END_TEST

START_TEST(test_drain_ends_with_the_last_writer)
{
	struct rig r;
	struct plan p;
	struct wire_step *s;
	struct wire_exit e;
	int out[2];

	rig_open(&r);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	plan_init(&p, 0);
	s = plan_step(&p, WIRE_CHILD, WIRE_STDIO, EXD_ERR_SYSTEM);
	s->slot[1] = plan_fd(&p, out[1]);
	plan_shell(&p, "sleep 0.2 & exit 0");
	{
		uint64_t request = rig_launch(
			&r, &p, &(struct launch_options){.drain_out = out[0], .drain_ms = 5000});
		struct reply reply;

		close(out[1]);
		rig_expect(r.sock, WIRE_STARTED, &reply);
		rig_verdict(r.sock, WIRE_ACK, request, 0);
		rig_expect(r.sock, WIRE_EXITED, &reply);
		e = reply.exit;
		rig_expect(r.sock, WIRE_CLEANED, &reply);
	}
	ck_assert(!e.stdio_held_open);
	close(out[0]);
	rig_close(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("monitor_clients");
	TCase *tc = tap_tcase(s, "clients");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_client_death_ends_the_tied);
	tcase_add_test(tc, test_monitor_outlives_its_last_client);
	tcase_add_test(tc, test_client_death_aborts_the_parked);
	tcase_add_test(tc, test_events_are_replayed);
	tcase_add_test(tc, test_listeners_keep_nobody);
	tcase_add_test(tc, test_slow_subscriber);
	tcase_add_test(tc, test_exec_in_an_ended_box_is_refused);
	tcase_add_test(tc, test_drain_ends_with_the_last_writer);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
