/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of the emulated compute service: from its start to its end, by itself or by force. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sockpath.h"
#include "drivers/hcs-stub/hcs_protocol.h"
#include "drivers/hcs-stub/service.h"
#include "tests/unit/hcs_rig.h"

START_TEST(test_nobody_there)
{
	struct hcs_client *client;

	ck_assert_int_eq(hcs_connect(rig_root_fd(), 1000, &client), -ENOENT);
	rig_end(NULL);
}
END_TEST

/* It lives as long as there is a system, also without clients, and no longer. */
START_TEST(test_ends_by_itself)
{
	struct hcs_client *client = rig_client();
	pid_t service = rig_service();

	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
	(void)hcs_disconnect(client);
	client = rig_connect();
	ck_assert_ptr_nonnull(client);
	ck_assert_int_eq(rig_service(), service);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	(void)hcs_disconnect(client);
	rig_wait_end();
	ck_assert(rig_dead(service));
	ck_assert_ptr_null(rig_connect());
	rig_end(NULL);
}
END_TEST

/* Systems do not depend on who made them. */
START_TEST(test_outlives_its_client)
{
	struct hcs_client *client = rig_client();
	struct hcs_process process;
	char *json;

	rig_system(client, "web", RIG_DOCUMENT("web"));
	process = rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	(void)hcs_disconnect(client);
	client = rig_connect();
	ck_assert_ptr_nonnull(client);
	ck_hcs(hcs_properties(client, "web", &json), HCS_OK);
	ck_assert_ptr_nonnull(strstr(json, "sleep 1000"));
	free(json);
	ck_hcs(hcs_terminate_process(client, "web", process.process_id), HCS_OK);
	ck_assert_uint_eq(rig_exit(client, "web", &process), 1067);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* What it left is ended, and its socket is nobody's: the next one takes its place. */
START_TEST(test_killed)
{
	struct hcs_client *client = rig_client();
	pid_t service = rig_service();
	struct hcs_process process, deaf;
	uint32_t code;
	int fd;

	rig_system(client, "web", RIG_DOCUMENT("web"));
	process = rig_process(client, "web", RIG_PROCESS("sleep 1000"));
	deaf = rig_process(client, "web", RIG_PROCESS("sh -c \\\"trap '' TERM HUP; sleep 1000\\\""));
	ck_hcs(hcs_watch_system(client, "web", &fd), HCS_OK);
	ck_assert_int_eq(kill(service, SIGKILL), 0);
	rig_readable(process.wait_fd);
	rig_readable(fd);
	close(fd);
	rig_readable(process.pidfd);
	rig_readable(deaf.pidfd);
	ck_hcs(hcs_wait_process(client, "web", process.process_id, &code), HCS_E_SERVICE_GONE);
	ck_hcs(hcs_start_system(client, "web"), HCS_E_SERVICE_GONE);
	(void)hcs_disconnect(client);
	ck_assert_ptr_null(rig_connect());
	rig_close(&process);
	rig_close(&deaf);
	client = rig_client();
	ck_assert_int_ne(rig_service(), service);
	ck_hcs(hcs_start_system(client, "web"), HCS_E_NO_SUCH_SYSTEM);
	rig_end(client);
}
END_TEST

/* Whoever comes first: they all find the same one. */
START_TEST(test_race_to_start)
{
	enum { CLIENTS = 8 };
	pid_t children[CLIENTS];
	int go[2];
	char id[] = "s0", document[64];
	struct hcs_client *client;

	(void)rig_root_fd();
	ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
	for (int i = 0; i < CLIENTS; i++) {
		id[1] = (char)('0' + i);
		snprintf(document, sizeof(document),
			 "{\"SystemType\":\"Container\",\"Name\":\"%s\"}", id);
		children[i] = fork();
		if (children[i] == 0) {
			char byte;

			close(go[1]);
			(void)!read(go[0], &byte, 1);
			client = rig_client();
			_exit(hcs_create_system(client, id, document) == HCS_OK ? 0 : 1);
		}
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < CLIENTS; i++) {
		siginfo_t info;

		ck_assert_int_eq(waitid(P_PID, (id_t)children[i], &info, WEXITED), 0);
		ck_assert_int_eq(info.si_status, 0);
	}
	client = rig_connect();
	ck_assert_ptr_nonnull(client);
	for (int i = 0; i < CLIENTS; i++) {
		id[1] = (char)('0' + i);
		ck_hcs(hcs_terminate_system(client, id), HCS_OK);
	}
	rig_end(client);
}
END_TEST

/* Comings and goings about when it would end: nobody is turned away. */
START_TEST(test_race_with_the_end)
{
	for (int i = 0; i < 40; i++) {
		struct service service = {
			.root_fd = rig_root_fd(),
			.path = rig_program("execdriver-hcs-emulator"),
			.idle_ms = i % 4,
			.journal = false,
		};
		struct hcs_client *client = NULL;

		ck_assert_int_eq(service_connect(&service, 30000, &client), 0);
		ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
		ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
		(void)hcs_disconnect(client);
		usleep((useconds_t)(i * 137 % 5000));
	}
	/* And no journal is kept where none was asked for. */
	ck_assert_int_lt(faccessat(rig_root_fd(), ".hcs/journal.jsonl", F_OK, 0), 0);
	rig_end(NULL);
}
END_TEST

/* Somebody at work under the lock is not left alone. */
START_TEST(test_does_not_end_under_the_lock)
{
	struct hcs_client *client = rig_client();
	int lock = openat(rig_root_fd(), ".hcs/lock", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(flock(lock, LOCK_EX), 0);
	(void)hcs_disconnect(client);
	usleep(200000);
	client = rig_connect();
	ck_assert_ptr_nonnull(client);
	close(lock);
	rig_end(client);
}
END_TEST

START_TEST(test_program_that_is_not_there)
{
	const struct service service = {
		.root_fd = rig_root_fd(), .path = "/no/such/program", .idle_ms = 50};
	struct hcs_client *client;

	ck_assert_int_eq(service_connect(&service, 1000, &client), -ENOENT);
	rig_end(NULL);
}
END_TEST

/* One that never answers is given up. */
START_TEST(test_timeout)
{
	int dir, listener;
	struct hcs_client *client;

	ck_assert_int_eq(mkdirat(rig_root_fd(), ".hcs", 0700), 0);
	dir = openat(rig_root_fd(), ".hcs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	listener = sock_bind_at(dir, "sock");
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(hcs_connect(rig_root_fd(), 30, &client), -ETIMEDOUT);
	close(listener);
	ck_assert_int_eq(unlinkat(dir, "sock", 0), 0);
	close(dir);
	rig_end(NULL);
}
END_TEST

/* It is detached: in a session of its own, with nothing of ours. */
START_TEST(test_detached)
{
	struct hcs_client *client = rig_client();
	pid_t service = rig_service();
	char path[64], link[256];
	ssize_t n;

	ck_assert_int_ne(getsid(service), getsid(0));
	snprintf(path, sizeof(path), "/proc/%d/cwd", service);
	n = readlink(path, link, sizeof(link) - 1);
	ck_assert_int_eq(n, 1);
	for (int fd = 0; fd <= 2; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", service, fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		ck_assert_str_eq(link, "/dev/null");
	}
	/* Socket, directory, epoll, journal and the client: no more. */
	snprintf(path, sizeof(path), "/proc/%d/fd/8", service);
	ck_assert_int_lt(access(path, F_OK), 0);
	rig_end(client);
}
END_TEST

static int raw_connect(void)
{
	int dir = openat(rig_root_fd(), ".hcs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int sock = sock_connect_at(dir, "sock", 30000);

	close(dir);
	ck_assert_int_ge(sock, 0);
	return sock;
}

/* Whoever talks nonsense is sent away, the others go on. */
START_TEST(test_nonsense)
{
	struct hcs_client *client = rig_client();
	struct hcs_request head = {
		.magic = HCS_MAGIC, .call = HCS_CALL_CREATE_SYSTEM, .id_size = 3, .text_size = 9};
	char big[HCS_REQUEST_MAX + 64] = {0};
	const struct {
		const void *data;
		size_t size;
	} messages[] = {{"x", 1}, {&head, sizeof(head)}, {big, sizeof(big)}, {big, 40}};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		int sock = raw_connect();
		char byte;

		ck_assert_int_gt(send(sock, messages[i].data, messages[i].size, MSG_NOSIGNAL), 0);
		ck_assert_int_eq(recv(sock, &byte, 1, 0), 0);
		close(sock);
	}
	rig_system(client, "web", RIG_DOCUMENT("web"));
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* A second call before the first one was answered is nonsense too. */
START_TEST(test_impatient)
{
	struct hcs_client *client = rig_client();
	struct {
		struct hcs_request head;
		char id[3];
	} call = {.head = {.magic = HCS_MAGIC,
			   .call = HCS_CALL_START_SYSTEM,
			   .id_size = 3},
		  .id = "web"};
	const size_t size = sizeof(call.head) + 3;
	int sock = raw_connect();
	char byte;

	ck_hcs(hcs_create_system(client, "web", RIG_DOCUMENT("web")), HCS_OK);
	ck_hcs(hcs_set_script(client, "web",
			      "{\"delays\":[{\"call\":\"StartComputeSystem\",\"ms\":600000}]}"),
	       HCS_OK);
	ck_assert_int_gt(send(sock, &call, size, MSG_NOSIGNAL), 0);
	ck_assert_int_gt(send(sock, &call, size, MSG_NOSIGNAL), 0);
	ck_assert_int_eq(recv(sock, &byte, 1, 0), 0);
	close(sock);
	ck_hcs(hcs_terminate_system(client, "web"), HCS_OK);
	rig_end(client);
}
END_TEST

/* The paths of state roots may be longer than a socket's address. */
START_TEST(test_long_root)
{
	struct service service = {
		.path = rig_program("execdriver-hcs-emulator"), .idle_ms = 10, .journal = true};
	struct hcs_client *client = NULL;
	char name[201];
	int outer, inner;

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(mkdirat(rig_root_fd(), name, 0700), 0);
	outer = openat(rig_root_fd(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(outer, name, 0700), 0);
	inner = openat(outer, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	service.root_fd = inner;
	ck_assert_int_eq(service_connect(&service, 30000, &client), 0);
	(void)hcs_disconnect(client);
	while (faccessat(inner, ".hcs/sock", F_OK, 0) == 0)
		usleep(10000);
	close(inner);
	close(outer);
	rig_end(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcs_service");
	TCase *tc = tap_tcase(s, "service");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nobody_there);
	tcase_add_test(tc, test_ends_by_itself);
	tcase_add_test(tc, test_outlives_its_client);
	tcase_add_test(tc, test_killed);
	tcase_add_test(tc, test_race_to_start);
	tcase_add_test(tc, test_race_with_the_end);
	tcase_add_test(tc, test_does_not_end_under_the_lock);
	tcase_add_test(tc, test_program_that_is_not_there);
	tcase_add_test(tc, test_timeout);
	tcase_add_test(tc, test_detached);
	tcase_add_test(tc, test_nonsense);
	tcase_add_test(tc, test_impatient);
	tcase_add_test(tc, test_long_root);
	return tap_main(s);
}
