/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only files that a container may touch, enforced by Landlock on top of all else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/native/process.h"

/* LANDLOCK_ACCESS_FS_*: older headers lack some. */
#define EXECUTE (1u << 0)
#define READ_FILE (1u << 2)
#define READ_DIR (1u << 3)
#define FIRST_RIGHTS ((1u << 13) - 1)
#define REFER (1u << 13)
#define TRUNCATE (1u << 14)

#define CALL_CREATE_RULESET 444
#define ASK_VERSION 1u

/* With the third version nothing is left by which a file that is read-only could be changed. */
#define VERSION_NEEDED 3

char *native_landlock_text(const struct exd_command *command)
{
	size_t count = exd_command_count(command, EXD_KEY_LANDLOCK);
	cleanup_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < count; i++)
		(void)sb_addf(&text, "%s%s", i ? "\n" : "",
			      exd_command_item(command, EXD_KEY_LANDLOCK, i));
	return sb_take(&text);
}

static uint64_t handled_by(int version)
{
	return FIRST_RIGHTS | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0);
}

/* What this kernel can enforce: all of it, or as much as it has where that is good enough. */
static int find_version(bool best_effort, struct exd_plan *plan, struct exd_error *err)
{
	long version = syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION);

	if (version >= VERSION_NEEDED)
		return (int)version;
	if (!best_effort && version < 0)
		return exd_error_set(err, EXD_ERR_HOST, errno,
				     "landlock: this kernel has none: build it with "
				     "CONFIG_SECURITY_LANDLOCK and boot with lsm=landlock,...");
	if (!best_effort)
		return exd_error_set(err, EXD_ERR_HOST, 0,
				     "landlock: this kernel cannot keep files from being truncated: "
				     "use Linux 6.2 or newer, or best_effort");
	exd_plan_warn(plan, version < 0
				    ? "landlock: this kernel has none, nothing is restricted by it"
				    : "landlock: this kernel does not restrict truncation");
	return version < 0 ? 0 : (int)version;
}

int native_landlock_plan(const struct native_process *process, struct exd_plan *plan,
			 struct exd_error *err)
{
	size_t count = 1;
	cleanup_free char *text = NULL;
	cleanup_free const char **rules = NULL;
	char *rest;
	int version;

	if (!process->landlock || !*process->landlock)
		return 0;
	version = find_version(process->best_effort, plan, err);
	if (version <= 0)
		return version;
	for (const char *p = process->landlock; *p; p++)
		count += *p == '\n';
	text = strdup(process->landlock);
	rules = calloc(count + 1, sizeof(*rules));
	if (!text || !rules)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "landlock");
	rest = text;
	for (size_t i = 0; i < count; i++)
		rules[i] = strsep(&rest, "\n");
	exd_plan_blame(plan, EXD_ERR_HOST, 0);
	(void)exd_plan_landlock(plan, rules, handled_by(version), EXECUTE | READ_FILE | READ_DIR);
	return 0;
}
