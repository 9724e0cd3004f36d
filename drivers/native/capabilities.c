/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: names to numbers, and the rules of adding and dropping. */

#include "drivers/native/capabilities.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define BIT(number) (UINT64_C(1) << (number))
#define MAX_NUMBER 63
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

uint64_t native_caps_default(void)
{
	return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) |
	       BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) | BIT(CAP_SETGID) | BIT(CAP_SETUID) |
	       BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |
	       BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);
}

int native_caps_possible(uint64_t wanted, uint64_t *out)
{
	uint64_t caps = 0;

	for (int i = 0; i <= MAX_NUMBER; i++) {
		int r = wanted & BIT(i) ? prctl(PR_CAPBSET_READ, i, 0, 0, 0) : 0;

		/* The kernel has no such capability, nor any above it. */
		if (r < 0 && errno == EINVAL)
			break;
		if (r < 0)
			return -errno;
		if (r > 0)
			caps |= BIT(i);
	}
	*out = caps;
	return 0;
}

bool native_cap_admin(void)
{
	uint64_t caps = 0;

	return native_caps_possible(BIT(CAP_SYS_ADMIN), &caps) == 0 && caps;
}

int native_cap_number(const char *name)
{
	char full[64];
	cap_value_t value;
	int n;

	if (strncasecmp(name, "cap_", 4) == 0)
		name += 4;
	/* the library would take a number for a name, and stops reading at other characters */
	if (!isalpha((unsigned char)name[0]) || name[strspn(name, NAME_CHARS)])
		return -EINVAL;
	n = snprintf(full, sizeof(full), "cap_%s", name);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -EINVAL;
	if (cap_from_name(full, &value) < 0 || value > MAX_NUMBER)
		return -EINVAL;
	return (int)value;
}

uint64_t native_caps_change(uint64_t basics, uint64_t possible,
			    const struct native_cap_change *change)
{
	uint64_t caps = change->add_all ? possible : basics;

	caps = change->drop_all ? 0 : caps & ~change->drop;
	return caps | change->add;
}

static int read_list(const struct exd_command *command, enum exd_key key, uint64_t *mask, bool *all,
		     struct exd_error *err)
{
	size_t count = exd_command_count(command, key);

	for (size_t i = 0; i < count; i++) {
		const char *name = exd_command_item(command, key, i);
		int number;

		if (strcasecmp(name, "all") == 0) {
			*all = true;
			continue;
		}
		number = native_cap_number(name);
		if (number < 0)
			return exd_error_set(err, EXD_ERR_CAPABILITY, 0,
					     "unknown capability to %s: '%s'",
					     key == EXD_KEY_CAP_ADD ? "add" : "drop", name);
		*mask |= BIT(number);
	}
	return 0;
}

static int check_possible(uint64_t added, uint64_t possible, struct exd_error *err)
{
	uint64_t missing = added & ~possible;
	char *name;
	int r;

	if (!missing)
		return 0;
	name = cap_to_name(__builtin_ctzll(missing));
	r = exd_error_set(
		err, EXD_ERR_CAPABILITY, EPERM,
		"capability '%s' is not in the bounding set of this process, or not in this kernel",
		name ? name : "?");
	cap_free(name);
	return r;
}

int native_caps_read(const struct exd_command *command, uint64_t basics, uint64_t *out,
		     struct exd_error *err)
{
	bool privileged = exd_command_bool(command, EXD_KEY_PRIVILEGED);
	struct native_cap_change change = {0};
	uint64_t possible;
	int r;

	r = read_list(command, EXD_KEY_CAP_ADD, &change.add, &change.add_all, err);
	if (r < 0)
		return r;
	r = read_list(command, EXD_KEY_CAP_DROP, &change.drop, &change.drop_all, err);
	if (r < 0)
		return r;
	r = native_caps_possible(
		privileged || change.add_all ? NATIVE_CAPS_ALL : basics | change.add, &possible);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_CAPABILITY, -r,
				     "cannot read the bounding set of this process");
	r = check_possible(change.add, possible, err);
	if (r < 0)
		return r;
	if (privileged)
		basics = possible;
	*out = native_caps_change(basics & possible, possible, &change);
	return 0;
}
