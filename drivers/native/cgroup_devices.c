/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of the v1 devices controller: nothing but what is listed. */
#include "drivers/native/cgroup_devices.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "drivers/native/devices.h"

const char *const cgroup_device_defaults[] = {
	"c *:* m", /* nodes may be made; that gives no access */
	"b *:* m",
	"c 5:1 rwm",    /* console */
	"c 5:2 rwm",    /* ptmx */
	"c 136:* rwm",  /* terminals of devpts */
	"c 10:200 rwm", /* tun */
	NULL};

void cgroup_device_rule(const struct native_device *device, char text[CGROUP_DEVICE_RULE])
{
	(void)snprintf(text, CGROUP_DEVICE_RULE, "%c %u:%u %s%s%s",
		       S_ISBLK(device->mode) ? 'b' : 'c', major(device->rdev), minor(device->rdev),
		       device->access & 4 ? "r" : "", device->access & 2 ? "w" : "",
		       device->access & 1 ? "m" : "");
}

void cgroup_devices_plan(struct exd_plan *plan, int devices_slot,
			 const struct native_device *devices, size_t count)
{
	char rule[CGROUP_DEVICE_RULE];

	(void)exd_plan_write(plan, devices_slot, "devices.deny", "a", 1);
	for (const char *const *text = cgroup_device_defaults; *text; text++)
		(void)exd_plan_write(plan, devices_slot, "devices.allow", *text, strlen(*text));
	for (size_t i = 0; i < count; i++) {
		cgroup_device_rule(&devices[i], rule);
		if (devices[i].access)
			(void)exd_plan_write(plan, devices_slot, "devices.allow", rule,
					     strlen(rule));
	}
}
