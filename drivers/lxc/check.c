/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a command this driver refuses by name before anything begins. */
#include <string.h>
#include <sys/mount.h>

#include "drivers/lxc/lxc.h"
#include "drivers/native/overlay_root.h"

static int unsupported(const char *key, const char *value, const char *why, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
			     "driver lxc does not support the key %s ('%s'): %s", key, value, why);
}

/* liblxc brings a container into a mount namespace of its own, always. */
static int check_mount_namespace(const struct exd_command *command, struct exd_error *err)
{
	int mode = native_ns_mode(command, NATIVE_NS_MNT, err);

	if (mode < 0 || mode == NATIVE_NS_OWN)
		return mode;
	return unsupported("mount_namespace",
			   exd_command_string(command, EXD_KEY_MOUNT_NAMESPACE, ""),
			   "liblxc makes one for every container", err);
}

static int check_user_namespace(const struct exd_command *command, struct exd_error *err)
{
	const char *value = exd_command_string(command, EXD_KEY_USER_NAMESPACE, "");
	bool uids = exd_command_count(command, EXD_KEY_UID_MAP) > 0,
	     gids = exd_command_count(command, EXD_KEY_GID_MAP) > 0;

	if (uids != gids)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "uid_map and gid_map are only good together");
	if (strcmp(value, "host") == 0 && uids)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "uid_map needs a user namespace of its own "
				     "(user_namespace = private)");
	if (strcmp(value, "private") == 0 && !uids)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "user_namespace private needs a uid_map and a gid_map");
	if (*value && strcmp(value, "host") != 0 && strcmp(value, "private") != 0)
		return unsupported("user_namespace", value, "joining one is not done", err);
	return 0;
}

static int check_time(const struct exd_command *command, struct exd_error *err)
{
	const char *value = exd_command_string(command, EXD_KEY_TIME_NAMESPACE, "host");

	if (exd_command_count(command, EXD_KEY_TIME_OFFSETS) > 0)
		return unsupported("time_offsets",
				   exd_command_item(command, EXD_KEY_TIME_OFFSETS, 0),
				   "an exec would have other clocks", err);
	if (strcmp(value, "host") != 0)
		return unsupported("time_namespace", value, "clocks are the host's", err);
	return 0;
}

static int check_names(const struct exd_command *command, struct exd_error *err)
{
	int mode = native_ns_mode(command, NATIVE_NS_UTS, err);

	if (mode < 0 || mode == NATIVE_NS_OWN)
		return mode;
	if (exd_command_is_set(command, EXD_KEY_HOSTNAME) ||
	    exd_command_is_set(command, EXD_KEY_DOMAINNAME))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "hostname and domainname need an own uts namespace "
				     "(uts_namespace = private)");
	return 0;
}

/* The worker's mount namespace is apart from the host's, so that nothing stays behind. */
static int check_propagation(const struct exd_command *command, struct exd_error *err)
{
	const char *root = exd_command_string(command, EXD_KEY_ROOTFS_PROPAGATION, "private");
	size_t count = exd_command_count(command, EXD_KEY_MOUNTS);
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	if (native_propagation_of(root) != MS_PRIVATE)
		return unsupported("rootfs_propagation", root,
				   "what the host mounts later does not get into its containers",
				   err);
	if (native_overlay_wanted(command))
		return unsupported("rootfs", exd_command_string(command, EXD_KEY_ROOTFS, ""),
				   "its root is one directory", err);
	if (exd_command_bool(command, EXD_KEY_NO_PIVOT))
		return unsupported("no_pivot", "yes", "liblxc decides how roots are changed", err);
	if (exd_command_is_set(command, EXD_KEY_ROOTFS_OPTIONS))
		return unsupported("rootfs_options",
				   exd_command_string(command, EXD_KEY_ROOTFS_OPTIONS, ""),
				   "of the root there is only rootfs_readonly", err);
	for (size_t i = 0; i < count; i++)
		if (exd_command_mount(command, i, &mount) && mount.propagation &&
		    mount.propagation != MS_PRIVATE)
			return unsupported("mounts", mount.target,
					   "only private propagation can be had", err);
	return 0;
}

/* Of a bind its clone has them; file systems are mounted by liblxc. */
static int check_mounts(const struct exd_command *command, struct exd_error *err)
{
	size_t count = exd_command_count(command, EXD_KEY_MOUNTS);
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	for (size_t i = 0; i < count; i++) {
		if (!exd_command_mount(command, i, &mount) || mount.type == EXD_MOUNT_BIND)
			continue;
		if (mount.flags & EXD_MOUNT_COPYUP)
			return unsupported("mounts", mount.target,
					   "a tmpfs does not begin with a copy", err);
		if (mount.flags & EXD_MOUNT_NOSYMFOLLOW)
			return unsupported("mounts", mount.target,
					   "liblxc knows no nosymfollow, except of binds", err);
	}
	return 0;
}

/* What the recipe has no words for. */
static int check_unsupported(const struct exd_command *command, struct exd_error *err)
{
	static const struct {
		enum exd_key key;
		const char *name;
	} keys[] = {
		{EXD_KEY_SECCOMP_LISTENER, "seccomp_listener"},
		{EXD_KEY_SCHEDULER, "scheduler"},
		{EXD_KEY_NICE, "nice"},
		{EXD_KEY_IOPRIO, "ioprio"},
		{EXD_KEY_EXEC_CPU_AFFINITY, "exec_cpu_affinity"},
		{EXD_KEY_PERSONALITY, "personality"},
		{EXD_KEY_LANDLOCK, "landlock"},
		{EXD_KEY_CGROUP_CHILD, "cgroup_child"},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (exd_command_is_set(command, keys[i].key))
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
					     "driver lxc does not support the key %s: the driver "
					     "native does",
					     keys[i].name);
	return 0;
}

/* liblxc mounts the sources itself. */
static int check_idmaps(const struct exd_command *command, struct exd_error *err)
{
	size_t count = exd_command_count(command, EXD_KEY_MOUNTS);
	struct exd_mount mount = {.struct_size = sizeof(mount)};

	if (exd_command_bool(command, EXD_KEY_ROOTFS_IDMAP))
		return unsupported("rootfs_idmap", "true", "only native maps ids of mounts", err);
	for (size_t i = 0; i < count; i++)
		if (exd_command_mount(command, i, &mount) && mount.flags & EXD_MOUNT_IDMAP)
			return unsupported("mounts", "idmap", "only native maps ids of mounts",
					   err);
	return 0;
}

int lxc_check(const struct exd_command *command, struct exd_error *err)
{
	int r = native_check_foreign("lxc", command, err);

	if (r == 0)
		r = check_unsupported(command, err);
	if (r == 0)
		r = check_mount_namespace(command, err);
	if (r == 0)
		r = check_user_namespace(command, err);
	if (r == 0)
		r = check_names(command, err);
	if (r == 0)
		r = check_time(command, err);
	if (r == 0)
		r = check_idmaps(command, err);
	if (r == 0)
		r = check_propagation(command, err);
	if (r == 0)
		r = check_mounts(command, err);
	return r;
}

int lxc_check_exec(const struct exd_command *command, struct exd_error *err)
{
	return check_unsupported(command, err);
}
