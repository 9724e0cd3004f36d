/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels of security modules: what the program is once it begins, on hosts that have the module. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strutil.h"
#include "drivers/native/process.h"

int native_label_read(const struct exd_command *command, char *text, size_t size, struct exd_error *err)
{
	const char *profile = exd_command_string(command, EXD_KEY_APPARMOR, "unconfined");
	const char *context = exd_command_string(command, EXD_KEY_SELINUX_LABEL, "");
	bool apparmor = *profile && strcmp(profile, "unconfined") != 0;
	const char *there = apparmor ? "/sys/kernel/security/apparmor" : "/sys/fs/selinux";

	text[0] = '\0';
	if (!apparmor && !*context)
		return 0;
	if (apparmor && *context)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "apparmor and selinux_label exclude each other");
	if (access(there, F_OK) < 0)
		return exd_error_set(err, EXD_ERR_HOST, 0,
				     "%s '%s': '%s' is not there: boot with this security module",
				     apparmor ? "apparmor" : "selinux_label",
				     apparmor ? profile : context, there);
	if ((size_t)snprintf(text, size, "%s %s", apparmor ? "apparmor" : "selinux",
			     apparmor ? profile : context) >= size)
		return exd_error_set(err, EXD_ERR_KEY, 0, "a security label that is too long");
	return 0;
}

/*
 * Kernels before 5.8 have one file for whichever module comes first, and say so by not having the
 * other.
 */
void native_label_plan(const char *label, struct exd_plan *plan, int proc_slot)
{
	bool apparmor = str_has_prefix(label, "apparmor ");
	const char *value = strchr(label, ' ') + 1;
	char text[NATIVE_LABEL_SIZE];

	(void)snprintf(text, sizeof(text), "%s%s", apparmor ? "exec " : "", value);
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	if (apparmor && access("/proc/self/attr/apparmor/exec", F_OK) == 0)
		(void)exd_plan_proc_write(plan, proc_slot, "attr/apparmor/exec", text);
	else
		(void)exd_plan_proc_write(plan, proc_slot, "attr/exec", text);
}
