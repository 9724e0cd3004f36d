/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The static program that liblxc starts in a new container: does the last steps of its recipe and
 * becomes the container's program. Arguments: the descriptors of the recipe and of the worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/lxc/start.h"
#include "drivers/lxc/words.h"
#include "monitor/sys.h"

/* Stdin, stdout and stderr of the container came before it was born; there is one such message. */
static bool take_token(int worker)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union {
		char bytes[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} room;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room.bytes,
			     .msg_controllen = sizeof(room.bytes)};
	int fds[3] = {-1, -1, -1};
	struct cmsghdr *c;

	if (recvmsg(worker, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fds)))
		memcpy(fds, CMSG_DATA(c), sizeof(fds));
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && (fds[i] < 3 || dup2(fds[i], i) < 0))
			return false;
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	return true;
}

/* The pid of the sender comes with it, as the worker sees it. */
static int say_hello(int worker, int line, int pidfd)
{
	char byte = START_HELLO;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	int fds[2] = {line, pidfd};
	union {
		char bytes[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} room = {{0}};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room.bytes,
			     .msg_controllen = sizeof(room.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(worker, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static char *read_recipe(int fd, size_t *size)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return NULL;
	text = malloc((size_t)st.st_size);
	if (text && pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
		return NULL;
	*size = (size_t)st.st_size;
	(void)close(fd);
	return text;
}

/* Each line is at most one of an array. */
static bool make_room(struct words *w)
{
	size_t lines = 1;

	for (const char *l = words_next(w->recipe, w->size, NULL); l;
	     l = words_next(w->recipe, w->size, l))
		lines++;
	w->argv = calloc(lines, sizeof(*w->argv));
	w->envp = calloc(lines, sizeof(*w->envp));
	return w->argv && w->envp;
}

/*
 * liblxc starts a container again that ended by SIGHUP, as one that reboots does. That is no wish
 * of ours: a second start finds no token, says so and ends.
 */
int main(int argc, char **argv)
{
	struct words w = {.line = -1, .tty = -1};
	int worker, lines[2], pidfd;
	char again = START_AGAIN;

	if (argc != 3)
		_exit(START_BROKEN);
	worker = atoi(argv[2]);
	if (!take_token(worker)) {
		(void)send(worker, &again, 1, MSG_NOSIGNAL);
		_exit(START_BROKEN);
	}
	(void)setsid();
	/* its descriptors lead to the host, which others in a shared namespace could follow */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	pidfd = neg_errno(syscall(SYS_pidfd_open, getpid(), 0));
	if (pidfd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines) < 0 ||
	    say_hello(worker, lines[0], pidfd) < 0)
		_exit(START_BROKEN);
	(void)close(lines[0]);
	(void)close(pidfd);
	(void)close(worker);
	w.line = lines[1];
	w.recipe = read_recipe(atoi(argv[1]), &w.size);
	if (w.recipe && make_room(&w))
		words_walk(&w);
	_exit(127);
}
