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
#include "base/hash.h"
#include "base/strutil.h"
#include "base/wire_names.h"
#include "core/plan_words.h"

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

static const struct bit_name worker_flags[] = {
	{WIRE_WORKER_REMOTE, "has it on another host"},
	{WIRE_WORKER_PARK, "waits for the pre_start hook"},
	{WIRE_WORKER_TTY, "brings a terminal"},
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

/* Without the NUL or the new line at the end. */
static void add_text(struct strbuf *out, const char *text, size_t size)
{
	while (size > 0 && (text[size - 1] == '\0' || text[size - 1] == '\n'))
		size--;
	words_add_text(out, text, size);
}

static void add_groups(struct strbuf *out, const char *bytes, size_t size)
{
	uint32_t gid;

	for (size_t i = 0; i + sizeof(gid) <= size; i += sizeof(gid)) {
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
			     step->op == WIRE_FS || step->op == WIRE_USERNS;

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
	if (step->op == WIRE_USERNS) {
		sb_add(out, "the user namespace");
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

	if (kind == 'i')
		sb_addf(out, "%lld", (long long)number);
	else if (kind == 'o')
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
	else if (kind == 'C')
		words_add_capabilities(out, number);
	else if (kind == 'O')
		words_add_open_flags(out, number);
	else if (kind == 'y')
		sb_add(out, words_file_kind(number));
	else if (kind == 'A')
		sb_add(out, number == EXD_ATTACH_MAKE_DIR ? "directory" : "file");
	else if (kind == 'W')
		add_bits(out, worker_flags, number);
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
	if (kind == '?')
		return;
	if (!strchr("sbvVgkh", kind)) {
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
	else if (kind == 'h')
		sb_addf(out, "%016llx", (unsigned long long)hash_words(HASH_INIT, text, size));
	else if (kind == 'v' || kind == 'V')
		words_add_list(out, text, size);
	else
		add_text(out, text, size);
}

/* Whether one of the parts in this piece of a text has anything to say. */
static bool has_parts(const struct wire_step *step, const char *at, const char *end)
{
	for (; at < end; at++) {
		int index = at[0] == '{' ? at[2] - '0' : 0;

		if (at[0] != '{')
			continue;
		if (strchr("sbvVgkh", at[1]) ? step->str[index].size > 1 : step->num[index] != 0)
			return true;
	}
	return false;
}

static void add_piece(struct strbuf *out, const struct exd_plan *plan, const struct wire_step *step,
		      const char *at, const char *end)
{
	while (at < end) {
		size_t size = strcspn(at, "{<");
		const char *close;

		if (at + size > end)
			size = (size_t)(end - at);
		sb_add_bytes(out, at, size);
		at += size;
		if (at < end && *at == '<') {
			close = strchr(at, '>');
			if (has_parts(step, at, close))
				add_piece(out, plan, step, at + 1, close);
			at = close + 1;
		} else if (at < end) {
			add_part(out, plan, step, at[1], at[2] - '0');
			at += strlen("{s0}");
		}
	}
}

static char *describe(const struct exd_plan *plan, const struct wire_step *step)
{
	cleanup_strbuf struct strbuf out = {0};
	const char *text = plan_op(step->op)->text;

	add_piece(&out, plan, step, text, text + strlen(text));
	if (step->flags & WIRE_OPTIONAL)
		sb_add(&out, "; a failure is a warning");
	if (step->flags & WIRE_SKIP_MISSING)
		sb_add(&out, "; skipped when missing");
	return sb_take(&out);
}

/* What is no step: the namespaces and the cgroup that the process is born in. */
static int print_birth(const struct exd_plan *plan, struct exd_report *report)
{
	cleanup_strbuf struct strbuf out = {0};

	if (!plan->clone_flags && plan->pidns_slot < 0 && plan->cgroup_slot < 0)
		return 0;
	sb_add(&out, "be born");
	if (plan->clone_flags) {
		sb_add(&out, ", with own namespaces (");
		add_bits(&out, clone_flags, plan->clone_flags);
		sb_add(&out, ")");
	}
	if (plan->pidns_slot >= 0) {
		sb_add(&out, ", in pid namespace ");
		add_slot(&out, plan, (uint16_t)plan->pidns_slot, LABEL_DEPTH);
	}
	if (plan->cgroup_slot >= 0) {
		sb_add(&out, ", in cgroup ");
		add_slot(&out, plan, (uint16_t)plan->cgroup_slot, LABEL_DEPTH);
	}
	if (out.error)
		return out.error;
	return exd_report_add(report, EXD_REPORT_INFO, "birth", "", "%s", out.text);
}

int plan_print(const struct exd_plan *plan, struct exd_report *report, struct exd_error *err)
{
	cleanup_free size_t *order = NULL;
	bool born = false;
	int r;

	if (exd_plan_error(plan, err) < 0)
		return plan->result;
	r = plan_order(plan, &order);
	for (size_t i = 0; r == 0 && i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[order[i]];
		cleanup_free char *text = describe(plan, &step->wire);
		char topic[32];

		if (!born && step->phase != EXD_PREPARE) {
			r = print_birth(plan, report);
			born = true;
		}
		snprintf(topic, sizeof(topic), "%s %zu", wire_phase_name((uint32_t)step->phase), i);
		if (r == 0)
			r = text ? exd_report_add(report, EXD_REPORT_INFO, topic, "", "%s", text) : -ENOMEM;
	}
	return r < 0 ? exd_error_set(err, EXD_ERR_NO_MEMORY, -r, "cannot print the plan") : 0;
}
