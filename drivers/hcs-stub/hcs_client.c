/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's side of the calls of hcs.h. */
#include "drivers/hcs-stub/hcs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/seqpacket.h"
#include "base/sockpath.h"
#include "drivers/hcs-stub/hcs_protocol.h"

struct hcs_client {
	int sock;
	int interrupt; /* the caller's, or negative */
	int timeout_ms;
	bool gone; /* an answer may still come that nobody waits for */
};

/* One call: what goes out, and what came back. */
struct exchange {
	struct hcs_request request;
	const char *id;
	const char *text;
	const int *handles;
	struct hcs_reply reply;
	char *reply_text;
	int fds[HCS_HANDLES_MAX];
	unsigned int nfds;
};

static void close_fds(int *fds, unsigned int *nfds)
{
	while (*nfds)
		(void)close(fds[--*nfds]);
}

static int64_t deadline_of(const struct hcs_client *c, int own_ms)
{
	if (c->timeout_ms < 0 || own_ms < 0)
		return -1;
	return clock_ms() + c->timeout_ms + own_ms;
}

static uint32_t wait_readable(const struct hcs_client *c, int64_t deadline_ms)
{
	struct pollfd fds[2] = {{.fd = c->sock, .events = POLLIN},
				{.fd = c->interrupt, .events = POLLIN}};

	for (;;) {
		int n = poll(fds, 2, clock_left_ms(deadline_ms));

		if (n < 0 && errno != EINTR)
			return HCS_E_SERVICE_GONE;
		if (n == 0)
			return HCS_E_TIMEOUT;
		if (n > 0 && fds[0].revents)
			return HCS_OK;
		if (n > 0 && fds[1].revents)
			return HCS_E_CANCELLED;
	}
}

static uint32_t send_request(struct hcs_client *c, struct exchange *x)
{
	struct iovec iov[3] = {
		{.iov_base = &x->request, .iov_len = sizeof(x->request)},
		{.iov_base = (char *)x->id, .iov_len = strlen(x->id)},
		{.iov_base = (char *)x->text, .iov_len = strlen(x->text)},
	};
	ssize_t r;

	if (iov[1].iov_len > HCS_ID_MAX)
		return HCS_E_INVALID_ARGUMENT;
	if (iov[2].iov_len > HCS_TEXT_MAX)
		return HCS_E_TOO_LONG;
	x->request.magic = HCS_MAGIC;
	x->request.id_size = (uint32_t)iov[1].iov_len;
	x->request.text_size = (uint32_t)iov[2].iov_len;
	r = seq_send(c->sock, iov, 3, x->handles,
		     (unsigned int)__builtin_popcount(x->request.handles));
	if (r == -EBADF)
		return HCS_E_INVALID_HANDLE;
	if (r < 0)
		c->gone = true;
	return r == -EAGAIN ? HCS_E_TIMEOUT : r < 0 ? HCS_E_SERVICE_GONE
						    : HCS_OK;
}

/* The service is trusted as far as its messages are whole. */
static bool reply_is_valid(const struct exchange *x, size_t size)
{
	return size >= sizeof(x->reply) && x->reply.magic == HCS_MAGIC &&
	       x->reply.call == x->request.call &&
	       sizeof(x->reply) + x->reply.text_size == size &&
	       x->nfds == (unsigned int)__builtin_popcount(x->reply.with & 7u);
}

static uint32_t receive_reply(struct hcs_client *c, struct exchange *x)
{
	cleanup_free char *buf = malloc(HCS_REPLY_MAX + 1);
	ssize_t n;

	if (!buf)
		return HCS_E_OUT_OF_MEMORY;
	x->nfds = HCS_HANDLES_MAX;
	n = seq_recv(c->sock, buf, HCS_REPLY_MAX, x->fds, &x->nfds, MSG_DONTWAIT);
	if (n > 0)
		memcpy(&x->reply, buf,
		       (size_t)n < sizeof(x->reply) ? (size_t)n : sizeof(x->reply));
	if (n <= 0 || !reply_is_valid(x, (size_t)n)) {
		close_fds(x->fds, &x->nfds);
		return HCS_E_SERVICE_GONE;
	}
	if (x->reply.text_size) {
		memmove(buf, buf + sizeof(x->reply), x->reply.text_size);
		buf[x->reply.text_size] = '\0';
		x->reply_text = take_ptr(&buf);
	}
	return x->reply.result;
}

static uint32_t exchange(struct hcs_client *c, struct exchange *x)
{
	int64_t deadline_ms = deadline_of(c, x->request.timeout_ms);
	uint32_t result;

	if (c->gone)
		return HCS_E_SERVICE_GONE;
	if (!x->text)
		x->text = "";
	result = send_request(c, x);
	if (result != HCS_OK)
		return result;
	result = wait_readable(c, deadline_ms);
	if (result != HCS_OK) {
		c->gone = true;
		return result;
	}
	result = receive_reply(c, x);
	if (result == HCS_E_SERVICE_GONE || result == HCS_E_OUT_OF_MEMORY)
		c->gone = true;
	return result;
}

/* Calls that give nothing but their result. */
static uint32_t plain_call(struct hcs_client *c, struct exchange *x)
{
	uint32_t result = exchange(c, x);

	close_fds(x->fds, &x->nfds);
	free(x->reply_text);
	return result;
}

/*
 * A service that ends accepts nobody, but may leave a connection waiting that came at the last
 * moment: only an answer shows that it is there.
 */
static int say_hello(struct hcs_client *c)
{
	struct exchange x = {.request.call = HCS_CALL_HELLO, .id = ""};
	uint32_t result = plain_call(c, &x);

	if (result == HCS_OK)
		return 0;
	return result == HCS_E_TIMEOUT ? -ETIMEDOUT : -ECONNREFUSED;
}

