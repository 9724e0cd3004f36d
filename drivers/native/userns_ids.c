/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps of ids, as texts that the kernel and newuidmap take. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/native/userns.h"

#define MAP_MAX 4096 /* the kernel takes less than a page */
#define NAMES_SIZE 4096

int native_ids_of_key(const struct exd_command *command, enum exd_key key, char **out,
		      struct exd_error *err)
{
	cleanup_strbuf struct strbuf map = {0};
	size_t count = exd_command_count(command, key);
	unsigned int inside, outside, size;

	for (size_t i = 0; i < count; i++) {
		const char *item = exd_command_item(command, key, i);

		if (sscanf(item, "%u:%u:%u", &inside, &outside, &size) != 3)
			return exd_error_set(err, EXD_ERR_KEY, 0,
					     "'%s' is not INSIDE:OUTSIDE:COUNT", item);
		(void)sb_addf(&map, "%u %u %u\n", inside, outside, size);
	}
	if (map.size >= MAP_MAX)
		return exd_error_set(err, EXD_ERR_KEY, E2BIG,
				     "the map of ids has more ranges than the kernel takes");
	*out = sb_take(&map);
	return *out ? 0 : exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "map of ids");
}

/* NAME:FIRST:COUNT; the line's end is its own. */
static bool read_range(const char *line, const char *user, uint32_t *first, uint32_t *count)
{
	size_t size = strlen(user);

	return strncmp(line, user, size) == 0 && line[size] == ':' &&
	       sscanf(line + size, ":%" SCNu32 ":%" SCNu32, first, count) == 2 && *count > 0 &&
	       *first <= UINT32_MAX - *count;
}

char *native_ids_of_ranges(const char *text, const char *user, uint32_t own)
{
	cleanup_strbuf struct strbuf map = {0};
	uint32_t first, count, next = 1;

	(void)sb_addf(&map, "0 %" PRIu32 " 1\n", own);
	for (const char *line = text; line && map.size < MAP_MAX - 64;
	     line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		/* what has no room below the last id has none at all */
		if (!read_range(line, user, &first, &count) || count > UINT32_MAX - 1 - next)
			continue;
		(void)sb_addf(&map, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", next, first, count);
		next += count;
	}
	return sb_take(&map);
}

static char *read_text(const char *path)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (file && getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/*
 * A line may have the name or the number: the number when no line has the name. newuidmap does
 * nothing for a user without a name.
 */
char *native_ids_of_host(const char *file, uint32_t own, bool *alone)
{
	cleanup_free char *text = read_text(file);
	char number[16], names[NAMES_SIZE], *map = NULL;
	struct passwd entry, *found = NULL;

	(void)snprintf(number, sizeof(number), "%u", getuid());
	(void)getpwuid_r(getuid(), &entry, names, sizeof(names), &found);
	map = native_ids_of_ranges(found ? text : NULL, found ? found->pw_name : number, own);
	if (found && map && !strchr(map, '\n')[1]) {
		free(map);
		map = native_ids_of_ranges(text, number, own);
	}
	*alone = map && !strchr(map, '\n')[1];
	return map;
}

bool native_ids_have(const char *map, uint32_t id)
{
	uint32_t inside, outside, count;
	int n;

	while (sscanf(map, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %n", &inside, &outside, &count,
		      &n) == 3) {
		if (id >= inside && id - inside < count)
			return true;
		map += n;
	}
	return false;
}

uint32_t native_ids_first(const char *map)
{
	return native_ids_have(map, 0) ? 0 : (uint32_t)strtoul(map, NULL, 10);
}
