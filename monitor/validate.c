/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a plan what wire.h says? Walkers look at no offset, slot or NUL again. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <execdriver/error.h>

#include "base/scheduling.h"
#include "monitor/task.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define BIRTH_FLAGS (CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWTIME)
#define GROUPS_MAX 65536u
#define WORDS_MAX (4096u * 8u)
#define ID_PATH_MAX 4096u

enum slot_rule {
	SLOT_UNUSED = 0, /* nobody looks at it */
	SLOT_USED,       /* must name a slot */
	SLOT_MAYBE       /* or none */
};

enum span_rule {
	SPAN_UNUSED = 0,
	SPAN_TEXT, /* exactly one NUL, at the end */
	SPAN_TEXT_MAYBE,
	SPAN_BYTES, /* anything, with a NUL behind it that is counted */
	SPAN_LIST,  /* texts, one behind the other; at least one */
	SPAN_LIST_MAYBE,
	SPAN_GROUPS,
	SPAN_WORDS /* numbers of 64 bits, at least one */
};

#define IN(phase) (1u << (phase))
#define WORKER_FLAGS (WIRE_WORKER_REMOTE | WIRE_WORKER_PARK | WIRE_WORKER_TTY)

struct rule {
	uint8_t phases;
	uint8_t slot[4];
	uint8_t str[3];
};

#define CHILD_RULE IN(WIRE_CHILD)
#define IN_ROOT                        \
	{                              \
		SLOT_UNUSED, SLOT_USED \
	}

