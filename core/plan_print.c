/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan in words, one line per step, for explain. */
#include "core/plan.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "base/wire_names.h"

#define TEXT_MAX 200  /* of one list or piece of bytes */
#define LABEL_DEPTH 4 /* slots that are made of slots */

struct bit_name {
	uint64_t bit;
	const char *name;
};

static const struct bit_name clone_flags[] = {
	{CLONE_NEWNS, "mnt"},
	{CLONE_NEWPID, "pid"},
	{CLONE_NEWIPC, "ipc"},
	{CLONE_NEWUTS, "uts"},
	{CLONE_NEWNET, "net"},
	{CLONE_NEWCGROUP, "cgroup"},
	{CLONE_NEWUSER, "user"},
	{0x80 /* CLONE_NEWTIME */, "time"},
	{0, NULL},
};

/* MOUNT_ATTR_*, spelled out: older headers lack some. */
static const struct bit_name mount_attrs[] = {
	{0x1, "ro"},
	{0x2, "nosuid"},
	{0x4, "nodev"},
	{0x8, "noexec"},
	{0x10, "noatime"},
	{0x20, "strictatime"},
	{0x80, "nodiratime"},
	{0x200000, "nosymfollow"},
	{0, NULL},
};

static const struct bit_name mount_flags[] = {
	{MS_REC, "rec"},
	{MS_PRIVATE, "private"},
	{MS_SLAVE, "slave"},
	{MS_SHARED, "shared"},
	{MS_UNBINDABLE, "unbindable"},
	{0, NULL},
};

static void add_bits(struct strbuf *out, const struct bit_name *names, uint64_t bits)
{
	const char *comma = "";

	for (; names->name; names++)
		if (bits & names->bit) {
			sb_addf(out, "%s%s", comma, names->name);
			bits &= ~names->bit;
			comma = ",";
		}
	if (bits)
		sb_addf(out, "%s0x%llx", comma, (unsigned long long)bits);
}

static const char *span(const struct exd_plan *plan, const struct wire_step *step, int index,
			size_t *size)
{
	*size = step->str[index].size;
	return *size > 0 ? plan->data + step->str[index].offset : "";
}

/* Without the NUL at the end; NULs inside become spaces, other control characters '?'. */
static void add_text(struct strbuf *out, const char *text, size_t size)
{
	while (size > 0 && (text[size - 1] == '\0' || text[size - 1] == '\n'))
		size--;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (i == TEXT_MAX) {
			sb_add(out, "...");
			return;
		}
		if (c == '\0')
			c = ' ';
		else if ((unsigned char)c < ' ' || c == 0x7f)
			c = '?';
		sb_add_bytes(out, &c, 1);
	}
}

static void add_groups(struct strbuf *out, const char *bytes, size_t size)
{
	uint32_t gid;

	for (size_t i = 0; i + sizeof(gid) <= size && i < TEXT_MAX; i += sizeof(gid)) {
		memcpy(&gid, bytes + i, sizeof(gid));
		sb_addf(out, "%s%u", i ? " " : "", gid);
	}
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* The step that fills the slot, in the order they were added; NULL: none. */
static const struct wire_step *filler(const struct exd_plan *plan, uint16_t slot)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct wire_step *step = &plan->steps[i].wire;
		bool makes = step->op == WIRE_CGROUP_MAKE || step->op == WIRE_OPEN ||
			     step->op == WIRE_TTY_OPEN || step->op == WIRE_TREE ||
			     step->op == WIRE_FS;

		if (makes && step->slot[1] == slot)
			return step;
	}
	return NULL;
}

static void add_descriptor(struct strbuf *out, int fd)
{
	char link[64], target[512];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, target, sizeof(target));
	if (size > 0)
		add_text(out, target, (size_t)size);
	else
		sb_addf(out, "descriptor %d", fd);
}

/* What the slot holds: a descriptor's file, or what the step that fills it opens, makes or clones. */
static void add_slot(struct strbuf *out, const struct exd_plan *plan, uint16_t slot, int depth)
{
	const struct wire_step *step;
	const char *text;
	size_t size;

	if (slot < plan->slot_count && plan->slots[slot].fd >= 0) {
		add_descriptor(out, plan->slots[slot].fd);
		return;
	}
	step = filler(plan, slot);
	if (!step || depth == 0) {
		sb_add(out, "an empty slot");
		return;
	}
	text = span(plan, step, 0, &size);
	if (step->op != WIRE_FS && step->op != WIRE_TTY_OPEN && step->slot[0] != WIRE_NO_SLOT) {
		add_slot(out, plan, step->slot[0], depth - 1);
		sb_add(out, size > 0 ? "/" : "");
	}
	add_text(out, text, size);
	text = span(plan, step, 2, &size);
	if (step->op == WIRE_CGROUP_MAKE && size > 0) {
		sb_add(out, "/");
		add_text(out, text, size);
	}
}

