/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capability sets as masks (bit n is capability n), from names and from adding and dropping. */
#ifndef EXECDRIVER_NATIVE_CAPABILITIES_H
#define EXECDRIVER_NATIVE_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

#include <execdriver/driver.h>

/* What cap_add and cap_drop ask for. */
struct native_cap_change {
	uint64_t add;
	uint64_t drop;
	bool add_all;
	bool drop_all;
};

/* The 14 a container has by default. */
uint64_t native_caps_default(void);
#define NATIVE_CAPS_ALL UINT64_MAX

/* Which of these are in the bounding set of this process: what it can give. */
int native_caps_possible(uint64_t wanted, uint64_t *out);
/* Is CAP_SYS_ADMIN among them? */
bool native_cap_admin(void);
/* Number of a capability by name, in any case, with or without CAP_; -EINVAL. */
int native_cap_number(const char *name);

/*
 * Drops first, then adds: `all` added begins with everything, `all` dropped with nothing, and a
 * capability both added and dropped by name is added. `all` both added and dropped is nothing.
 */
uint64_t native_caps_change(uint64_t basics, uint64_t possible,
			    const struct native_cap_change *change);

/*
 * The mask for a command that begins with these basics. EXD_ERR_CAPABILITY names what is unknown or
 * not to be had.
 */
int native_caps_read(const struct exd_command *command, uint64_t basics, uint64_t *out,
		     struct exd_error *err);

#endif
