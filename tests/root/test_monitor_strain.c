/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor when there is too much of one thing or too little of another. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execdriver/execdriver.h>

#include "base/fdio.h"
#include "base/seqpacket.h"
#include "base/sockpath.h"
#include "tests/mounts.h"
#include "tests/root/monitor_rig.h"
#include "tests/tap.h"

#define PAUSE_US 10000

static void true_plan(struct plan *p)
{
	plan_init(p, 0);
	plan_exec(p, (const char *const[]){"/bin/true", NULL});
}

static void sleep_plan(struct plan *p)
{
	plan_init(p, 0);
	plan_exec(p, (const char *const[]){"/bin/sleep", "1000", NULL});
}

/* The number behind a word in a file of the monitor's in /proc. */
static long look_up(const struct rig *r, const char *file, const char *word)
{
	char path[64], text[4096];
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)r->monitor, file);
	ck_assert_int_gt(read_file_at(AT_FDCWD, path, text, sizeof(text)), 0);
	at = strstr(text, word);
	ck_assert_ptr_nonnull(at);
	return strtol(at + strlen(word), NULL, 10);
}

/* Processor time so far, in ticks of 10 ms: fields 14 and 15. */
static long ticks(const struct rig *r)
{
	char path[64], text[1024], *at;
	long sum = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)r->monitor);
	ck_assert_int_gt(read_file_at(AT_FDCWD, path, text, sizeof(text)), 0);
	at = strrchr(text, ')') + 2;
	for (int field = 3; field <= 15; field++) {
		sum += field >= 14 ? strtol(at, NULL, 10) : 0;
		at = strchr(at, ' ') + 1;
	}
	return sum;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

#define FEW 64

static void allow_few(void)
{
	const struct rlimit few = {FEW, FEW};

	(void)setrlimit(RLIMIT_NOFILE, &few);
}

/* Starts containers with a record until one is refused; returns how many there are. */
static int start_until_refused(struct rig *r, struct wire_failure *failure)
{
	struct plan p;
	struct reply reply;
	char id[16];
	int n = 0;

	sleep_plan(&p);
	do {
		uint64_t request;

		(void)snprintf(id, sizeof(id), "box%d", n);
		request = rig_launch(r, &p, &(struct launch_options){.id = id, .state = true});
		ck_assert(rig_next(r->sock, &reply));
		for (unsigned int i = 0; i < reply.nfds; i++)
			close(reply.fds[i]);
		rig_verdict(r->sock, WIRE_ACK, request, 0);
		n++;
	} while (n < FEW && reply.head.type == WIRE_STARTED);
	ck_assert_uint_eq(reply.head.type, WIRE_FAILED);
	*failure = reply.failure;
	/* Its directory is still the client's, when the monitor did not even get that far. */
	(void)unlinkat(r->root, id, AT_REMOVEDIR);
	return n - 1;
}

START_TEST(test_out_of_descriptors)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	struct wire_failure failure;
	char path[64], text[1024];
	int n;

	rig_open_with(&r, "/tmp", allow_few);
	n = start_until_refused(&r, &failure);
	ck_assert_int_gt(n, 3);
	ck_assert_int_eq(failure.sys_errno, EMFILE);
	/* Those that run are ended and recorded all the same, and make room. */
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "box%d", i);
		ck_assert_int_eq(rig_kill(r.sock, path, SIGKILL), 0);
		rig_expect(r.sock, WIRE_EXITED, &reply);
		ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGKILL);
		rig_expect(r.sock, WIRE_CLEANED, &reply);
		(void)snprintf(path, sizeof(path), "box%d/exit.json", i);
		ck_assert_int_gt(read_file_at(r.root, path, text, sizeof(text)), 0);
		ck_assert_int_eq(unlinkat(r.root, path, 0), 0);
		(void)snprintf(path, sizeof(path), "box%d/state.json", i);
		ck_assert_int_eq(unlinkat(r.root, path, 0), 0);
		(void)snprintf(path, sizeof(path), "box%d", i);
		ck_assert_int_eq(unlinkat(r.root, path, AT_REMOVEDIR), 0);
	}
	true_plan(&p);
	ck_assert_int_eq(rig_run(&r, &p, &(struct launch_options){.id = "box"}).status, 0);
	rig_close(&r);
}
END_TEST

/* Those of a message that has more than fit are lost: the launch fails, not the connection. */
START_TEST(test_descriptors_that_do_not_fit)
{
	struct rig r;
	struct plan p;
	struct wire_failure failure;

	rig_open_with(&r, "/tmp", allow_few);
	for (int round = 0; round < 3; round++) {
		true_plan(&p);
		for (unsigned int i = 0; i < sizeof(p.fds) / sizeof(p.fds[0]); i++)
			(void)plan_fd(&p, r.root);
		ck_assert_int_eq(rig_run(&r, &p, &(struct launch_options){.id = "box"}).status, 0);
		for (int i = 0; i < FEW / 8; i++)
			ck_assert_int_eq(wire_send(r.sock, WIRE_FDS, 0, NULL, 0, p.fds, 8), 0);
		failure = rig_run_failing(&r, &p, &(struct launch_options){.id = "box"});
		ck_assert_int_eq(failure.sys_errno, EMFILE);
	}
	rig_close(&r);
}
END_TEST

