/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices: nothing but what is listed, by the v1 controller or by a program on v2. */
#include "drivers/native/cgroup_devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/native/cgroup_layout.h"
#include "drivers/native/device_program.h"
#include "drivers/native/devices.h"

static const struct device_rule defaults[] = {
	{'c', DEVICE_ANY, DEVICE_ANY, 1}, /* nodes may be made; that gives no access */
	{'b', DEVICE_ANY, DEVICE_ANY, 1},
	{'c', 5, 1, 7},            /* console */
	{'c', 5, 2, 7},            /* ptmx */
	{'c', 136, DEVICE_ANY, 7}, /* terminals of devpts */
	{'c', 10, 200, 7},         /* tun */
};

#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

bool cgroup_devices_ruled(const struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *v1 = cgroup_layout_find(layout, "devices");

	/* an ordinary user makes none: nodes of the host's are of use to him as they are outside */
	return geteuid() == 0 && ((v1 && !v1->readonly) || layout->device_programs);
}

const struct device_rule *cgroup_device_defaults(size_t *count)
{
	*count = DEFAULTS;
	return defaults;
}

struct device_rule cgroup_device_rule(const struct native_device *device)
{
	return (struct device_rule){
		.kind = S_ISBLK(device->mode) ? 'b' : 'c',
		.major = (int)major(device->rdev),
		.minor = (int)minor(device->rdev),
		.access = device->access,
	};
}

static void number_text(int number, char text[16])
{
	if (number == DEVICE_ANY)
		(void)snprintf(text, 16, "*");
	else
		(void)snprintf(text, 16, "%d", number);
}

void cgroup_device_text(const struct device_rule *rule, char text[CGROUP_DEVICE_RULE])
{
	char major_text[16], minor_text[16];

	number_text(rule->major, major_text);
	number_text(rule->minor, minor_text);
	(void)snprintf(text, CGROUP_DEVICE_RULE, "%c %s:%s %s%s%s", rule->kind, major_text,
		       minor_text, rule->access & 4 ? "r" : "", rule->access & 2 ? "w" : "",
		       rule->access & 1 ? "m" : "");
}

/* What a container may use by default, and its devices that may be used at all. */
static struct device_rule *rules_of(const struct native_device *devices, size_t count, size_t *made)
{
	struct device_rule *rules = calloc(DEFAULTS + count, sizeof(*rules));

	if (!rules)
		return NULL;
	memcpy(rules, defaults, sizeof(defaults));
	*made = DEFAULTS;
	for (size_t i = 0; i < count; i++)
		if (devices[i].access)
			rules[(*made)++] = cgroup_device_rule(&devices[i]);
	return rules;
}

void cgroup_devices_plan_v1(struct exd_plan *plan, int devices_slot,
			    const struct native_device *devices, size_t count)
{
	char text[CGROUP_DEVICE_RULE];

	(void)exd_plan_write(plan, devices_slot, "devices.deny", "a", 1);
	for (size_t i = 0; i < DEFAULTS; i++) {
		cgroup_device_text(&defaults[i], text);
		(void)exd_plan_write(plan, devices_slot, "devices.allow", text, strlen(text));
	}
	for (size_t i = 0; i < count; i++) {
		struct device_rule rule = cgroup_device_rule(&devices[i]);

		cgroup_device_text(&rule, text);
		if (rule.access)
			(void)exd_plan_write(plan, devices_slot, "devices.allow", text,
					     strlen(text));
	}
}

static int join_texts(const struct device_rule *rules, size_t count, struct strbuf *out)
{
	char text[CGROUP_DEVICE_RULE];
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		cgroup_device_text(&rules[i], text);
		r = sb_addf(out, "%s%s", i ? ", " : "", text);
	}
	return r;
}

int cgroup_devices_plan_v2(struct exd_plan *plan, int leaf_slot,
			   const struct native_device *devices, size_t count, struct exd_error *err)
{
	cleanup_strbuf struct strbuf text = {0};
	struct bpf_insn *program = NULL;
	size_t insns = 0, made = 0;
	cleanup_free struct device_rule *rules = rules_of(devices, count, &made);
	int r = rules ? join_texts(rules, made, &text) : -ENOMEM;

	if (r == 0)
		r = device_program_make(rules, made, &program, &insns);
	if (r == -E2BIG)
		return exd_error_set(err, EXD_ERR_DEVICE, E2BIG,
				     "%zu devices are more than cgroup v2 can have rules for", count);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, -r, "rules for devices");
	r = exd_plan_devices(plan, leaf_slot, program, insns * sizeof(*program), text.text);
	free(program);
	return r;
}
