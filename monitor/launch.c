/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the messages of a launch to a task that is under way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execdriver/error.h>

#include "monitor/warm.h"
#include "monitor/worker.h"

#define WITH_ALL                                                                     \
	(WIRE_WITH_STATE_DIR | WIRE_WITH_ROOT_DIR | WIRE_WITH_LOCK | WIRE_WITH_OOM | \
	 WIRE_WITH_DRAIN_OUT | WIRE_WITH_DRAIN_ERR | WIRE_WITH_OUTPUT)
#define FLAGS_ALL \
	(WIRE_LAUNCH_EXEC | WIRE_LAUNCH_TIED | WIRE_LAUNCH_EPHEMERAL | WIRE_LAUNCH_DRAIN)
#define ID_MAX 128u
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct parsed {
	struct wire_launch head;
	const char *id;
	const char *state;
};

/* The id becomes a path: nothing but the letters of an id, and no dot in front. */
static bool id_good(const char *id, size_t size)
{
	if (size < 2 || size > ID_MAX + 1 || id[size - 1] != '\0' || strlen(id) != size - 1)
		return false;
	if (id[0] == '.' || id[0] == '_' || id[0] == '+' || id[0] == '-')
		return false;
	for (; *id; id++)
		if (!((*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') ||
		      (*id >= '0' && *id <= '9') || strchr("_.+-", *id)))
			return false;
	return true;
}

static bool parse(const struct wire_msg *msg, struct parsed *p)
{
	size_t size = msg->size - sizeof(*msg);
	const char *body = (const char *)(msg + 1);

	if (size < sizeof(p->head))
		return false;
	memcpy(&p->head, body, sizeof(p->head));
	if (p->head.with & ~(uint32_t)WITH_ALL || p->head.flags & ~(uint32_t)FLAGS_ALL)
		return false;
	if (size != sizeof(p->head) + p->head.id_size + (uint64_t)p->head.state_size)
		return false;
	if (msg->fds != 1 + __builtin_popcount(p->head.with))
		return false;
	p->id = body + sizeof(p->head);
	p->state = p->head.state_size ? p->id + p->head.id_size : NULL;
	if (p->state && (p->state[p->head.state_size - 1] != '\0' ||
			 strlen(p->state) != p->head.state_size - 1))
		return false;
	return p->head.warm <= WIRE_WARM_MAX && id_good(p->id, p->head.id_size);
}

void launch_fail(struct task *t, uint32_t code, int error, const char *object)
{
	struct wire_failure *f = &t->launch->failure;
	size_t n = object ? strnlen(object, sizeof(f->object) - 1) : 0;

	memset(f, 0, sizeof(*f));
	f->code = code;
	f->sys_errno = error;
	f->stage = EXD_STAGE_PREPARE;
	f->step = -1;
	memcpy(f->object, object ? object : "", n);
}

void launch_free(struct monitor *m, struct task *t)
{
	struct launch *l = t->launch;

	(void)m;
	if (!l)
		return;
	for (unsigned int i = 0; l->slots && i < l->nslots; i++)
		close_fd(&l->slots[i]);
	if (l->plan)
		(void)munmap((void *)l->plan, l->size);
	if (l->log_pids) {
		memcpy(t->log_pids, l->log_pids, sizeof(t->log_pids));
		(void)munmap(l->log_pids, sizeof(t->log_pids));
	}
	if (l->reborn)
		(void)munmap(l->reborn, sizeof(*l->reborn));
	free(l->slots);
	free(l->argv);
	free(l->state);
	free(l);
	t->launch = NULL;
}

void launch_point(struct launch *l, const void *map, size_t size)
{
	l->plan = map;
	l->size = size;
	l->steps = (const struct wire_step *)(l->plan + 1);
	l->data = (const char *)(l->steps + l->plan->phase_steps[0] + l->plan->phase_steps[1] +
				 l->plan->phase_steps[2] + l->plan->phase_steps[3]);
}

const struct wire_step *launch_find(const struct launch *l, enum wire_op op)
{
	const struct wire_step *s = l->steps + l->plan->phase_steps[WIRE_PREPARE];

	for (unsigned int i = 0; i < l->plan->phase_steps[WIRE_CHILD]; i++)
		if (s[i].op == op)
			return &s[i];
	return NULL;
}

static int map_plan(struct task *t, int fd)
{
	struct launch *l = t->launch;
	struct stat st;
	void *map;

	/* Unsealed, the client could change it behind the checks. */
	if (fstat(fd, &st) < 0 || (fcntl(fd, F_GET_SEALS) & SEALS) != SEALS || st.st_size <= 0 ||
	    st.st_size > WIRE_PLAN_MAX) {
		launch_fail(t, EXD_ERR_PROTOCOL, EBADMSG, "the plan is not a sealed memory file");
		return -EBADMSG;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		launch_fail(t, EXD_ERR_SYSTEM, errno, "map the plan");
		return -errno;
	}
	if (plan_validate(map, (size_t)st.st_size, &l->failure) < 0) {
		(void)munmap(map, (size_t)st.st_size);
		return -EBADMSG;
	}
	launch_point(l, map, (size_t)st.st_size);
	return 0;
}

/* Takes the client's collected descriptors. */
static int fill_slots(struct task *t, struct client *c, const struct wire_launch *head)
{
	struct launch *l = t->launch;

	if (c->nfds != head->slot_fds || l->plan->fds != head->slot_fds) {
		launch_fail(t, EXD_ERR_PROTOCOL, EBADMSG, "number of descriptors");
		return -EBADMSG;
	}
	l->nslots = l->plan->slots;
	l->slots = malloc((l->nslots + 1u) * sizeof(int));
	if (!l->slots) {
		launch_fail(t, EXD_ERR_NO_MEMORY, ENOMEM, NULL);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < l->plan->slots; i++)
		l->slots[i] = i < c->nfds ? c->fds[i] : -1;
	c->nfds = 0;
	return 0;
}

static char **list_pointers(char **out, const char *text, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		*out++ = (char *)text;
		text += strlen(text) + 1;
	}
	*out++ = NULL;
	return out;
}

