/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of the v1 devices controller. */
#ifndef EXECDRIVER_NATIVE_CGROUP_DEVICES_H
#define EXECDRIVER_NATIVE_CGROUP_DEVICES_H

#include <stddef.h>

#include <execdriver/driver.h>

struct native_device;

#define CGROUP_DEVICE_RULE 48

/* What every container may use besides its device nodes; NULL-terminated. */
extern const char *const cgroup_device_defaults[];

/* "c 1:3 rwm" for a device node. */
void cgroup_device_rule(const struct native_device *device, char text[CGROUP_DEVICE_RULE]);

/* Adds the writes that deny all devices but these. */
void cgroup_devices_plan(struct exd_plan *plan, int devices_slot,
			 const struct native_device *devices, size_t count);

#endif
