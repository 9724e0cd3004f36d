/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wire between core and monitor, and the helpers in base that both are built on. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/hash.h"
#include "base/memfd.h"
#include "base/procstat.h"
#include "base/seqpacket.h"
#include "base/sockpath.h"
#include "base/wire.h"
#include "tests/tap.h"

/* Two compilers make the two ends. */
START_TEST(test_layout_has_no_holes)
{
	ck_assert_uint_eq(sizeof(struct wire_plan), 48);
	ck_assert_uint_eq(sizeof(struct wire_step), 72);
	ck_assert_uint_eq(sizeof(struct wire_failure), 148);
	ck_assert_uint_eq(sizeof(struct wire_exit), 64);
	ck_assert_uint_eq(sizeof(struct wire_msg), 16);
	ck_assert_uint_eq(sizeof(struct wire_launch), 40);
	ck_assert_uint_eq(sizeof(struct wire_event), 96);
}
END_TEST

static void make_pair(int pair[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

START_TEST(test_message_with_descriptors)
{
	char body[] = "hello", buf[128];
	struct iovec iov = {.iov_base = body, .iov_len = sizeof(body)};
	struct wire_msg *msg = (struct wire_msg *)(void *)buf;
	unsigned int nfds = 4;
	int pair[2], fds[4], send[2] = {0, 1};

	make_pair(pair);
	ck_assert_int_eq(wire_send(pair[0], WIRE_KILL, 77, &iov, 1, send, 2), 0);
	ck_assert_int_eq(seq_recv(pair[1], buf, sizeof(buf), fds, &nfds, 0),
			 sizeof(*msg) + sizeof(body));
	ck_assert_uint_eq(msg->size, sizeof(*msg) + sizeof(body));
	ck_assert_uint_eq(msg->type, WIRE_KILL);
	ck_assert_uint_eq(msg->fds, 2);
	ck_assert_uint_eq(msg->request, 77);
	ck_assert_str_eq(buf + sizeof(*msg), "hello");
	ck_assert_uint_eq(nfds, 2);
	for (unsigned int i = 0; i < nfds; i++) {
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		close(fds[i]);
	}
	close(pair[0]);
	ck_assert_int_eq(seq_recv(pair[1], buf, sizeof(buf), fds, &nfds, 0), 0);
	close(pair[1]);
}
END_TEST

/* Also when it had not read all before it went: the kernel tells of that first. */
START_TEST(test_last_words_of_a_peer)
{
	char said[] = "last", buf[16] = "";
	struct iovec iov = {.iov_base = said, .iov_len = sizeof(said)};
	unsigned int nfds = 0;
	int pair[2];

	make_pair(pair);
	ck_assert_int_eq(seq_send(pair[0], &iov, 1, NULL, 0), sizeof(said));
	ck_assert_int_eq(seq_send(pair[1], &iov, 1, NULL, 0), sizeof(said));
	close(pair[1]);
	ck_assert_int_eq(seq_recv(pair[0], buf, sizeof(buf), NULL, &nfds, MSG_DONTWAIT),
			 sizeof(said));
	ck_assert_str_eq(buf, said);
	ck_assert_int_eq(seq_recv(pair[0], buf, sizeof(buf), NULL, &nfds, MSG_DONTWAIT), 0);
	close(pair[0]);
}
END_TEST

/* The fixture counts descriptors: what was cut is closed. */
START_TEST(test_cut_messages_are_refused)
{
	char body[64] = "", buf[16];
	struct iovec iov = {.iov_base = body, .iov_len = sizeof(body)};
	unsigned int nfds;
	int pair[2], fds[4], send[3] = {0, 1, 2};

	make_pair(pair);
	ck_assert_int_eq(seq_send(pair[0], &iov, 1, send, 3), sizeof(body));
	nfds = 4;
	ck_assert_int_eq(seq_recv(pair[1], buf, sizeof(buf), fds, &nfds, 0), -EMSGSIZE);
	ck_assert_uint_eq(nfds, 0);
	iov.iov_len = 1;
	ck_assert_int_eq(seq_send(pair[0], &iov, 1, send, 3), 1);
	nfds = 2;
	ck_assert_int_eq(seq_recv(pair[1], buf, sizeof(buf), fds, &nfds, 0), -EMSGSIZE);
	ck_assert_uint_eq(nfds, 0);
	nfds = 2;
	ck_assert_int_eq(seq_recv(pair[1], buf, sizeof(buf), fds, &nfds, MSG_DONTWAIT), -EAGAIN);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(test_what_cannot_be_sent)
{
	static char big[WIRE_MSG_MAX];
	struct iovec iov = {.iov_base = big, .iov_len = sizeof(big)};
	int pair[2], fds[SEQ_FDS_MAX + 1] = {0};

	make_pair(pair);
	ck_assert_int_eq(wire_send(pair[0], WIRE_KILL, 1, &iov, 1, NULL, 0), -EMSGSIZE);
	ck_assert_int_eq(wire_send(pair[0], WIRE_KILL, 1, &iov, 9, NULL, 0), -EINVAL);
	iov.iov_len = 1;
	ck_assert_int_eq(seq_send(pair[0], &iov, 1, fds, SEQ_FDS_MAX + 1), -EINVAL);
	close(pair[1]);
	/* Without SIGPIPE. */
	ck_assert_int_eq(seq_send(pair[0], &iov, 1, NULL, 0), -EPIPE);
	close(pair[0]);
}
END_TEST

START_TEST(test_largest_message)
{
	static char big[WIRE_MSG_MAX], buf[WIRE_MSG_MAX];
	struct iovec iov = {.iov_base = big, .iov_len = sizeof(big) - sizeof(struct wire_msg)};
	int pair[2], sent[SEQ_FDS_MAX], fds[SEQ_FDS_MAX];
	unsigned int nfds = SEQ_FDS_MAX;

	make_pair(pair);
	for (unsigned int i = 0; i < SEQ_FDS_MAX; i++)
		sent[i] = 0;
	ck_assert_int_eq(wire_send(pair[0], WIRE_FDS, 1, &iov, 1, sent, SEQ_FDS_MAX), 0);
	ck_assert_int_eq(seq_recv(pair[1], buf, sizeof(buf), fds, &nfds, 0), WIRE_MSG_MAX);
	ck_assert_uint_eq(nfds, SEQ_FDS_MAX);
	for (unsigned int i = 0; i < nfds; i++)
		close(fds[i]);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

static int open_temp(char *path)
{
	int dir;

	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	return dir;
}

START_TEST(test_files)
{
	char path[] = "/tmp/exd-wire-XXXXXX", buf[8];
	int dir = open_temp(path);
	struct stat st;
	int path_only;

	ck_assert_int_eq(read_file_at(dir, "f", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(write_file_at(dir, "f", "x", 1), -ENOENT);
	ck_assert_int_eq(replace_file_at(dir, "f", "seven77", 7, 0640, true), 0);
	ck_assert_int_eq(read_file_at(dir, "f", buf, sizeof(buf)), 7);
	ck_assert_str_eq(buf, "seven77");
	/* The directory is synced too, which this descriptor cannot do. */
	path_only = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(replace_file_at(path_only, "f", "seven78", 7, 0640, true), -EBADF);
	ck_assert_int_eq(replace_file_at(path_only, "f", "seven79", 7, 0640, false), 0);
	close(path_only);
	ck_assert_int_eq(replace_file_at(dir, "f", "eight888", 8, 0600, false), 0);
	ck_assert_int_eq(read_file_at(dir, "f", buf, sizeof(buf)), -EFBIG);
	ck_assert_int_eq(fstatat(dir, "f", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(make_file_at(dir, "f", "", 0, 0600, false), -EEXIST);
	ck_assert_int_eq(mkdirat(dir, "d", 0700), 0);
	ck_assert_int_eq(replace_file_at(dir, "d", "x", 1, 0600, false), -EISDIR);
	ck_assert_int_eq(unlinkat(dir, "f", 0), 0);
	ck_assert_int_eq(unlinkat(dir, "d", AT_REMOVEDIR), 0);
	/* No temporary file was left behind. */
	ck_assert_int_eq(rmdir(path), 0);
	close(dir);
}
END_TEST

START_TEST(test_sealed_memory)
{
	int fd = memfd_sealed("test", "bytes", 5, false);
	int copy = memfd_seal_copy("copy", fd, true);
	char buf[8];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(copy, 0);
	ck_assert_int_eq(write(fd, "x", 1), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(copy, 0), -1);
	ck_assert_int_eq(read_file_fd(copy, buf, sizeof(buf)), 5);
	ck_assert_str_eq(buf, "bytes");
	close(fd);
	close(copy);
}
END_TEST

/* Longer than any socket address, twice over. */
START_TEST(test_socket_in_a_long_path)
{
	char path[] = "/tmp/exd-wire-XXXXXX", name[201];
	int top = open_temp(path), dir, listener, client, server;
	struct stat st;

	memset(name, 'n', 200);
	name[200] = '\0';
	ck_assert_int_eq(mkdirat(top, name, 0700), 0);
	dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(sock_connect_at(dir, "sock", 1000), -ENOENT);
	listener = sock_bind_at(dir, "sock");
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(fstatat(dir, "sock", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	client = sock_connect_at(dir, "sock", 1000);
	ck_assert_int_ge(client, 0);
	/* cppcheck-suppress nullPointer; the peer's address may be NULL */
	/* cppcheck-suppress nullPointer ; the address is optional */
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(server, 0);
	close(listener);
	close(server);
	close(client);
	ck_assert_int_eq(sock_connect_at(dir, "sock", 1000), -ECONNREFUSED);
	ck_assert_int_eq(sock_bind_at(dir, name), -ENAMETOOLONG);
	unlinkat(dir, "sock", 0);
	close(dir);
	unlinkat(top, name, AT_REMOVEDIR);
	close(top);
	rmdir(path);
}
END_TEST

START_TEST(test_process_identity)
{
	uint64_t start;
	char boot[BOOT_ID_SIZE];
	pid_t pid = fork();
	int fd;

	if (pid == 0) {
		/* A name that looks like the end of the field before it. */
		FILE *f = fopen("/proc/self/comm", "w");

		fputs("a) R 1 2 (b", f);
		fclose(f);
		pause();
		_exit(0);
	}
	usleep(50000);
	ck_assert_int_eq(proc_start_time(pid, &start), 0);
	ck_assert_uint_gt(start, 0);
	fd = pidfd_open_checked(pid, start);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(pidfd_open_checked(pid, start + 1), -ESRCH);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(proc_start_time(pid, &start), -ESRCH);
	ck_assert_int_eq(pidfd_open_checked(pid, start), -ESRCH);
	ck_assert_int_eq(boot_id(boot), 0);
	ck_assert_uint_eq(strlen(boot), 36);
}
END_TEST

START_TEST(test_hash)
{
	char text[] = "a text of more than two words";
	size_t size = strlen(text);
	uint64_t whole = hash_words(HASH_INIT, text, size);

	ck_assert_uint_eq(hash_words(HASH_INIT, "", 0), HASH_INIT);
	ck_assert_uint_ne(whole, hash_words(HASH_INIT, text, size - 1));
	for (size_t i = 0; i < size; i++) {
		text[i] ^= 0x40;
		ck_assert_uint_ne(whole, hash_words(HASH_INIT, text, size));
		text[i] ^= 0x40;
	}
	ck_assert_uint_eq(whole, hash_words(HASH_INIT, text, size));
	ck_assert_uint_eq(hash_words(hash_words(HASH_INIT, text, 8), text + 8, size - 8), whole);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("wire");
	TCase *tc = tap_tcase(s, "messages");

	tcase_add_test(tc, test_layout_has_no_holes);
	tcase_add_test(tc, test_message_with_descriptors);
	tcase_add_test(tc, test_last_words_of_a_peer);
	tcase_add_test(tc, test_cut_messages_are_refused);
	tcase_add_test(tc, test_what_cannot_be_sent);
	tcase_add_test(tc, test_largest_message);
	tc = tap_tcase(s, "base");
	tcase_add_test(tc, test_files);
	tcase_add_test(tc, test_sealed_memory);
	tcase_add_test(tc, test_socket_in_a_long_path);
	tcase_add_test(tc, test_process_identity);
	tcase_add_test(tc, test_hash);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