static const struct wire_step *program_of(const struct launch *l)
{
	return &l->steps[l->plan->phase_steps[WIRE_PREPARE] + l->plan->phase_steps[WIRE_CHILD] - 1];
}

size_t launch_vectors_size(const struct launch *l)
{
	const struct wire_step *s = program_of(l);

	return (s->num[0] + s->num[1] + 2) * sizeof(char *);
}

void launch_vectors(struct launch *l, void *room)
{
	const struct wire_step *s = program_of(l);

	l->argv = room;
	l->envp = list_pointers(l->argv, l->data + s->str[1].offset, s->num[0]);
	(void)list_pointers(l->envp, l->data + s->str[2].offset, s->num[1]);
}

/* The child may not allocate: what execve takes is laid out before it is born. */
static int build_vectors(struct task *t)
{
	void *room = malloc(launch_vectors_size(t->launch));

	if (!room) {
		launch_fail(t, EXD_ERR_NO_MEMORY, ENOMEM, NULL);
		return -ENOMEM;
	}
	launch_vectors(t->launch, room);
	return 0;
}

/*
 * A box that is known here and has ended cannot take in anybody; others are the kernel's to refuse.
 */
static int check_box(struct monitor *m, struct task *t)
{
	const struct task *box = t->flags & WIRE_LAUNCH_EXEC ? task_find(m, t->id) : NULL;

	if (!box || (box->state < TASK_ABORTING && !box->failed))
		return 0;
	launch_fail(t, EXD_ERR_NOT_RUNNING, ESRCH, t->id);
	return -ESRCH;
}

bool launch_cgroup_path(const struct launch *l, const struct wire_step *s, char *out, size_t size)
{
	const char *path = l->data + s->str[0].offset, *last = strrchr(path, '/');
	int n, keep = last ? (int)(last - path) + 1 : 0;
	/* Where a process is born it cannot be renamed: that is cgroup v2. */
	bool renamed = l->taken && s->slot[1] != l->plan->into_cgroup_slot;

	if (!l->box[0] || renamed)
		n = snprintf(out, size, "%s", path);
	else
		n = snprintf(out, size, "%.*s%s", keep, path, l->box);
	return n >= 0 && (size_t)n < size;
}

/* A process of its own, born for it. */
static int start_cold(struct monitor *m, struct task *t)
{
	int r;

	record_claim(t, false);
	r = prepare_run(m, t);
	if (r < 0)
		return r;
	record_claim(t, true);
	return birth(m, t);
}

