/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which containers a state directory has. */
#ifndef EXECDRIVER_CORE_STATE_LIST_H
#define EXECDRIVER_CORE_STATE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct name_list {
	char **names; /* sorted by bytes */
	size_t count;
};

/* The entries of a directory that are wanted. Negative errno. */
int name_list_read(int dirfd, const char *path, bool (*wanted)(const char *name),
		   struct name_list *out);
void name_list_free(struct name_list *list);
#define cleanup_names CLEANUP(name_list_free)

/* The ids of all containers of the root, also half-made ones. Negative errno. */
int state_list(int root_fd, struct name_list *out);

#endif
