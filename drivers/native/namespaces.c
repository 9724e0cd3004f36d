/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces: what the keys say, and how a process comes into them. */

#include "drivers/native/namespaces.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Linux 5.6; older headers lack it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct kind {
	const char *name;
	uint64_t flag;
	enum exd_key key;
	const char *key_name;
	bool at_birth; /* made by clone3, else by a step */
} kinds[NATIVE_NS_KINDS] = {
	[NATIVE_NS_PID] = {"pid", CLONE_NEWPID, EXD_KEY_PID_NAMESPACE, "pid_namespace", true},
	[NATIVE_NS_IPC] = {"ipc", CLONE_NEWIPC, EXD_KEY_IPC_NAMESPACE, "ipc_namespace", true},
	[NATIVE_NS_UTS] = {"uts", CLONE_NEWUTS, EXD_KEY_UTS_NAMESPACE, "uts_namespace", true},
	[NATIVE_NS_NET] = {"net", CLONE_NEWNET, EXD_KEY_NETWORK, "network", true},
	[NATIVE_NS_CGROUP] = {"cgroup", CLONE_NEWCGROUP, EXD_KEY_CGROUP_NAMESPACE,
			      "cgroup_namespace", false},
	[NATIVE_NS_TIME] = {"time", CLONE_NEWTIME, EXD_KEY_TIME_NAMESPACE, "time_namespace", false},
	[NATIVE_NS_MNT] = {"mnt", CLONE_NEWNS, EXD_KEY_MOUNT_NAMESPACE, "mount_namespace", false},
};

static const char *const mode_names[] = {
	[NATIVE_NS_OWN] = "own",
	[NATIVE_NS_HOST] = "host",
	[NATIVE_NS_JOIN] = "joined",
};

const char *native_ns_name(enum native_ns_kind kind)
{
	return kinds[kind].name;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Kernels without time namespaces exist: only who asks for clocks of its own gets one. */
static const char *usual(const struct exd_command *command, enum native_ns_kind kind)
{
	return kind != NATIVE_NS_TIME || exd_command_count(command, EXD_KEY_TIME_OFFSETS) > 0
		       ? "private"
		       : "host";
}

int native_ns_mode(const struct exd_command *command, enum native_ns_kind kind,
		   struct exd_error *err)
{
	const char *spec = exd_command_string(command, kinds[kind].key, usual(command, kind));

	if (strcmp(spec, "private") == 0 || (kind == NATIVE_NS_NET && strcmp(spec, "none") == 0))
		return NATIVE_NS_OWN;
	if (strcmp(spec, "host") == 0)
		return NATIVE_NS_HOST;
	if (has_prefix(spec, "container:") || has_prefix(spec, "path:"))
		return NATIVE_NS_JOIN;
	return exd_error_set(err, EXD_ERR_KEY, 0,
			     "%s '%s' is none of private, host, container:ID, path:P%s",
			     kinds[kind].key_name, spec, kind == NATIVE_NS_NET ? ", none" : "");
}

/*
 * The monitor may have been started by another host, in other namespaces. Pids and mounts are not
 * to be had from elsewhere: what a host says of them only holds where its monitor is too. Nor are
 * clocks worth a join at each start.
 */
static bool is_callers(enum native_ns_kind kind, enum native_ns_mode mode)
{
	return mode == NATIVE_NS_HOST && kind != NATIVE_NS_PID && kind != NATIVE_NS_MNT &&
	       kind != NATIVE_NS_TIME;
}

static int open_slot(const struct exd_command *command, enum native_ns_kind kind,
		     enum native_ns_mode mode, struct exd_plan *plan)
{
	char own[40];

	if (mode == NATIVE_NS_JOIN)
		return exd_plan_namespace(plan, exd_command_string(command, kinds[kind].key, ""),
					  kinds[kind].name);
	(void)snprintf(own, sizeof(own), "path:/proc/self/ns/%s", kinds[kind].name);
	return exd_plan_namespace(plan, own, kinds[kind].name);
}

int native_ns_read(const struct exd_command *command, struct exd_plan *plan, struct native_ns *ns,
		   struct exd_error *err)
{
	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		int mode = native_ns_mode(command, i, err);

		if (mode < 0)
			return mode;
		ns[i] = (struct native_ns){.mode = mode, .slot = -1};
		if (mode != NATIVE_NS_JOIN && !is_callers(i, mode))
			continue;
		ns[i].slot = open_slot(command, i, mode, plan);
		if (ns[i].slot < 0)
			return exd_plan_error(plan, err);
	}
	return 0;
}

uint64_t native_ns_birth_flags(const struct native_ns *ns)
{
	uint64_t flags = 0;

	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		if (kinds[i].at_birth && ns[i].mode == NATIVE_NS_OWN)
			flags |= kinds[i].flag;
	}
	return flags;
}

void native_ns_join(const struct native_ns *ns, bool pid_too, struct exd_plan *plan)
{
	bool hidden = false;

	exd_plan_blame(plan, EXD_ERR_NAMESPACE, 0);
	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		if (ns[i].slot < 0)
			continue;
		/*
		 * what lives in that namespace must not trace this process before its program
		 * begins
		 */
		if (!hidden && ns[i].mode == NATIVE_NS_JOIN) {
			(void)exd_plan_nondumpable(plan);
			hidden = true;
		}
		if (i != NATIVE_NS_PID || pid_too)
			(void)exd_plan_setns(plan, ns[i].slot, (int)kinds[i].flag);
	}
}

void native_ns_describe(const struct native_ns *ns, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < NATIVE_NS_KINDS && used < size; i++) {
		int n;

		if (i == NATIVE_NS_TIME && ns[i].mode == NATIVE_NS_HOST)
			continue;
		n = snprintf(text + used, size - used, "%s%s=%s", i ? " " : "", kinds[i].name,
			     mode_names[ns[i].mode]);
		used += n > 0 ? (size_t)n : 0;
	}
}
