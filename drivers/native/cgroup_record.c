/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of a container that exists, by its record. */
#include "drivers/native/cgroup_record.h"

#include <errno.h>
#include <string.h>

#include "base/wire.h"
#include "drivers/native/cgroup_layout.h"

bool native_path_is_of(const char *path, const char *id)
{
	const char *slash = strrchr(path, '/');

	return *id && strcmp(slash ? slash + 1 : path, id) == 0;
}

/* A list with an empty first word is v2's. */
static bool is_v2(const char *controllers)
{
	return controllers[0] == '\0' || controllers[0] == ',';
}

bool native_cgroup_is_of(const char *controllers, const char *path, const char *id)
{
	const char *slash = strrchr(path, '/');

	if (native_path_is_of(path, id))
		return true;
	return is_v2(controllers) && *id &&
	       strncmp(slash ? slash + 1 : path, WIRE_WARM_PREFIX, strlen(WIRE_WARM_PREFIX)) == 0;
}

struct native_dir native_dir(struct exd_record *record, const char *controller)
{
	struct native_dir dir = {.fd = -ENOENT};
	const char *controllers, *mount, *path;

	for (size_t i = 0; exd_record_cgroup(record, i, &controllers, &mount, &path); i++) {
		if (*controller ? !cgroup_list_has(controllers, controller) : !is_v2(controllers))
			continue;
		if (!native_cgroup_is_of(controllers, path, exd_record_id(record)))
			continue;
		dir.version = is_v2(controllers) ? 2 : 1;
		dir.fd = exd_record_cgroup_fd(record, controller);
		break;
	}
	return dir;
}

struct native_dir native_dir_any(struct exd_record *record)
{
	static const char *const order[] = {"", "freezer", "pids", "memory", "cpu",
					    "cpuacct", "devices", "cpuset", "name=systemd"};
	struct native_dir dir = {.fd = -ENOENT};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && dir.fd < 0; i++)
		dir = native_dir(record, order[i]);
	return dir;
}

struct native_dir native_dir_freezer(struct exd_record *record)
{
	struct native_dir dir = native_dir(record, "");

	return dir.fd >= 0 ? dir : native_dir(record, "freezer");
}
