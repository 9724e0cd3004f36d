/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of texts that say how a process is scheduled and what it may do to files. */
#include "core/command_valid.h"

#include <stdint.h>
#include <string.h>

#include "base/scheduling.h"
#include "base/strutil.h"

bool valid_scheduler(const char *text)
{
	struct scheduling ignored;

	return scheduling_parse(text, &ignored) == 0;
}

bool valid_ioprio(const char *text)
{
	return scheduling_ioprio(text) >= 0;
}

/* INITIAL, INITIAL:FINAL or :FINAL */
bool valid_exec_affinity(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t initial = colon ? (size_t)(colon - text) : strlen(text), used;
	uint64_t mask[SCHEDULING_CPUS / 64];

	if (!*text || (colon && scheduling_cpus(colon + 1, strlen(colon + 1), mask, &used) < 0))
		return false;
	return (colon && initial == 0) || scheduling_cpus(text, initial, mask, &used) == 0;
}

bool valid_personality(const char *text)
{
	return str_in(text, (const char *const[]){"linux", "linux32", NULL});
}

/* Without control characters: rules are kept in the record, one a line. */
bool valid_landlock(const char *text)
{
	return (str_has_prefix(text, "ro:/") || str_has_prefix(text, "rw:/")) && valid_text(text) &&
	       valid_path(text + strlen("ro:"));
}
