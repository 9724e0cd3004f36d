/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: what is left when a container has ended, and what an error says. */
#include "conformance/kit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void case_others(struct kit *kit)
{
	struct kit_box box = kit_start_box(kit, "others",
					   "sleep 1000 & (sleep 1000 & sleep 1000) & "
					   "echo ready; read x; exit 3",
					   KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	kit_let_end(kit, &box, 3);
	box = kit_start_box(kit, "others", "sleep 1000 & (sleep 1000 & sleep 1000) & echo ready",
			    KIT_ONCE);
	(void)kit_wait(kit, &box);
	kit_eof(kit, box.out, "a process lives on that the program has started");
}

/* With all that a driver may make for it; what is left is found behind it. */
static void case_live(struct kit *kit)
{
	struct exd_command *command =
		kit_command(kit, "live", "sleep 1000 & echo ready; read x; exit 0");
	struct kit_box box = kit_start_command(kit, "live", command, NULL, KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	if (kit->caps & EXD_CAP_EXEC)
		(void)exd_exec(kit->engine, box.id, kit_exec_command(kit, "sleep 1000 & exit 0"),
			       NULL, NULL, NULL, NULL);
	kit_tell(kit, &box, "end\n");
	(void)kit_wait(kit, &box);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* A command that every driver refuses, in one way or another. */
static void refuse(struct kit *kit, const char *key, const char *value)
{
	static const char *const args[] = {"/no/such/program", NULL};
	struct exd_command *command = kit_command(kit, "refused", "");

	kit_must(kit, exd_command_set_args(command, args, &kit->err), "setting arguments");
	if (key)
		kit_set(kit, command, key, value);
	kit->err = (struct exd_error)EXD_ERROR_INIT;
	kit_check(kit, exd_run(kit->engine, command, NULL, NULL, NULL, &kit->err) < 0,
		  "a program that is not there has run");
	exd_command_free(command);
}

static const struct {
	const char *key;
	const char *value;
} wrong[] = {
	{NULL, NULL},
	{"rootfs", "/no/such/directory"},
	{"user", "nobody-of-that-name"},
	{"network", "path:/no/such/namespace"},
	{"mounts", "/no/such/source:/mnt"},
	{"pid_namespace", "container:no-such-container"},
};

static void case_code(struct kit *kit)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		refuse(kit, wrong[i].key, wrong[i].value);
		kit_check(kit, kit->err.code != EXD_OK && kit->err.code != EXD_ERR_INTERNAL,
			  "%s = %s fails with code %s", wrong[i].key ? wrong[i].key : "args",
			  wrong[i].value ? wrong[i].value : "",
			  exd_error_name(kit->err.code));
	}
}

static void case_text(struct kit *kit)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		refuse(kit, wrong[i].key, wrong[i].value);
		kit_check(kit, kit->err.text[0], "an error of %s has no text",
			  wrong[i].key ? wrong[i].key : "args");
		for (const char *c = kit->err.text; *c; c++)
			kit_check(kit, (unsigned char)*c >= ' ', "an error is not one line: %s",
				  kit->err.text);
	}
}

static const struct kit_case cases[] = {
	{"end.others", "end-1", .needs = "run.code", .run = case_others},
	{"end.processes", "end-2", .needs = "end.others", .left = KIT_LEFT_PROCESSES,
	 .run = case_live},
	{"end.mounts", "end-3", .needs = "run.once", .left = KIT_LEFT_MOUNTS, .run = case_live},
	{"end.cgroups", "end-4", .needs = "run.once", .left = KIT_LEFT_CGROUPS, .run = case_live},
	{"end.files", "end-5", .needs = "run.once", .left = KIT_LEFT_FILES, .run = case_live},
	{"error.code", "error-1", .needs = "run.missing", .run = case_code},
	{"error.text", "error-2", .needs = "run.missing", .run = case_text},
};

KIT_GROUP(kit_end);