int hcs_connect(int root_fd, int timeout_ms, struct hcs_client **out)
{
	cleanup_close int dir = openat(root_fd, HCS_DIRECTORY,
				       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int sock = FD_NONE;
	struct hcs_client *c;
	int r;

	if (dir < 0)
		return -errno;
	sock = sock_connect_at(dir, HCS_SOCKET, timeout_ms < 0 ? INT_MAX : timeout_ms);
	if (sock < 0)
		return sock;
	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct hcs_client){
		.sock = take_fd(&sock), .interrupt = FD_NONE, .timeout_ms = timeout_ms};
	r = say_hello(c);
	if (r < 0)
		(void)hcs_disconnect(c);
	else
		*out = c;
	return r;
}

void hcs_interrupt_by(struct hcs_client *client, int fd)
{
	client->interrupt = fd;
}

struct hcs_client *hcs_disconnect(struct hcs_client *client)
{
	if (client) {
		(void)close(client->sock);
		free(client);
	}
	return NULL;
}

uint32_t hcs_create_system(struct hcs_client *client, const char *id, const char *document)
{
	struct exchange x = {
		.request.call = HCS_CALL_CREATE_SYSTEM, .id = id, .text = document};

	return plain_call(client, &x);
}

uint32_t hcs_start_system(struct hcs_client *client, const char *id)
{
	struct exchange x = {.request.call = HCS_CALL_START_SYSTEM, .id = id};

	return plain_call(client, &x);
}

uint32_t hcs_shutdown_system(struct hcs_client *client, const char *id, int timeout_ms)
{
	struct exchange x = {.request = {.call = HCS_CALL_SHUTDOWN_SYSTEM,
					 .timeout_ms = timeout_ms},
			     .id = id};

	return plain_call(client, &x);
}

uint32_t hcs_terminate_system(struct hcs_client *client, const char *id)
{
	struct exchange x = {.request.call = HCS_CALL_TERMINATE_SYSTEM, .id = id};

	return plain_call(client, &x);
}

uint32_t hcs_create_process(struct hcs_client *client, const char *id, const char *parameters,
			    const int std_handles[3], struct hcs_process *out)
{
	struct exchange x = {
		.request.call = HCS_CALL_CREATE_PROCESS, .id = id, .text = parameters};
	struct hcs_process process = {
		.wait_fd = FD_NONE, .console_fd = FD_NONE, .pidfd = FD_NONE};
	int *const slots[] = {&process.wait_fd, &process.console_fd, &process.pidfd};
	int handles[HCS_HANDLES_MAX];
	unsigned int n = 0, at = 0;
	uint32_t result;

	for (unsigned int i = 0; i < HCS_HANDLES_MAX; i++) {
		if (std_handles[i] < 0)
			continue;
		handles[n++] = std_handles[i];
		x.request.handles |= 1u << i;
	}
	x.handles = handles;
	result = exchange(client, &x);
	free(x.reply_text);
	if (result != HCS_OK) {
		close_fds(x.fds, &x.nfds);
		return result;
	}
	for (unsigned int i = 0; i < HCS_HANDLES_MAX; i++)
		if (x.reply.with & 1u << i)
			*slots[i] = x.fds[at++];
	process.process_id = x.reply.process_id;
	*out = process;
	return HCS_OK;
}

uint32_t hcs_wait_process(struct hcs_client *client, const char *id, uint32_t process_id,
			  uint32_t *exit_code)
{
	struct exchange x = {
		.request = {.call = HCS_CALL_WAIT_PROCESS, .process_id = process_id}, .id = id};
	uint32_t result = plain_call(client, &x);

	if (result == HCS_OK)
		*exit_code = x.reply.exit_code;
	return result;
}

uint32_t hcs_terminate_process(struct hcs_client *client, const char *id, uint32_t process_id)
{
	struct exchange x = {
		.request = {.call = HCS_CALL_TERMINATE_PROCESS, .process_id = process_id},
		.id = id};

	return plain_call(client, &x);
}

uint32_t hcs_resize_console(struct hcs_client *client, const char *id, uint32_t process_id,
			    uint16_t height, uint16_t width)
{
	struct exchange x = {.request = {.call = HCS_CALL_RESIZE_CONSOLE,
					 .process_id = process_id,
					 .height = height,
					 .width = width},
			     .id = id};

	return plain_call(client, &x);
}

uint32_t hcs_properties(struct hcs_client *client, const char *id, char **json)
{
	struct exchange x = {.request.call = HCS_CALL_PROPERTIES, .id = id};
	uint32_t result = exchange(client, &x);

	close_fds(x.fds, &x.nfds);
	if (result == HCS_OK && !x.reply_text)
		return HCS_E_SERVICE_GONE;
	if (result == HCS_OK)
		*json = take_ptr(&x.reply_text);
	free(x.reply_text);
	return result;
}

uint32_t hcs_watch_system(struct hcs_client *client, const char *id, int *fd)
{
	struct exchange x = {.request.call = HCS_CALL_WATCH_SYSTEM, .id = id};
	uint32_t result = exchange(client, &x);

	free(x.reply_text);
	if (result == HCS_OK && x.reply.with == HCS_WITH_WAIT) {
		*fd = x.fds[0];
		return HCS_OK;
	}
	close_fds(x.fds, &x.nfds);
	return result == HCS_OK ? HCS_E_SERVICE_GONE : result;
}

uint32_t hcs_set_script(struct hcs_client *client, const char *id, const char *script)
{
	struct exchange x = {.request.call = HCS_CALL_SET_SCRIPT, .id = id, .text = script};

	return plain_call(client, &x);
}
