/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of a command's lists: each is one block, structs with their texts behind them. */
#ifndef EXECDRIVER_CORE_COMMAND_ITEMS_H
#define EXECDRIVER_CORE_COMMAND_ITEMS_H

#include "core/command.h"

/*
 * Appends the item, or puts it in the place of an earlier one of the same name (maps), target
 * (devices) or resource (rlimits). Frees it on failure: -ENOMEM.
 */
int items_put_consume(struct command_value *list, enum exd_key_type type, void *item);

/* NULL when out of memory. */
void *item_copy(const void *item, enum exd_key_type type);
void *item_of_mount(const struct exd_mount *mount);
void *item_of_device(const struct exd_device *device);

/* Copies a stored struct to the caller's as far as that reaches; false for NULL. */
bool items_give(const void *item, void *out);

#endif
