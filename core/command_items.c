/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of a command's lists, and the setters of those that are structs. */
#include "core/command_items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "core/command_valid.h"
#include "core/sized.h"

static bool item_replaces(enum exd_key_type type, const void *item, const void *earlier)
{
	size_t size;

	if (type == EXD_TYPE_MAP) {
		size = strcspn(item, "=") + 1;
		return strncmp(item, earlier, size) == 0;
	}
	if (type == EXD_TYPE_DEVICES)
		return strcmp(((const struct exd_device *)item)->target,
			      ((const struct exd_device *)earlier)->target) == 0;
	if (type == EXD_TYPE_RLIMITS)
		return ((const struct exd_rlimit *)item)->resource ==
		       ((const struct exd_rlimit *)earlier)->resource;
	return false;
}

int items_put_consume(struct command_value *list, enum exd_key_type type, void *item)
{
	void **items;

	list->set = true;
	for (size_t i = 0; i < list->count; i++)
		if (item_replaces(type, item, list->items[i])) {
			free(list->items[i]);
			list->items[i] = item;
			return 0;
		}
	/* Room doubles: it is full whenever the count is a power of two (or 0). */
	items = list->items;
	if ((list->count & (list->count - 1)) == 0)
		items = reallocarray(list->items, list->count ? list->count * 2 : 1,
				     sizeof(*items));
	if (!items) {
		free(item);
		return -ENOMEM;
	}
	list->items = items;
	list->items[list->count++] = item;
	return 0;
}

/* Moves a text behind the struct; returns its new place. */
static const char *text_behind(char **end, const char *text)
{
	const char *place = *end;

	*end = stpcpy(*end, text) + 1;
	return place;
}

void *item_of_mount(const struct exd_mount *mount)
{
	struct exd_mount *item = malloc(sizeof(*item) + strlen(mount->source) +
					strlen(mount->target) + strlen(mount->options) + 3);
	char *end;

	if (!item)
		return NULL;
	end = (char *)(item + 1);
	*item = *mount;
	item->source = text_behind(&end, mount->source);
	item->target = text_behind(&end, mount->target);
	item->options = text_behind(&end, mount->options);
	return item;
}

void *item_of_device(const struct exd_device *device)
{
	struct exd_device *item =
		malloc(sizeof(*item) + strlen(device->path) + strlen(device->target) + 2);
	char *end;

	if (!item)
		return NULL;
	end = (char *)(item + 1);
	*item = *device;
	item->path = text_behind(&end, device->path);
	item->target = text_behind(&end, device->target);
	return item;
}

static void *item_of_rlimit(const struct exd_rlimit *rlimit)
{
	struct exd_rlimit *item = malloc(sizeof(*item));

	if (item)
		*item = *rlimit;
	return item;
}

void *item_copy(const void *item, enum exd_key_type type)
{
	if (type == EXD_TYPE_MOUNTS)
		return item_of_mount(item);
	if (type == EXD_TYPE_DEVICES)
		return item_of_device(item);
	if (type == EXD_TYPE_RLIMITS)
		return item_of_rlimit(item);
	return strdup(item);
}

bool items_give(const void *item, void *out)
{
	uint32_t size;

	if (!item)
		return false;
	memcpy(&size, item, sizeof(size));
	sized_give(out, item, size);
	return true;
}

