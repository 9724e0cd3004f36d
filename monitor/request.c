/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of clients: each is checked in full before anything is done. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "monitor/task.h"

static const void *body_of(const struct wire_msg *msg)
{
	return msg + 1;
}

static size_t body_size(const struct wire_msg *msg)
{
	return msg->size - sizeof(*msg);
}

/* A text that ends with its only NUL exactly at the end of the message; NULL when it does not. */
static const char *id_at(const struct wire_msg *msg, size_t offset)
{
	const char *id = (const char *)body_of(msg) + offset;
	size_t size = body_size(msg);

	if (size <= offset || memchr(id, '\0', size - offset) != id + (size - offset) - 1)
		return NULL;
	return id;
}

static void send_result(struct monitor *m, struct client *c, const struct wire_msg *msg, int32_t r)
{
	client_send_body(m, c, WIRE_RESULT, msg->request, &r, sizeof(r));
}

static int on_hello(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	struct wire_welcome welcome = {.version = WIRE_VERSION};
	struct wire_hello hello;

	if (body_size(msg) != sizeof(hello))
		return -EBADMSG;
	memcpy(&hello, body_of(msg), sizeof(hello));
	if (hello.version != WIRE_VERSION)
		return -EPROTONOSUPPORT;
	c->greeted = true;
	linger_ask(m, hello.linger_s);
	welcome.pid = (uint32_t)getpid();
	welcome.sequence = m->sequence;
	welcome.full = m->task_count >= TASKS_FULL;
	client_send_body(m, c, WIRE_WELCOME, msg->request, &welcome, sizeof(welcome));
	return 0;
}

static int on_fds(struct client *c, const struct wire_msg *msg, const int *fds)
{
	int *grown;

	if (body_size(msg) != 0 || c->nfds + msg->fds > WIRE_SLOTS_MAX)
		return -EBADMSG;
	grown = realloc(c->fds, (c->nfds + msg->fds + 1u) * sizeof(int));
	if (!grown)
		return -ENOMEM;
	c->fds = grown;
	memcpy(c->fds + c->nfds, fds, msg->fds * sizeof(int));
	c->nfds += msg->fds;
	return msg->fds;
}

/* A task that has ended meanwhile is no mistake of the client's. */
static int on_verdict(struct monitor *m, struct client *c, const struct wire_msg *msg,
		      void (*fn)(struct monitor *m, struct task *t, int32_t verdict))
{
	struct task *t = task_of_request(m, c, msg->request);
	int32_t verdict;

	if (body_size(msg) != sizeof(verdict))
		return -EBADMSG;
	memcpy(&verdict, body_of(msg), sizeof(verdict));
	if (t)
		fn(m, t, verdict);
	return 0;
}

static int on_kill(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	const char *id = id_at(msg, sizeof(struct wire_kill));
	struct wire_kill kill;
	struct task *t;

	if (!id)
		return -EBADMSG;
	memcpy(&kill, body_of(msg), sizeof(kill));
	if (kill.id_size != strlen(id) + 1)
		return -EBADMSG;
	t = task_find(m, id);
	send_result(m, c, msg, t ? task_signal(m, t, kill.signal) : -ENOENT);
	return 0;
}

static int on_oom_attach(struct monitor *m, struct client *c, const struct wire_msg *msg, int fd)
{
	const char *id = id_at(msg, 0);
	struct task *t = id ? task_find(m, id) : NULL;
	int r = -ENOENT;

	if (!id || msg->fds != 1)
		return -EBADMSG;
	if (t)
		r = oom_attach(t, fd);
	send_result(m, c, msg, r);
	return r == 0;
}

static int on_subscribe(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	if (body_size(msg) != sizeof(c->cursor))
		return -EBADMSG;
	memcpy(&c->cursor, body_of(msg), sizeof(c->cursor));
	c->subscribed = true;
	if (!c->queue)
		client_flush(m, c);
	return 0;
}