/* What it will need to the end; all of it is there before anything is made. */
static int make_room(struct task *t)
{
	t->tail = tail_new(t->launch);
	if (t->tail && worker_new(t) == 0)
		return 0;
	launch_fail(t, EXD_ERR_NO_MEMORY, ENOMEM, NULL);
	return -ENOMEM;
}

static int start(struct monitor *m, struct task *t, int plan_fd)
{
	struct task *box;
	int r;

#ifdef EXD_WARM_ALWAYS
	warm_make(m, t, plan_fd);
#endif
	box = warm_match(m, t);
	r = box ? 0 : build_vectors(t);
	if (!r)
		r = make_room(t);
	/* A worker is to be where we will be: what it starts may be born before we move. */
	if (!r && t->worker && task_outlives_host(m, t))
		leaf_enter(m);
	if (!r && !box)
		return start_cold(m, t);
	if (r < 0 && box)
		box_discard(m, box);
	return r < 0 ? r : box_take(m, t, box, plan_fd);
}

static void launch_run(struct monitor *m, struct task *t, struct client *c, int plan_fd,
		       const struct wire_launch *head)
{
	int r = check_box(m, t);

	if (!r)
		r = map_plan(t, plan_fd);
	if (!r)
		r = fill_slots(t, c, head);
	if (!r)
		r = start(m, t, plan_fd);
	if (!r)
		warm_keep(m, t, plan_fd, head->warm);
	t->shape = NULL;
	if (t->tail && t->launch->slots)
		tail_adopt(m, t->tail, t->launch);
	if (r < 0)
		task_abort(m, t, 0, 0, NULL);
	else if (!t->worker && !t->launch->reborn)
		record_stage(m, t);
}

struct task *task_blank(const char *id)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->launch = calloc(1, sizeof(*t->launch));
	t->id = strdup(id);
	if (!t->launch || !t->id) {
		free(t->launch);
		free(t->id);
		free(t);
		return NULL;
	}
	t->hook_timeout_ms = 30000;
	t->pidfd.fd = t->former.fd = t->report.fd = t->init.fd = t->tty.fd = -1;
	t->drain[0].fd = t->drain[1].fd = -1;
	t->output = t->master = t->state_dir = t->root_dir = t->lock = -1;
	return t;
}

static struct task *task_new(struct client *c, const struct wire_msg *msg, const struct parsed *p)
{
	char *state = p->state ? strdup(p->state) : NULL;
	struct task *t = p->state && !state ? NULL : task_blank(p->id);

	if (!t) {
		free(state);
		return NULL;
	}
	t->launch->state = state;
	t->launch->state_size = state ? p->head.state_size - 1 : 0;
	t->client = c;
	t->request = msg->request;
	t->flags = p->head.flags;
	if (p->head.hook_timeout_ms)
		t->hook_timeout_ms = p->head.hook_timeout_ms;
	t->drain_ms = p->head.drain_ms;
	return t;
}

/* In the order of enum wire_with. */
static void take_with(struct monitor *m, struct task *t, uint32_t with, const int *fds)
{
	int channel = -1;
	int *const to[] = {&t->state_dir, &t->root_dir, &t->lock, &channel,
			   &t->drain[0].fd, &t->drain[1].fd, &t->output};

	for (unsigned int i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		if (with & 1u << i)
			*to[i] = *fds++;
	if (t->root_dir >= 0)
		t->root_dir = dir_share(m, t->root_dir);
	if (channel >= 0 && oom_attach(t, channel) < 0)
		(void)close(channel);
}

/* How many of the message's descriptors were taken: all, or none. */
int launch_begin(struct monitor *m, struct client *c, const struct wire_msg *msg, int *fds)
{
	/* The message itself is gone once the launch is under way. */
	int count = msg->fds;
	struct parsed p;
	struct task *t;

	if (!parse(msg, &p) || task_of_request(m, c, msg->request))
		return -EBADMSG;
	c->launched = true;
	t = task_new(c, msg, &p);
	if (!t)
		return -ENOMEM;
	take_with(m, t, p.head.with, fds + 1);
	t->next = m->tasks;
	m->tasks = t;
	m->task_count++;
	/* Everything that fails from here on is told to the client as this launch's failure. */
	launch_run(m, t, c, fds[0], &p.head);
	client_forget_fds(c);
	(void)close(fds[0]);
	return count;
}
