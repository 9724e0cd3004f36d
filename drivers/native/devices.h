/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device nodes of a container: what is made in its /dev, and what its cgroup allows. */
#ifndef EXECDRIVER_NATIVE_DEVICES_H
#define EXECDRIVER_NATIVE_DEVICES_H

#include <stdint.h>
#include <sys/types.h>

#include <execdriver/driver.h>

struct native_device {
	char *target;       /* absolute path inside */
	const char *source; /* of the host; borrowed */
	mode_t mode;        /* with S_IFCHR or S_IFBLK */
	dev_t rdev;
	uid_t uid;
	gid_t gid;
	uint32_t access; /* 4 = r, 2 = w, 1 = m */
	int slot;        /* of a clone of the host's node, in a user namespace */
};

/*
 * null, zero, full, random, urandom, tty and the command's own, which replace those of the same
 * target. The devices cgroup allows these with their access, and for a pty console (5:1), ptmx
 * (5:2), pts (136:*), and m for all. EXD_ERR_DEVICE names what is missing or no device.
 */
int native_devices_list(const struct exd_command *command, struct native_device **out,
			size_t *count, struct exd_error *err);
struct native_device *native_devices_free(struct native_device *devices, size_t count);

struct native_run;

/* A device of the command's that is to be made in the root itself, not below /dev; or NULL. */
const char *native_devices_outside(const struct native_run *run);

#endif