/* Clients that cannot be let in wait, and the monitor does not run in circles meanwhile. */
START_TEST(test_clients_that_do_not_fit)
{
	struct rig r;
	struct plan p;
	int socks[FEW + 20];
	long before;

	rig_open_with(&r, "/tmp", allow_few);
	for (unsigned int i = 0; i < sizeof(socks) / sizeof(socks[0]); i++) {
		socks[i] = sock_connect_at(r.dir, "sock", 1000);
		ck_assert_int_ge(socks[i], 0);
	}
	before = ticks(&r);
	usleep(500000);
	ck_assert_int_le(ticks(&r) - before, 10);
	for (unsigned int i = 0; i < sizeof(socks) / sizeof(socks[0]); i++)
		close(socks[i]);
	usleep(20 * PAUSE_US);
	true_plan(&p);
	ck_assert_int_eq(rig_run(&r, &p, &(struct launch_options){.id = "box"}).status, 0);
	rig_close(&r);
}
END_TEST

/* ---- a full disk ----------------------------------------------------------------------------- */

static void disk_make(char *path)
{
	ck_assert_int_eq(mounts_own(), 0);
	strcpy(path, "/tmp/exd-small-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(mount("tmpfs", path, "tmpfs", 0, "size=128k"), 0);
}

static void disk_remove(const char *path)
{
	ck_assert_int_eq(umount(path), 0);
	ck_assert_int_eq(rmdir(path), 0);
}

static void disk_fill(struct rig *r)
{
	char bytes[4096] = "";
	int fd = openat(r->root, "full", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}

/* A container with a record, on a disk that is then full. */
static void start_and_fill(struct rig *r)
{
	struct plan p;
	struct reply reply;
	uint64_t request;

	sleep_plan(&p);
	request = rig_launch(r, &p, &(struct launch_options){.id = "box", .state = true});
	rig_expect(r->sock, WIRE_STARTED, &reply);
	rig_verdict(r->sock, WIRE_ACK, request, 0);
	disk_fill(r);
}

START_TEST(test_exit_is_recorded_on_a_full_disk)
{
	char disk[32], text[1024];
	struct reply reply;
	struct rig r;

	disk_make(disk);
	rig_open_with(&r, disk, NULL);
	start_and_fill(&r);
	ck_assert_int_eq(rig_kill(r.sock, "box", SIGKILL), 0);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_gt(read_file_at(r.root, "box/exit.json", text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "{\"exit_code\":137,\"signal\":9,"));
	ck_assert_str_eq(text + strlen(text) - 2, "}\n");
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	ck_assert_int_eq(unlinkat(r.root, "full", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box/exit.json", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box/state.json", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box", AT_REMOVEDIR), 0);
	rig_close(&r);
	disk_remove(disk);
}
END_TEST

/* When there is no record for all that, who hears of the exit hears of that first. */
START_TEST(test_record_that_cannot_be_written)
{
	struct reply reply;
	char disk[32];
	struct rig r;

	disk_make(disk);
	rig_open_with(&r, disk, NULL);
	start_and_fill(&r);
	ck_assert_int_eq(unlinkat(r.root, "box/.exit.json.new", 0), 0);
	disk_fill(&r);
	ck_assert_int_eq(rig_kill(r.sock, "box", SIGKILL), 0);
	rig_expect(r.sock, WIRE_WARNING, &reply);
	ck_assert_uint_eq(reply.failure.code, EXD_ERR_STATE);
	ck_assert_uint_eq(reply.failure.stage, EXD_STAGE_CLEANUP);
	ck_assert_int_eq(reply.failure.sys_errno, ENOSPC);
	rig_expect(r.sock, WIRE_EXITED, &reply);
	ck_assert_int_eq(WTERMSIG(reply.exit.status), SIGKILL);
	rig_expect(r.sock, WIRE_CLEANED, &reply);
	ck_assert_int_eq(unlinkat(r.root, "full", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box/state.json", 0), 0);
	ck_assert_int_eq(unlinkat(r.root, "box", AT_REMOVEDIR), 0);
	rig_close(&r);
	disk_remove(disk);
}
END_TEST

START_TEST(test_start_on_a_full_disk)
{
	char disk[32];
	struct rig r;
	struct plan p;
	struct wire_failure f;

	disk_make(disk);
	rig_open_with(&r, disk, NULL);
	disk_fill(&r);
	sleep_plan(&p);
	f = rig_run_failing(&r, &p, &(struct launch_options){.id = "box", .state = true});
	ck_assert_uint_eq(f.code, EXD_ERR_STATE);
	ck_assert_int_eq(f.sys_errno, ENOSPC);
	ck_assert_int_eq(unlinkat(r.root, "full", 0), 0);
	rig_close(&r);
	disk_remove(disk);
}
END_TEST

/* ---- many, and for long ---------------------------------------------------------------------- */

#define CLIENTS 200
#define EACH 5

START_TEST(test_thousand_containers_of_many_clients)
{
	struct rig r;
	struct plan p;
	struct reply reply;
	int socks[CLIENTS], own;
	char id[16];

	rig_open(&r);
	own = r.sock;
	sleep_plan(&p);
	for (int i = 0; i < CLIENTS; i++) {
		r.sock = socks[i] = rig_connect(&r);
		for (int k = 0; k < EACH; k++) {
			uint64_t request;

			(void)snprintf(id, sizeof(id), "box%d-%d", i, k);
			request = rig_launch(&r, &p,
					     &(struct launch_options){.id = id,
								      .flags = WIRE_LAUNCH_TIED});
			rig_expect(r.sock, WIRE_STARTED, &reply);
			rig_verdict(r.sock, WIRE_ACK, request, 0);
		}
	}
	r.sock = own;
	ck_assert_int_eq(rig_kill(own, "box0-0", SIGKILL), 0);
	rig_expect(socks[0], WIRE_EXITED, &reply);
	rig_expect(socks[0], WIRE_CLEANED, &reply);
	for (int i = 0; i < CLIENTS; i++)
		close(socks[i]);
	/* It ends when the last of them has ended. */
	rig_close(&r);
}
END_TEST

/* One that asks and asks and reads no answer is let go; it holds up nobody. */
START_TEST(test_client_that_never_reads)
{
	struct wire_kill kill = {.signal = SIGTERM, .id_size = 7};
	struct iovec iov[2] = {{.iov_base = &kill, .iov_len = sizeof(kill)},
			       {.iov_base = (void *)"nobody", .iov_len = 7}};
	struct rig r;
	struct plan p;
	int other, sent = 0;

	rig_open(&r);
	other = rig_connect(&r);
	while (sent < 100000 && wire_send(other, WIRE_KILL, 1, iov, 2, NULL, 0) == 0)
		sent++;
	ck_assert_int_gt(sent, 1000);
	ck_assert_int_lt(sent, 100000);
	true_plan(&p);
	ck_assert_int_eq(rig_run(&r, &p, &(struct launch_options){.id = "box"}).status, 0);
	close(other);
	rig_close(&r);
}
END_TEST

/* Its containers' exits wait for a host that is stopped; the others' do not. */
START_TEST(test_stopped_client)
{
	struct rig r;
	struct plan p;
	int status;
	pid_t pid;

	rig_open(&r);
	true_plan(&p);
	pid = fork();
	if (pid == 0) {
		struct reply reply;
		uint64_t request;

		r.sock = rig_connect(&r);
		request = rig_launch(&r, &p, &(struct launch_options){.id = "stopped"});
		rig_expect(r.sock, WIRE_STARTED, &reply);
		(void)raise(SIGSTOP);
		rig_verdict(r.sock, WIRE_ACK, request, 0);
		rig_expect(r.sock, WIRE_EXITED, &reply);
		_exit(reply.exit.status);
	}
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(rig_run(&r, &p, &(struct launch_options){.id = "box"}).status, 0);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	rig_close(&r);
}
END_TEST

/* What happened last is kept, up to a number: after that nothing grows. */
START_TEST(test_memory_stays_as_it_is)
{
	struct rig r;
	struct plan p;
	long before = 0;

	rig_open(&r);
	true_plan(&p);
	for (int i = 0; i < 2000; i++) {
		struct launch_options o = {.id = "box", .flags = i % 2 ? WIRE_LAUNCH_TIED : 0};

		(void)rig_run(&r, &p, &o);
		if (i == 700)
			before = look_up(&r, "status", "VmRSS:");
	}
	ck_assert_int_le(look_up(&r, "status", "VmRSS:") - before, 8);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor_strain");
	TCase *tc = tap_tcase(s, "scarce");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_out_of_descriptors);
	tcase_add_test(tc, test_descriptors_that_do_not_fit);
	tcase_add_test(tc, test_clients_that_do_not_fit);
	tcase_add_test(tc, test_exit_is_recorded_on_a_full_disk);
	tcase_add_test(tc, test_record_that_cannot_be_written);
	tcase_add_test(tc, test_start_on_a_full_disk);
	tc = tap_tcase(s, "much");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_thousand_containers_of_many_clients);
	tcase_add_test(tc, test_client_that_never_reads);
	tcase_add_test(tc, test_stopped_client);
	tcase_add_test(tc, test_memory_stays_as_it_is);
	return tap_main(s);
}