static const struct rule rules[] = {
	[WIRE_CGROUP_MAKE] = {IN(WIRE_PREPARE),
			      {SLOT_USED, SLOT_USED},
			      {SPAN_TEXT, SPAN_TEXT_MAYBE, SPAN_TEXT_MAYBE}},
	[WIRE_WRITE] = {IN(WIRE_PREPARE), {SLOT_USED}, {SPAN_TEXT, SPAN_BYTES}},
	[WIRE_OPEN] = {IN(WIRE_PREPARE) | CHILD_RULE, {SLOT_MAYBE, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_OOM_WATCH] = {IN(WIRE_PREPARE), {SLOT_USED}, {0}},
	[WIRE_CGROUP_JOIN] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_SETNS] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_UNSHARE] = {CHILD_RULE, {0}, {0}},
	[WIRE_SETSID] = {CHILD_RULE, {0}, {0}},
	[WIRE_NONDUMPABLE] = {CHILD_RULE, {0}, {0}},
	[WIRE_STDIO] = {CHILD_RULE, {SLOT_MAYBE, SLOT_MAYBE, SLOT_MAYBE}, {0}},
	[WIRE_CTTY] = {CHILD_RULE, {0}, {0}},
	[WIRE_TTY_OPEN] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_HOSTNAME] = {CHILD_RULE, {0}, {SPAN_TEXT}},
	[WIRE_DOMAINNAME] = {CHILD_RULE, {0}, {SPAN_TEXT}},
	[WIRE_LOOPBACK_UP] = {CHILD_RULE, {0}, {0}},
	[WIRE_PARK] = {CHILD_RULE, {0}, {0}},
	[WIRE_KEYRING] = {CHILD_RULE, {0}, {0}},
	[WIRE_PROPAGATION] = {CHILD_RULE, {0}, {0}},
	[WIRE_TREE] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {0}},
	[WIRE_FS] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT, SPAN_LIST_MAYBE}},
	[WIRE_ATTR] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_ATTACH_ROOT] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_ATTACH] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_MKDIR] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT}},
	[WIRE_MKNOD] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT}},
	[WIRE_SYMLINK] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT, SPAN_TEXT}},
	[WIRE_MKFILE] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT, SPAN_BYTES}},
	[WIRE_MASK] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_READONLY] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT}},
	[WIRE_PIVOT] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_SYSCTL] = {CHILD_RULE, {SLOT_USED}, {SPAN_TEXT, SPAN_BYTES}},
	[WIRE_PROC_WRITE] = {CHILD_RULE, {SLOT_USED}, {SPAN_TEXT, SPAN_BYTES}},
	[WIRE_CHROOT] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_TIME] = {CHILD_RULE, {SLOT_USED}, {SPAN_TEXT_MAYBE}},
	[WIRE_COPYUP] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_LAYER] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_OVERLAY] = {CHILD_RULE, {SLOT_UNUSED, SLOT_USED, SLOT_USED, SLOT_USED}, {0}},
	[WIRE_SCRATCH] = {IN(WIRE_PREPARE), {SLOT_UNUSED, SLOT_USED, SLOT_USED}, {0}},
	[WIRE_NO_PIVOT] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {0}},
	[WIRE_RLIMIT] = {CHILD_RULE, {0}, {SPAN_TEXT_MAYBE}},
	[WIRE_UMASK] = {CHILD_RULE, {0}, {0}},
	[WIRE_CHDIR] = {CHILD_RULE, {0}, {SPAN_TEXT}},
	[WIRE_GROUPS] = {CHILD_RULE, {0}, {SPAN_GROUPS}},
	[WIRE_IDS] = {CHILD_RULE, {0}, {0}},
	[WIRE_BOUNDING] = {CHILD_RULE, {0}, {0}},
	[WIRE_CAPS] = {CHILD_RULE, {0}, {0}},
	[WIRE_NO_NEW_PRIVS] = {CHILD_RULE, {0}, {0}},
	[WIRE_SECCOMP] = {CHILD_RULE, {0}, {SPAN_WORDS}},
	[WIRE_SCHEDULER] = {CHILD_RULE, {0}, {SPAN_TEXT, SPAN_WORDS}},
	[WIRE_NICE] = {CHILD_RULE, {0}, {0}},
	[WIRE_IOPRIO] = {CHILD_RULE, {0}, {SPAN_TEXT}},
	[WIRE_AFFINITY] = {CHILD_RULE, {0}, {SPAN_TEXT, SPAN_WORDS}},
	[WIRE_PERSONALITY] = {CHILD_RULE, {0}, {SPAN_TEXT}},
	[WIRE_LANDLOCK] = {CHILD_RULE, {0}, {SPAN_LIST}},
	[WIRE_CONNECT] = {IN(WIRE_PREPARE), {SLOT_UNUSED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_SECCOMP_NOTIFY] = {CHILD_RULE, {SLOT_USED}, {SPAN_WORDS, SPAN_LIST}},
	[WIRE_INIT] = {CHILD_RULE, {0}, {0}},
	[WIRE_EXEC] = {CHILD_RULE, {0}, {SPAN_LIST, SPAN_LIST, SPAN_LIST_MAYBE}},
	[WIRE_WORKER] = {CHILD_RULE, {0}, {SPAN_TEXT, SPAN_LIST, SPAN_LIST_MAYBE}},
	[WIRE_LEND] = {CHILD_RULE, {SLOT_USED}, {0}},
	[WIRE_CGROUP_KILL] = {IN(WIRE_END) | IN(WIRE_CLEANUP), {SLOT_USED, SLOT_MAYBE}, {0}},
	[WIRE_CGROUP_REMOVE] = {IN(WIRE_CLEANUP), {SLOT_USED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_USERNS] = {CHILD_RULE, IN_ROOT, {SPAN_TEXT, SPAN_TEXT}},
	[WIRE_REBIRTH] = {CHILD_RULE, {0}, {0}},
	[WIRE_IDMAP] = {CHILD_RULE, {SLOT_USED, SLOT_USED}, {SPAN_TEXT}},
	[WIRE_DEVICES] = {IN(WIRE_PREPARE), {SLOT_USED}, {SPAN_TEXT, SPAN_WORDS}},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

struct check {
	const struct wire_plan *plan;
	const struct wire_step *steps;
	const char *data;
	struct wire_failure *failure;
	unsigned int inits, parks, ttys, watches, lends, listeners, rebirths;
};

static int bad(struct check *c, int step, const char *what)
{
	struct wire_failure *f = c->failure;

	memset(f, 0, sizeof(*f));
	f->code = EXD_ERR_PROTOCOL;
	f->sys_errno = EBADMSG;
	f->stage = EXD_STAGE_PREPARE;
	f->step = step;
	f->op = step >= 0 ? c->steps[step].op : 0;
	(void)snprintf(f->object, sizeof(f->object), "%s", what);
	return -EBADMSG;
}

static uint64_t count_texts(const char *text, size_t size)
{
	uint64_t n = 0;

	for (const char *end = text + size; text < end; n++)
		text += strlen(text) + 1;
	return n;
}

static bool span_inside(const struct wire_plan *plan, struct wire_span s)
{
	return s.offset <= plan->data_size && s.size <= plan->data_size - s.offset;
}

static bool span_good(const struct check *c, struct wire_span s, uint8_t rule)
{
	const char *p = c->data + s.offset;

	if (!span_inside(c->plan, s))
		return false;
	switch ((enum span_rule)rule) {
	case SPAN_UNUSED:
		return true;
	case SPAN_TEXT_MAYBE:
	case SPAN_LIST_MAYBE:
		if (s.size == 0)
			return true;
		break;
	case SPAN_GROUPS:
		return s.size % sizeof(uint32_t) == 0 && s.size / sizeof(uint32_t) <= GROUPS_MAX;
	case SPAN_WORDS:
		return s.size > 0 && s.size % 8 == 0 && s.size <= WORDS_MAX;
	case SPAN_TEXT:
	case SPAN_BYTES:
	case SPAN_LIST:
		break;
	}
	if (s.size == 0 || p[s.size - 1] != '\0')
		return false;
	return (rule != SPAN_TEXT && rule != SPAN_TEXT_MAYBE) ||
	       memchr(p, '\0', s.size) == p + s.size - 1;
}

static int check_landlock(struct check *c, int i)
{
	const struct wire_step *s = &c->steps[i];
	const char *rule = c->data + s->str[0].offset, *end = rule + s->str[0].size;

	for (; rule < end; rule += strlen(rule) + 1)
		if (strncmp(rule, "ro:/", 4) != 0 && strncmp(rule, "rw:/", 4) != 0)
			return bad(c, i, "rule of Landlock");
	return 0;
}

static int check_numbers(struct check *c, int i)
{
	const struct wire_step *s = &c->steps[i];
	const char *text = c->data + s->str[0].offset;

	switch (s->op) {
	case WIRE_OPEN:
		if (s->slot[0] == WIRE_NO_SLOT && text[0] != '/')
			return bad(c, i, "path is not absolute");
		return 0;
	case WIRE_CGROUP_MAKE:
	case WIRE_CGROUP_REMOVE:
		if (text[0] == '/' || text[0] == '\0' || s->str[0].size > ID_PATH_MAX)
			return bad(c, i, "path is not below the hierarchy");
		return 0;
	case WIRE_OOM_WATCH:
	case WIRE_CGROUP_KILL:
		return s->num[0] == 1 || s->num[0] == 2 ? 0 : bad(c, i, "cgroup version");
	case WIRE_USERNS:
		return s->str[0].size < ID_PATH_MAX && s->str[1].size < ID_PATH_MAX
			       ? 0
			       : bad(c, i, "map of ids is longer than the kernel takes");
	case WIRE_REBIRTH:
		if (s->num[0] & ~(uint64_t)BIRTH_FLAGS)
			return bad(c, i, "clone flags");
		/* its pid is told as the process before it sees it: that must be as we do */
		return c->inits || c->parks || c->plan->pidns_slot != WIRE_NO_SLOT
			       ? bad(c, i, "cannot start anew here")
			       : 0;
	case WIRE_RLIMIT:
		return s->num[0] < RLIM_NLIMITS ? 0 : bad(c, i, "resource");
	case WIRE_SCHEDULER:
		return s->str[1].size == sizeof(struct scheduling) ? 0 : bad(c, i, "attributes");
	case WIRE_LANDLOCK:
		return check_landlock(c, i);
	case WIRE_WORKER:
		if (text[0] != '/')
			return bad(c, i, "path is not absolute");
		if (s->num[2] & ~(uint64_t)WORKER_FLAGS)
			return bad(c, i, "flags of a worker");
		/* fall through */
	case WIRE_EXEC:
		if (count_texts(c->data + s->str[1].offset, s->str[1].size) != s->num[0] ||
		    count_texts(c->data + s->str[2].offset, s->str[2].size) != s->num[1])
			return bad(c, i, "number of arguments");
		return 0;
	default:
		return 0;
	}
}

static int check_step(struct check *c, int i, enum wire_phase phase)
{
	const struct wire_step *s = &c->steps[i];
	const struct rule *rule = s->op < RULES ? &rules[s->op] : NULL;

	if (!rule || !rule->phases)
		return bad(c, i, "unknown operation");
	if (!(rule->phases & IN(phase)))
		return bad(c, i, "operation in the wrong phase");
	for (int k = 0; k < 4; k++) {
		if (rule->slot[k] == SLOT_UNUSED ||
		    (rule->slot[k] == SLOT_MAYBE && s->slot[k] == WIRE_NO_SLOT))
			continue;
		if (s->slot[k] >= c->plan->slots)
			return bad(c, i, "slot out of range");
	}
	for (int k = 0; k < 3; k++)
		if (!span_good(c, s->str[k], rule->str[k]))
			return bad(c, i, "bad text or array");
	c->inits += s->op == WIRE_INIT;
	c->parks += s->op == WIRE_PARK;
	c->ttys += s->op == WIRE_TTY_OPEN;
	c->watches += s->op == WIRE_OOM_WATCH;
	c->listeners += s->op == WIRE_SECCOMP_NOTIFY;
	c->lends += s->op == WIRE_LEND;
	c->rebirths += s->op == WIRE_REBIRTH;
	return check_numbers(c, i);
}

static int check_head(struct check *c, size_t size)
{
	const struct wire_plan *p = c->plan;
	uint64_t steps = 0;

	if (size < sizeof(*p) || size > WIRE_PLAN_MAX)
		return bad(c, -1, "plan size");
	if (p->magic != WIRE_PLAN_MAGIC || p->version != WIRE_VERSION)
		return bad(c, -1, "not a plan of this version");
	for (int i = 0; i < WIRE_PHASES; i++)
		steps += p->phase_steps[i];
	if (steps > WIRE_STEPS_MAX || p->slots > WIRE_SLOTS_MAX || p->fds > p->slots)
		return bad(c, -1, "too many steps or slots");
	if (p->size != size || sizeof(*p) + steps * sizeof(struct wire_step) + p->data_size != size)
		return bad(c, -1, "sizes do not add up");
	if (p->clone_flags & ~(uint64_t)BIRTH_FLAGS)
		return bad(c, -1, "clone flags");
	if ((p->pidns_slot != WIRE_NO_SLOT && p->pidns_slot >= p->slots) ||
	    (p->into_cgroup_slot != WIRE_NO_SLOT && p->into_cgroup_slot >= p->slots))
		return bad(c, -1, "slot of the birth out of range");
	return p->phase_steps[WIRE_CHILD] ? 0 : bad(c, -1, "no steps of a child");
}

static bool is_program(const struct wire_step *s)
{
	return s->op == WIRE_EXEC || s->op == WIRE_WORKER;
}

/* Its reports speak of pids: it has to see them as we do. */
static int check_worker(struct check *c, const struct wire_step *program)
{
	const struct wire_plan *p = c->plan;

	if (program->op != WIRE_WORKER)
		return c->lends ? bad(c, -1, "descriptors for a worker that is not there") : 0;
	if (c->lends > WIRE_SLOTS_MAX)
		return bad(c, -1, "too many descriptors for a worker");
	if (c->inits || c->parks || c->ttys || c->rebirths)
		return bad(c, -1, "a step that a worker does itself");
	if (p->clone_flags & CLONE_NEWPID || p->pidns_slot != WIRE_NO_SLOT)
		return bad(c, -1, "a worker in another pid namespace");
	return 0;
}

/* What is before the cut is done by a process that has one line, and no host to wait for. */
static int check_cut(struct check *c)
{
	const struct wire_plan *p = c->plan;
	const struct wire_step *s = c->steps + p->phase_steps[WIRE_PREPARE];

	if (!p->cut)
		return 0;
	if (p->cut >= p->phase_steps[WIRE_CHILD])
		return bad(c, -1, "the cut is behind the program");
	if (c->inits || c->listeners || c->rebirths || p->pidns_slot != WIRE_NO_SLOT ||
	    s[p->phase_steps[WIRE_CHILD] - 1].op == WIRE_WORKER)
		return bad(c, -1, "a cut in a plan that cannot wait");
	/* These are for one container: a box has no state directory, and nobody to connect for. */
	for (int i = 0; i < p->phase_steps[WIRE_PREPARE]; i++)
		if (c->steps[i].op == WIRE_CONNECT || c->steps[i].op == WIRE_SCRATCH)
			return bad(c, i, "a step for one container, in a plan with a cut");
	for (int i = 0; i < p->cut; i++)
		if (s[i].op == WIRE_PARK || s[i].op == WIRE_TTY_OPEN || s[i].op == WIRE_STDIO)
			return bad(c, p->phase_steps[WIRE_PREPARE] + i, "a step before the cut");
	return 0;
}

static int check_shape(struct check *c)
{
	const struct wire_plan *p = c->plan;
	int last = p->phase_steps[WIRE_PREPARE] + p->phase_steps[WIRE_CHILD] - 1;
	int r;

	for (int i = p->phase_steps[WIRE_PREPARE]; i <= last; i++)
		if (is_program(&c->steps[i]) != (i == last))
			return bad(c, i, "the program must be the last step");
	r = check_worker(c, &c->steps[last]);
	if (!r)
		r = check_cut(c);
	if (r < 0)
		return r;
	if (c->inits > 1 || c->parks > 1 || c->ttys > 1 || c->watches > 1 ||
	    c->listeners > 1 || c->rebirths > 1)
		return bad(c, -1, "a step that may be there once is there twice");
	return 0;
}

int plan_validate(const struct wire_plan *plan, size_t size, struct wire_failure *failure)
{
	struct check c = {.plan = plan, .failure = failure};
	int i = 0, r = check_head(&c, size);

	if (r < 0)
		return r;
	c.steps = (const struct wire_step *)(plan + 1);
	for (int phase = 0; phase < WIRE_PHASES; phase++)
		i += plan->phase_steps[phase];
	c.data = (const char *)(c.steps + i);
	i = 0;
	for (int phase = 0; phase < WIRE_PHASES; phase++)
		for (int n = plan->phase_steps[phase]; n > 0 && !r; n--)
			r = check_step(&c, i++, (enum wire_phase)phase);
	return r < 0 ? r : check_shape(&c);
}
