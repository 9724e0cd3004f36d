/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices a container may use, by the v1 controller or by a program on v2. */
#ifndef EXECDRIVER_NATIVE_CGROUP_DEVICES_H
#define EXECDRIVER_NATIVE_CGROUP_DEVICES_H

#include <stdbool.h>
#include <stddef.h>

#include <execdriver/driver.h>

struct cgroup_layout;
struct device_rule;
struct native_device;

#define CGROUP_DEVICE_RULE 48

/*
 * Whether rules keep containers from devices they were not given: v1's controller where it can be
 * written, or programs on v2. Without rules, whoever has a node has the device.
 */
bool cgroup_devices_ruled(const struct cgroup_layout *layout);

/* What every container may use besides its device nodes. */
const struct device_rule *cgroup_device_defaults(size_t *count);

/* The rule for a device node, and a rule in the words of v1: "c 1:3 rwm". */
struct device_rule cgroup_device_rule(const struct native_device *device);
void cgroup_device_text(const struct device_rule *rule, char text[CGROUP_DEVICE_RULE]);

/* Adds the writes to a v1 cgroup that deny all devices but these. */
void cgroup_devices_plan_v1(struct exd_plan *plan, int devices_slot,
			    const struct native_device *devices, size_t count);
/* The same as a program for a v2 cgroup. */
int cgroup_devices_plan_v2(struct exd_plan *plan, int leaf_slot,
			   const struct native_device *devices, size_t count,
			   struct exd_error *err);

#endif
