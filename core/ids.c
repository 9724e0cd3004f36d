/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Container ids: what is one, and new ones. */
#include "core/ids.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool id_valid(const char *id)
{
	size_t n = 0;

	if (!id || !is_alnum(id[0]))
		return false;
	for (; id[n]; n++)
		if (n >= ID_MAX || !(is_alnum(id[n]) || strchr("_.+-", id[n])))
			return false;
	return true;
}

int id_check(const char *id, struct exd_error *err)
{
	const char *shown = id ? id : "";
	const char *more = strlen(shown) > 64 ? "..." : "";

	if (id_valid(id))
		return 0;
	return exd_error_set(err, EXD_ERR_ID, 0,
			     "'%.64s%s' is not a container id: use 1 to %d of A-Z a-z 0-9 _ . + -, "
			     "a letter or digit first",
			     shown, more, ID_MAX);
}

int id_generate(char id[static ID_SIZE], struct exd_error *err)
{
	unsigned char bytes[6];

	/* Up to 256 bytes are never interrupted once the kernel's pool is initialised. */
	while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		if (errno != EINTR)
			return exd_error_set(err, EXD_ERR_SYSTEM, errno,
					     "cannot make a container id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}
