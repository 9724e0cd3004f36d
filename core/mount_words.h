/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words behind the target of a mount. */
#ifndef EXECDRIVER_CORE_MOUNT_WORDS_H
#define EXECDRIVER_CORE_MOUNT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <execdriver/execdriver.h>

/* Into flags and propagation; false when it is none of them. */
bool mount_word(struct exd_mount *mount, const char *text, size_t size);

#endif