static int put(struct exd_command *command, enum exd_key key, void *item, struct exd_error *err)
{
	enum exd_key_type type = (enum exd_key_type)command_key(key)->key.type;

	if (!item || items_put_consume(&command->values[key], type, item) < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot keep a command");
	return 0;
}

static bool flags_known(uint32_t flags)
{
	const uint32_t atime =
		flags & (EXD_MOUNT_NOATIME | EXD_MOUNT_RELATIME | EXD_MOUNT_STRICTATIME);

	return flags < EXD_MOUNT_IDMAP << 1 && (atime & (atime - 1)) == 0;
}

static bool propagation_known(uint32_t propagation)
{
	return propagation == 0 || propagation == MS_PRIVATE || propagation == MS_SLAVE ||
	       propagation == MS_SHARED || propagation == MS_UNBINDABLE;
}

static int check_mount_words(const struct exd_mount *mount, struct exd_error *err)
{
	if (mount->flags & EXD_MOUNT_COPYUP && mount->type != EXD_MOUNT_TMPFS)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'mounts': only a tmpfs can begin with a copy of what lies "
				     "under it (tmpcopyup), not '%.100s'",
				     mount->target);
	if (mount->flags & EXD_MOUNT_IDMAP && mount->type != EXD_MOUNT_BIND)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'mounts': only a bind has owners to be mapped (idmap), not "
				     "'%.100s'",
				     mount->target);
	if (mount->type != EXD_MOUNT_BIND &&
	    (mount->propagation == MS_SLAVE || mount->propagation == MS_SHARED))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'mounts': '%.100s' has no mounts to share: slave and "
				     "shared are for binds",
				     mount->target);
	return 0;
}

int exd_command_add_mount(struct exd_command *command, const struct exd_mount *mount,
			  struct exd_error *err)
{
	struct exd_mount full;
	int r = sized_check(mount, "exd_mount", err);

	if (r < 0)
		return r;
	sized_take(&full, mount, sizeof(full));
	if (!full.source)
		full.source = "";
	if (!full.options)
		full.options = "";
	if (!full.target || !valid_path(full.target) ||
	    strspn(full.target, "/") == strlen(full.target))
		return exd_error_set(
			err, EXD_ERR_KEY, 0,
			"key 'mounts': target '%.100s' is not an absolute path below /",
			full.target ? full.target : "");
	if (full.type > EXD_MOUNT_CGROUP || !flags_known(full.flags) ||
	    !propagation_known(full.propagation))
		return exd_error_set(
			err, EXD_ERR_KEY, 0,
			"key 'mounts': type, flags or propagation of '%.100s' is not a known one",
			full.target);
	if (full.type == EXD_MOUNT_BIND && !*full.source)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'mounts': the bind on '%.100s' has no source",
				     full.target);
	if (full.type == EXD_MOUNT_BIND && *full.options)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'mounts': a bind such as '%.100s' takes no '%.100s'",
				     full.target, full.options);
	r = check_mount_words(&full, err);
	return r < 0 ? r : put(command, EXD_KEY_MOUNTS, item_of_mount(&full), err);
}

int exd_command_add_device(struct exd_command *command, const struct exd_device *device,
			   struct exd_error *err)
{
	struct exd_device full;
	int r = sized_check(device, "exd_device", err);

	if (r < 0)
		return r;
	sized_take(&full, device, sizeof(full));
	if (!full.target)
		full.target = full.path;
	if (!full.path || !valid_path(full.path) || !valid_path(full.target))
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'devices': '%.100s' is not an absolute path",
				     full.path && valid_path(full.path) ? full.target
				     : full.path                        ? full.path
									: "");
	if (!full.access || full.access > 7)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'devices': access to '%.100s' is not of r, w and m",
				     full.path);
	return put(command, EXD_KEY_DEVICES, item_of_device(&full), err);
}

int exd_command_add_rlimit(struct exd_command *command, const struct exd_rlimit *rlimit,
			   struct exd_error *err)
{
	struct exd_rlimit full;
	int r = sized_check(rlimit, "exd_rlimit", err);

	if (r < 0)
		return r;
	sized_take(&full, rlimit, sizeof(full));
	if (full.resource < 0 || full.resource >= (int)RLIM_NLIMITS)
		return exd_error_set(err, EXD_ERR_KEY, 0, "key 'rlimits': there is no resource %d",
				     full.resource);
	if (full.soft > full.hard)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'rlimits': the soft limit of %s is above the hard one",
				     command_rlimit_name(full.resource));
	return put(command, EXD_KEY_RLIMITS, item_of_rlimit(&full), err);
}
