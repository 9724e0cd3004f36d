/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a command this driver refuses before it begins, and what it tells people of the rest. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/native/capabilities.h"
#include "drivers/native/native.h"
#include "drivers/native/process.h"
#include "drivers/native/time.h"

/* Keys that only a root of one's own gives a meaning. */
static const struct {
	enum exd_key key;
	const char *name;
} of_root[] = {
	{EXD_KEY_ROOTFS, "rootfs"},
	{EXD_KEY_ROOTFS_IDMAP, "rootfs_idmap"},
	{EXD_KEY_ROOTFS_READONLY, "rootfs_readonly"},
	{EXD_KEY_ROOTFS_OPTIONS, "rootfs_options"},
	{EXD_KEY_NO_PIVOT, "no_pivot"},
	{EXD_KEY_MOUNTS, "mounts"},
	{EXD_KEY_MASKED_PATHS, "masked_paths"},
	{EXD_KEY_READONLY_PATHS, "readonly_paths"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int native_check_foreign(const char *driver, const struct exd_command *command,
			 struct exd_error *err)
{
	const struct exd_command_key *key = NULL;

	while ((key = exd_command_key_next(key))) {
		if (key->key < EXD_KEY_HCS_LAYERS || key->key > EXD_KEY_HCS_PORTS ||
		    !exd_command_is_set(command, (enum exd_key)key->key))
			continue;
		return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
				     "driver %s does not support the key %s: only a Host Compute "
				     "Service has it",
				     driver, key->name);
	}
	return 0;
}

static int check_root(const struct exd_command *command, struct exd_error *err)
{
	int mode = native_ns_mode(command, NATIVE_NS_MNT, err);

	if (mode < 0)
		return mode;
	if (exd_command_bool(command, EXD_KEY_ROOTFS_IDMAP) &&
	    exd_command_string(command, EXD_KEY_ROOTFS, "overlay:")[0] != '/')
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "rootfs_idmap needs a rootfs that is an absolute path, and no "
				     "layers");
	for (size_t i = 0; mode != NATIVE_NS_OWN && i < COUNT(of_root); i++) {
		if (exd_command_is_set(command, of_root[i].key))
			return exd_error_set(
				err, EXD_ERR_KEY, 0,
				"%s needs a mount namespace of its own (mount_namespace = private)",
				of_root[i].name);
	}
	return 0;
}

static int check_names(const struct exd_command *command, struct exd_error *err)
{
	int mode = native_ns_mode(command, NATIVE_NS_UTS, err);

	if (mode < 0 || mode == NATIVE_NS_OWN)
		return mode;
	if (exd_command_is_set(command, EXD_KEY_HOSTNAME) ||
	    exd_command_is_set(command, EXD_KEY_DOMAINNAME))
		return exd_error_set(
			err, EXD_ERR_KEY, 0,
			"hostname and domainname need an own uts namespace "
			"(uts_namespace = private)");
	return 0;
}

int native_check(const struct exd_command *command, struct exd_error *err)
{
	int r = native_check_foreign("native", command, err);

	if (r == 0)
		r = native_scheduling_check(command, err);
	if (r == 0)
		r = check_root(command, err);
	if (r == 0)
		r = native_time_check(command, err);
	return r < 0 ? r : check_names(command, err);
}

static int explain_root(const struct exd_command *command, struct exd_report *report)
{
	const char *path = exd_command_string(command, EXD_KEY_ROOTFS, NULL);
	const char *text =
		path ? path : "volatile: the host's /usr read-only, all else private and empty";

	if (native_ns_mode(command, NATIVE_NS_MNT, NULL) == NATIVE_NS_HOST)
		text = "the host's";
	else if (native_ns_mode(command, NATIVE_NS_MNT, NULL) == NATIVE_NS_JOIN)
		text = "that of the joined mount namespace";
	return exd_report_add(report, EXD_REPORT_INFO, "root", "", "%s%s", text,
			      exd_command_bool(command, EXD_KEY_ROOTFS_READONLY) ? ", read-only"
										 : "");
}

static int explain_namespaces(const struct exd_command *command, struct exd_report *report)
{
	struct native_ns ns[NATIVE_NS_KINDS];
	char text[128];

	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		int mode = native_ns_mode(command, i, NULL);

		if (mode < 0)
			return mode;
		ns[i] = (struct native_ns){.mode = mode, .slot = -1};
	}
	native_ns_describe(ns, text, sizeof(text));
	return exd_report_add(report, EXD_REPORT_INFO, "namespaces", "", "%s", text);
}

int native_explain(void *self, const struct exd_command *command, struct exd_report *report,
		   struct exd_error *err)
{
	const struct native *native = self;
	bool privileged = exd_command_bool(command, EXD_KEY_PRIVILEGED);
	const char *seccomp;
	uint64_t caps;
	int r = native_check(command, err);

	if (r == 0)
		r = native_caps_read(command, native_caps_default(), &caps, err);
	if (r < 0)
		return r;
	seccomp = exd_command_string(command, EXD_KEY_SECCOMP,
				     privileged ? "unconfined" : native->seccomp);
	r = explain_namespaces(command, report);
	if (r == 0)
		r = explain_root(command, report);
	if (r == 0)
		r = exd_report_add(report, EXD_REPORT_INFO, "capabilities", "",
				   "%d of the kernel's: %#" PRIx64, __builtin_popcountll(caps),
				   caps);
	if (r == 0)
		r = exd_report_add(report, EXD_REPORT_INFO, "seccomp", "", "%s",
				   seccomp[0] == '{' ? "a profile of the command" : seccomp);
	return r < 0 ? exd_error_set(err, EXD_ERR_NO_MEMORY, -r, "cannot explain the command") : 0;
}
