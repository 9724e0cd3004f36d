/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: clean. */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

#define RECORD_SIZE (256 * 1024)

static void clean(struct kit *kit, const char *id)
{
	kit_must(kit, exd_clean(kit->engine, id, &kit->err), "clean");
}

static void case_all(struct kit *kit)
{
	char id[KIT_ID];

	kit_stopped(kit, "all", id);
	clean(kit, id);
}

/* The files of a record, as they were when the container had ended. */
struct copy {
	char state[RECORD_SIZE];
	char exit[RECORD_SIZE];
};

static void path_of(const struct kit *kit, const char *id, const char *file, char path[512])
{
	(void)snprintf(path, 512, "%s/%s/%s", kit->root, id, file);
}

static void read_record(struct kit *kit, const char *id, struct copy *copy)
{
	char path[512];

	path_of(kit, id, "state.json", path);
	kit_check(kit, read_file_at(AT_FDCWD, path, copy->state, RECORD_SIZE) > 0, "no record");
	path_of(kit, id, "exit.json", path);
	kit_check(kit, read_file_at(AT_FDCWD, path, copy->exit, RECORD_SIZE) > 0, "no exit");
}

static void write_file(struct kit *kit, const char *id, const char *file, const char *text)
{
	char path[512];

	path_of(kit, id, file, path);
	kit_check(kit, make_file_at(AT_FDCWD, path, text, strlen(text), 0600, false) == 0,
		  "cannot write %s", path);
}

/* As a host finds it that died between clean and the removal of the record. */
static void write_record(struct kit *kit, const char *id, const struct copy *copy)
{
	char path[512];

	path_of(kit, id, "", path);
	kit_check(kit, mkdir(path, 0700) == 0, "cannot make %s: %s", path, strerror(errno));
	write_file(kit, id, "lock", "");
	write_file(kit, id, "state.json", copy->state);
	write_file(kit, id, "exit.json", copy->exit);
}

static void case_again(struct kit *kit)
{
	static struct copy copy;
	char id[KIT_ID];

	kit_stopped(kit, "again", id);
	read_record(kit, id, &copy);
	clean(kit, id);
	for (int i = 2; i < 4; i++) {
		write_record(kit, id, &copy);
		kit_must(kit, exd_clean(kit->engine, id, &kit->err), "clean once more");
	}
}

static void start_resting(struct kit *kit, void *arg)
{
	struct exd_command *command = kit_command(kit, "resting", "sleep 1000");
	struct exd_process *process = NULL;

	kit_must(kit, exd_start(kit->engine, command, NULL, NULL, 0, &process, &kit->err), "start");
	kit_until(kit, process, EXD_PHASE_RUNNING);
}

static void case_crash(struct kit *kit)
{
	char id[KIT_ID];

	kit_id(kit, "resting", id);
	kit_host_dies(kit, start_resting, NULL);
	kit_kill_monitor(kit, id);
	kit_must(kit, exd_delete(kit->engine, id, true, &kit->err), "terminate and clean");
}

static void case_only(struct kit *kit)
{
	struct kit_box other = kit_start_box(kit, "other", "echo ready; read x; exit 9", KIT_ONCE);
	char id[KIT_ID];

	kit_expect(kit, other.out, "ready");
	kit_stopped(kit, "only", id);
	clean(kit, id);
	kit_check(kit, kit_status(kit, other.id) == EXD_STATUS_RUNNING, "another is gone");
	kit_let_end(kit, &other, 9);
}

static const struct kit_case cases[] = {
	{"clean.all", "clean-1", .needs = "run.once", .left = KIT_LEFT_ALL, .run = case_all},
	{"clean.again", "clean-2", .needs = "run.once", .run = case_again},
	{"clean.crash", "clean-3", .needs = "terminate.record", .left = KIT_LEFT_ALL,
	 .run = case_crash},
	{"clean.only", "clean-4", .needs = "clean.all run.code", .run = case_only},
};

KIT_GROUP(kit_clean);