/* The step that attaches the mount in the slot to a place below another one; NULL: none. */
static const struct wire_step *attacher(const struct exd_plan *plan, uint16_t slot)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct wire_step *step = &plan->steps[i].wire;

		if (step->op == WIRE_ATTACH && step->slot[0] == slot)
			return step;
	}
	return NULL;
}

/* str0 as seen from the container's root: "pts" in the mount on /dev is "/dev/pts". */
static void add_place(struct strbuf *out, const struct exd_plan *plan, const struct wire_step *step,
		      int depth)
{
	const struct wire_step *above = attacher(plan, step->slot[1]);
	size_t size;
	const char *text = span(plan, step, 0, &size);

	if (above && above != step && depth > 0) {
		add_place(out, plan, above, depth - 1);
		sb_add(out, text[0] == '/' ? "" : "/");
	}
	add_text(out, text, size);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_number(struct strbuf *out, char kind, uint64_t number)
{
	unsigned long long n = number;
	unsigned int high = (unsigned int)(number >> 32), low = (unsigned int)number;

	if (kind == 'o')
		sb_addf(out, "%04llo", n & 07777);
	else if (kind == 'x')
		sb_addf(out, "0x%llx", n);
	else if (kind == 'u' && number == UINT64_MAX)
		sb_add(out, "unlimited");
	else if (kind == 'd')
		sb_addf(out, "%u:%u", major(number), minor(number));
	else if (kind == 'w')
		sb_addf(out, "%u:%u", high, low);
	else if (kind == 't')
		sb_addf(out, "%ux%u", low >> 16, low & 0xffff);
	else
		sb_addf(out, "%llu", n);
}

static void add_flags(struct strbuf *out, char kind, uint64_t flags)
{
	if (kind == 'c') {
		add_bits(out, clone_flags, flags);
	} else if (kind == 'R') {
		sb_add(out, flags ? ", recursive" : "");
	} else if (flags) {
		sb_add(out, kind == 'F' ? " without (" : " (");
		add_bits(out, kind == 'm' ? mount_flags : mount_attrs, flags);
		sb_add(out, ")");
	}
}

static void add_part(struct strbuf *out, const struct exd_plan *plan, const struct wire_step *step,
		     char kind, int index)
{
	const char *text = "";
	size_t size = 0;

	if (kind == 'l') {
		add_slot(out, plan, step->slot[index], LABEL_DEPTH);
		return;
	}
	if (kind == 'q') {
		add_place(out, plan, step, LABEL_DEPTH);
		return;
	}
	if (!strchr("sbvVgk", kind)) {
		(strchr("cmfFR", kind) ? add_flags : add_number)(out, kind, step->num[index]);
		return;
	}
	text = span(plan, step, index, &size);
	if (kind == 'V' && size > 0)
		sb_add(out, " ");
	if (kind == 'g')
		add_groups(out, text, size);
	else if (kind == 'k')
		sb_addf(out, "%zu", size / 8);
	else
		add_text(out, text, size);
}

static char *describe(const struct exd_plan *plan, const struct wire_step *step)
{
	cleanup_strbuf struct strbuf out = {0};

	for (const char *at = plan_op(step->op)->text; *at;) {
		size_t size = strcspn(at, "{");

		sb_add_bytes(&out, at, size);
		at += size;
		if (*at == '{') {
			add_part(&out, plan, step, at[1], at[2] - '0');
			at += strlen("{s0}");
		}
	}
	if (step->flags & WIRE_OPTIONAL)
		sb_add(&out, "; a failure is a warning");
	if (step->flags & WIRE_SKIP_MISSING)
		sb_add(&out, "; skipped when missing");
	return sb_take(&out);
}

int plan_print(const struct exd_plan *plan, struct exd_report *report, struct exd_error *err)
{
	cleanup_free size_t *order = NULL;
	int r;

	if (exd_plan_error(plan, err) < 0)
		return plan->result;
	r = plan_order(plan, &order);
	for (size_t i = 0; r == 0 && i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[order[i]];
		cleanup_free char *text = describe(plan, &step->wire);
		char topic[32];

		snprintf(topic, sizeof(topic), "%s %zu", wire_phase_name((uint32_t)step->phase), i);
		r = text ? exd_report_add(report, EXD_REPORT_INFO, topic, "", "%s", text) : -ENOMEM;
	}
	return r < 0 ? exd_error_set(err, EXD_ERR_NO_MEMORY, -r, "cannot print the plan") : 0;
}
