/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The native driver: its entry, its options, and what this host allows. */

#include "drivers/native/native.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <execdriver/version.h>

#include "base/fdio.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/cgroup_layout.h"
#include "drivers/native/seccomp_choice.h"

#define WARM_MAX 64

static void native_close(void *self)
{
	struct native *native = self;

	if (!native)
		return;
	free(native->cgroup_parent);
	free(native->cgroup_manager);
	free(native->seccomp);
	(void)cgroup_layout_free(native->layout);
	free(native);
}

static int check_values(const struct native *native, struct exd_error *err)
{
	if (strcmp(native->cgroup_manager, "cgroupfs") != 0)
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "cgroup_manager '%s' is not known: cgroupfs is",
				     native->cgroup_manager);
	if (!native_seccomp_is_word(native->seccomp) && native->seccomp[0] != '/')
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "seccomp '%s' is neither default nor unconfined, nor the "
				     "absolute path of a profile",
				     native->seccomp);
	if (native->cgroup_parent[0] != '/' || strstr(native->cgroup_parent, ".."))
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "cgroup_parent '%s' is not an absolute path without '..'",
				     native->cgroup_parent);
	return 0;
}

static int read_warm(struct native *native, const struct exd_options *options,
		     struct exd_error *err)
{
	int64_t warm = exd_options_number(options, "warm", 0);

	if (warm < 0 || warm > WARM_MAX)
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "warm %" PRId64 " is not a number from 0 to %d", warm,
				     WARM_MAX);
	native->warm = (unsigned int)warm;
	return 0;
}

static int native_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	static const char *const known[] = {"cgroup_parent", "cgroup_manager", "seccomp", "warm",
					    NULL};
	struct native *native;
	int r = exd_options_check(options, known, err);

	if (r < 0)
		return r;
	native = calloc(1, sizeof(*native));
	if (!native)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read its options");
	native->cgroup_parent = strdup(exd_options_string(options, "cgroup_parent", "/execdriver"));
	native->cgroup_manager = strdup(exd_options_string(options, "cgroup_manager", "cgroupfs"));
	native->seccomp = strdup(exd_options_string(options, "seccomp", "default"));
	if (!native->cgroup_parent || !native->cgroup_manager || !native->seccomp)
		r = exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read its options");
	else
		r = check_values(native, err);
	if (r == 0)
		r = read_warm(native, options, err);
	if (r == 0) {
		r = cgroup_layout_read(&native->layout);
		if (r < 0)
			(void)exd_error_set(err, EXD_ERR_CGROUP, -r,
					    "cannot read the cgroup layout from /proc/self");
	}
	if (r < 0)
		native_close(native);
	else
		*self = native;
	return r;
}

static int report(struct exd_report *to, bool yes, const char *topic, const char *cure,
		  const char *text)
{
	if (!to)
		return 0;
	return exd_report_add(to, yes ? EXD_REPORT_YES : EXD_REPORT_NO, topic, yes ? "" : cure,
			      "%s", text);
}

static int probe_kernel(struct exd_report *to, struct exd_error *err)
{
	struct utsname host;
	unsigned int major = 0, minor = 0;
	char text[160];
	bool fit;

	if (uname(&host) < 0 || sscanf(host.release, "%u.%u", &major, &minor) != 2)
		return exd_error_set(err, EXD_ERR_HOST, 0, "cannot tell which kernel this is");
	fit = major > 5 || (major == 5 && minor >= 12);
	(void)snprintf(text, sizeof(text), "Linux %s", host.release);
	(void)report(to, fit, "kernel", "use Linux 5.12 or newer", text);
	return fit ? 0
		   : exd_error_set(err, EXD_ERR_HOST, 0,
				   "it needs Linux 5.12 or newer, this is %s",
				   host.release);
}

/* What the kernel's settings allow; what else stands in the way, a run will tell. */
static const char *why_not_rootless(void)
{
	static const struct {
		const char *file, *refusing, *cure;
	} settings[] = {
		{"/proc/sys/user/max_user_namespaces", "0",
		 "run as root, or sysctl user.max_user_namespaces=15000"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0",
		 "run as root, or sysctl kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		 "run as root, or sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
	};
	char text[16];

	if (access("/proc/self/ns/user", F_OK) < 0)
		return "run as root: this kernel has no user namespaces";
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (read_file_at(AT_FDCWD, settings[i].file, text, sizeof(text)) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, settings[i].refusing) == 0)
			return settings[i].cure;
	}
	return NULL;
}

static int probe_rootless(struct exd_report *to, struct exd_error *err)
{
	const char *cure = why_not_rootless();

	(void)report(to, !cure, "rootless", cure,
		     cure ? "an ordinary user cannot make user namespaces"
			  : "each container gets a user namespace of its own");
	return cure ? exd_error_set(err, EXD_ERR_HOST, EPERM,
				    "an ordinary user cannot make user namespaces here: %s", cure)
		    : 0;
}

static int probe_privilege(struct exd_report *to, struct exd_error *err)
{
	bool admin = native_cap_admin();

	(void)report(to, true, "root", "", "effective user 0");
	(void)report(to, admin, "capabilities", "give this process CAP_SYS_ADMIN",
		     admin ? "CAP_SYS_ADMIN can be had" : "no CAP_SYS_ADMIN in the bounding set");
	if (admin)
		return 0;
	return exd_error_set(err, EXD_ERR_HOST, EPERM,
			     "it needs root with CAP_SYS_ADMIN: run as root");
}

/*
 * A namespace the kernel does not have is only missed by those who ask for it, so this is a report
 * and no verdict.
 */
static void probe_namespaces(struct exd_report *to)
{
	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		char path[40], topic[24];
		bool there;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", native_ns_name(i));
		(void)snprintf(topic, sizeof(topic), "namespace.%s", native_ns_name(i));
		there = access(path, F_OK) == 0;
		(void)report(to, there, topic, "use a kernel with this namespace",
			     there ? "there" : "not in this kernel");
	}
}

static int native_probe(void *self, struct exd_report *to, uint64_t *caps, struct exd_error *err)
{
	bool seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
	int r = probe_kernel(to, err);

	if (r == 0)
		r = geteuid() == 0 ? probe_privilege(to, err) : probe_rootless(to, err);
	if (r < 0)
		return r;
	probe_namespaces(to);
	(void)report(to, seccomp, "seccomp",
		     "use a kernel with seccomp filters, or seccomp = unconfined",
		     seccomp ? "there" : "not in this kernel");
	return native_cgroups_probe(self, to, caps, err);
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	.struct_size = sizeof(struct exd_driver),
	.abi = EXD_DRIVER_ABI,
	.name = "native",
	.version = EXD_VERSION_STRING,
	.summary = "namespaces, cgroups, mounts, capabilities and seccomp of this kernel",
	.caps = EXD_CAP_EXEC | EXD_CAP_PAUSE | EXD_CAP_PIDS | EXD_CAP_STATS | EXD_CAP_UPDATE |
		EXD_CAP_EXPLAIN | EXD_CAP_PRE_START,
	.open = native_open,
	.close = native_close,
	.probe = native_probe,
	.run = native_run,
	.terminate = native_terminate,
	.clean = native_clean,
	.info = native_info,
	.exec = native_exec,
	.pause = native_pause,
	.unpause = native_unpause,
	.pids = native_pids,
	.stats = native_stats,
	.update = native_update,
	.explain = native_explain,
};
