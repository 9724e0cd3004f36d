/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount options of a command as mount_setattr(2) takes them. */
#ifndef EXECDRIVER_NATIVE_MOUNT_ATTR_H
#define EXECDRIVER_NATIVE_MOUNT_ATTR_H

#include <stdint.h>

#include <linux/mount.h>

struct native_attr {
	uint64_t set;
	uint64_t clear;
};

/* Of enum exd_mount_flag. */
struct native_attr native_attr_of(uint32_t flags);
/* MS_* of rootfs_propagation, 0 when it is none. */
uint64_t native_propagation_of(const char *word);

#endif