static int on_resize(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	const char *id = id_at(msg, sizeof(struct wire_resize));
	struct wire_resize size;
	struct task *t;

	if (!id)
		return -EBADMSG;
	memcpy(&size, body_of(msg), sizeof(size));
	if (size.id_size != strlen(id) + 1)
		return -EBADMSG;
	t = task_find(m, id);
	send_result(m, c, msg, t ? tty_resize(t, size.rows, size.columns) : -ENOENT);
	return 0;
}

static int on_watch(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	const char *id = id_at(msg, 0);
	struct wire_exit exit;
	struct watcher *w;
	struct task *t;

	if (!id)
		return -EBADMSG;
	t = task_find(m, id);
	if (t && t->state <= TASK_RECORD && !t->failed) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return -ENOMEM;
		*w = (struct watcher){.next = t->watchers, .client = c, .request = msg->request};
		t->watchers = w;
	} else if (t && !t->failed) {
		client_send_body(m, c, WIRE_EXITED, msg->request, &t->exit, sizeof(t->exit));
	} else if (!t && event_find_exit(m, id, &exit)) {
		client_send_body(m, c, WIRE_EXITED, msg->request, &exit, sizeof(exit));
	} else {
		send_result(m, c, msg, -ENOENT);
	}
	return 0;
}

static void refuse_launch(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	struct wire_failure f = {
		.code = EXD_ERR_SYSTEM,
		.sys_errno = EMFILE,
		.stage = EXD_STAGE_PREPARE,
		.step = -1,
		.object = "descriptors of the monitor",
	};

	client_send_body(m, c, WIRE_FAILED, msg->request, &f, sizeof(f));
	client_forget_fds(c);
}

static int on_launch(struct monitor *m, struct client *c, const struct wire_msg *msg, int *fds)
{
	if (!c->cut)
		return launch_begin(m, c, msg, fds);
	refuse_launch(m, c, msg);
	return 0;
}

/* Returns how many of the descriptors were taken, or a negative errno value: the client goes. */
static int dispatch(struct monitor *m, struct client *c, const struct wire_msg *msg, int *fds)
{
	bool takes_fds =
		msg->type == WIRE_FDS || msg->type == WIRE_LAUNCH || msg->type == WIRE_OOM_ATTACH;

	if ((!c->greeted && msg->type != WIRE_HELLO) || (msg->fds && !takes_fds))
		return -EBADMSG;
	switch (msg->type) {
	case WIRE_HELLO:
		return on_hello(m, c, msg);
	case WIRE_FDS:
		return on_fds(c, msg, fds);
	case WIRE_LAUNCH:
		return on_launch(m, c, msg, fds);
	case WIRE_ACK:
		return on_verdict(m, c, msg, task_ack);
	case WIRE_GO:
		return on_verdict(m, c, msg, task_go);
	case WIRE_KILL:
		return on_kill(m, c, msg);
	case WIRE_OOM_ATTACH:
		return on_oom_attach(m, c, msg, fds[0]);
	case WIRE_SUBSCRIBE:
		return on_subscribe(m, c, msg);
	case WIRE_RESIZE:
		return on_resize(m, c, msg);
	case WIRE_WATCH:
		return on_watch(m, c, msg);
	default:
		return -EBADMSG;
	}
}

int request_refuse(struct monitor *m, struct client *c, const struct wire_msg *msg)
{
	if (!c->greeted || !msg->fds)
		return -EBADMSG;
	if (msg->type == WIRE_FDS)
		c->cut = true;
	else if (msg->type == WIRE_LAUNCH)
		refuse_launch(m, c, msg);
	else if (msg->type == WIRE_OOM_ATTACH)
		send_result(m, c, msg, -EMFILE);
	else
		return -EBADMSG;
	return 0;
}

int request_handle(struct monitor *m, struct client *c, const struct wire_msg *msg, int *fds)
{
	unsigned int count = msg->fds;
	int r = dispatch(m, c, msg, fds);

	for (unsigned int i = r > 0 ? (unsigned int)r : 0; i < count; i++)
		(void)close(fds[i]);
	return r < 0 ? r : 0;
}
