/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which containers a state directory has. */
#include "core/state_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/ids.h"

void name_list_free(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct name_list){0};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add(struct name_list *list, size_t *room, const char *name)
{
	if (list->count == *room) {
		size_t more = *room ? *room * 2 : 64;
		char **grown = reallocarray(list->names, more, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->names = grown;
		*room = more;
	}
	list->names[list->count] = strdup(name);
	if (!list->names[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

int name_list_read(int dirfd, const char *path, bool (*wanted)(const char *name),
		   struct name_list *out)
{
	cleanup_names struct name_list list = {0};
	cleanup_closedir DIR *dir = NULL;
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *entry;
	size_t room = 0;
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (wanted(entry->d_name))
			r = add(&list, &room, entry->d_name);
	if (r < 0)
		return r;
	if (list.count > 0)
		qsort(list.names, list.count, sizeof(*list.names), by_name);
	*out = list;
	list = (struct name_list){0};
	return 0;
}

int state_list(int root_fd, struct name_list *out)
{
	return name_list_read(root_fd, ".", id_valid, out);
}
