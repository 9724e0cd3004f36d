/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this host's cgroups allow, controller by controller, and what cures what they do not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_slots.h"
#include "drivers/native/native.h"

#define CGROUPS_SIZE 8192
#define CURE_SIZE 320

enum kernel_state { KERNEL_HAS_NOT,
		    KERNEL_SWITCHED_OFF,
		    KERNEL_HAS };

/* NAME HIERARCHY CGROUPS ENABLED, between tabs. */
static enum kernel_state kernel_state(const char *proc_cgroups, const char *controller)
{
	size_t size = strlen(controller);

	for (const char *line = proc_cgroups; line;
	     line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		unsigned int enabled = 0;

		if (strncmp(line, controller, size) != 0 || line[size] != '\t')
			continue;
		(void)sscanf(line + size, "%*u %*u %u", &enabled);
		return enabled ? KERNEL_HAS : KERNEL_SWITCHED_OFF;
	}
	return KERNEL_HAS_NOT;
}

/* Newer kernels list only what v1 could have there, so with v2 a missing line proves nothing. */
void cgroup_missing_in(const struct cgroup_layout *layout, const char *proc_cgroups,
		       const char *controller, char *text, size_t size)
{
	const struct cgroup_hierarchy *v2 = cgroup_layout_find(layout, "");
	enum kernel_state state = kernel_state(proc_cgroups, controller);
	bool v1 = layout->count > (v2 ? 1u : 0u);

	if (state == KERNEL_SWITCHED_OFF)
		(void)snprintf(text, size, "it is switched off: boot with cgroup_enable=%s",
			       controller);
	else if (!layout->count)
		(void)snprintf(text, size,
			       "no cgroups are mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	else if (v2 && !v1)
		(void)snprintf(
			text, size,
			"it is not in '%s/cgroup.controllers': have the cgroup above hand it "
			"down (+%s in "
			"its cgroup.subtree_control), or use a kernel that has it",
			v2->mount, controller);
	else if (state == KERNEL_HAS)
		(void)snprintf(
			text, size,
			"it is not mounted: mkdir -p /sys/fs/cgroup/%s; mount -t cgroup -o %s "
			"cgroup "
			"/sys/fs/cgroup/%s",
			controller, controller, controller);
	else
		(void)snprintf(text, size, "this kernel was built without it: use one that has it");
}

void cgroup_missing(const struct cgroup_layout *layout, const char *controller, char *text,
		    size_t size)
{
	char cgroups[CGROUPS_SIZE];

	if (read_file_at(AT_FDCWD, "/proc/cgroups", cgroups, sizeof(cgroups)) < 0)
		cgroups[0] = '\0';
	cgroup_missing_in(layout, cgroups, controller, text, size);
}

/* What v2 does without a controller of that name. */
static const struct cgroup_hierarchy *find(const struct cgroup_layout *layout,
					   const char *controller)
{
	const struct cgroup_hierarchy *h = cgroup_layout_find(layout, controller);

	if (!h && strcmp(controller, "freezer") == 0)
		h = cgroup_layout_find(layout, "");
	if (!h && strcmp(controller, "cpuacct") == 0)
		h = cgroup_layout_find(layout, "cpu");
	return h;
}

static bool report_controller(const struct cgroup_layout *layout, const char *controller,
			      struct exd_report *report)
{
	const struct cgroup_hierarchy *h = find(layout, controller);
	char topic[32], cure[CURE_SIZE];

	(void)snprintf(topic, sizeof(topic), "cgroup.%s", controller);
	if (!h) {
		cgroup_missing(layout, controller, cure, sizeof(cure));
		(void)exd_report_add(report, EXD_REPORT_NO, topic, cure,
				     "no cgroup hierarchy has controller %s", controller);
		return false;
	}
	if (h->readonly) {
		(void)snprintf(cure, sizeof(cure), "mount -o remount,rw %s", h->mount);
		(void)exd_report_add(report, EXD_REPORT_NO, topic, cure,
				     "'%s' is mounted read-only", h->mount);
		return false;
	}
	(void)exd_report_add(report, EXD_REPORT_YES, topic, "", "cgroup v%d at '%s'", h->version,
			     h->mount);
	return true;
}

static void report_swap(const struct cgroup_layout *layout, struct exd_report *report)
{
	const struct cgroup_hierarchy *h = cgroup_layout_find(layout, "memory");

	if (!h || h->version != 1 || h->readonly)
		return;
	if (h->fd >= 0 && faccessat(h->fd, "memory.memsw.limit_in_bytes", F_OK, 0) == 0)
		(void)exd_report_add(report, EXD_REPORT_YES, "cgroup.swap", "", "swap is counted");
	else
		(void)exd_report_add(report, EXD_REPORT_NO, "cgroup.swap",
				     "boot with swapaccount=1", "swap is not counted");
}

static const char *programs_cure(int refused)
{
	if (refused == -EPERM)
		return "give this process CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN, and let its "
		       "filter pass bpf()";
	return "use a kernel with CONFIG_CGROUP_BPF, or mount the devices controller of cgroup v1";
}

/* What is done without it is told as well: a root of its own has nodes that are of no use then. */
static void report_devices(const struct cgroup_layout *layout, struct exd_report *report)
{
	const struct cgroup_hierarchy *v2 = cgroup_layout_find(layout, "");
	bool v1 = layout->count && layout->list[0].version == 1;

	if (layout->device_programs)
		(void)exd_report_add(report, EXD_REPORT_YES, "cgroup.devices", "",
				     "programs on cgroup v2 at '%s'", v2->mount);
	if (layout->device_programs || (v1 && report_controller(layout, "devices", report)))
		return;
	if (layout->programs_refused)
		(void)exd_report_add(report, EXD_REPORT_NO, "cgroup.devices",
				     programs_cure(layout->programs_refused),
				     "the kernel refuses rules for devices on cgroup v2: %s",
				     strerror(-layout->programs_refused));
	else if (!v1)
		(void)exd_report_add(report, EXD_REPORT_NO, "cgroup.devices",
				     "mount a cgroup v2 that can be written",
				     "no rules for devices");
	(void)exd_report_add(report, EXD_REPORT_INFO, "devices", "",
			     "without rules: no MKNOD by default, and only nodes in /dev count");
}

static const char *layout_name(const struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *v2 = cgroup_layout_find(layout, "");

	if (!layout->count)
		return "no cgroup hierarchy is mounted";
	if (!v2)
		return "cgroup v1";
	if (layout->count == 1)
		return "cgroup v2";
	return *v2->controllers ? "hybrid: cgroup v1, and v2 with controllers of its own"
				: "hybrid: cgroup v1 and v2";
}

static void report_all(const struct cgroup_layout *layout, struct exd_report *report,
		       uint64_t *caps)
{
	static const char *const controllers[] = {"memory", "cpu", "cpuset", "pids", "cpuacct"};
	bool any = false;

	(void)exd_report_add(report, layout->count ? EXD_REPORT_INFO : EXD_REPORT_NO, "cgroup",
			     layout->count ? "" : "mount -t cgroup2 cgroup2 /sys/fs/cgroup", "%s",
			     layout_name(layout));
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		any |= report_controller(layout, controllers[i], report);
	report_swap(layout, report);
	report_devices(layout, report);
	if (!report_controller(layout, "freezer", report))
		*caps &= ~(uint64_t)EXD_CAP_PAUSE;
	if (!any)
		*caps &= ~(uint64_t)(EXD_CAP_STATS | EXD_CAP_PIDS | EXD_CAP_UPDATE);
}

int native_cgroups_probe(const struct native *self, struct exd_report *report, uint64_t *caps,
			 struct exd_error *err)
{
	struct exd_report *unread = NULL;
	int r = report ? 0 : exd_report_new(&unread, err);

	if (r < 0)
		return r;
	report_all(self->layout, report ? report : unread, caps);
	(void)exd_report_free(unread);
	return 0;
}
