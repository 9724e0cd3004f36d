/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: state.json, exit.json and the claim in the lock file, separated by NUL. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/record.h"
#include "core/record_parse.h"
#include "tests/fuzz/fuzz.h"

static int root = -1, box = -1;

static void set_up(void)
{
	if (root >= 0)
		return;
	root = fuzz_folder(NULL);
	fuzz_require(mkdirat(root, "box", 0700) == 0, "a folder of a container");
	box = openat(root, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What it names is opened, and removed with it. */
static void check_paths(const struct exd_record *record)
{
	for (size_t i = 0; i < record->cgroup_count; i++) {
		const struct record_cgroup *c = &record->cgroups[i];
		size_t size = strlen(c->path);

		fuzz_require(c->mount[0] == '/' && !strstr(c->mount, "/../"),
			     "the way to a cgroup leads down");
		fuzz_require(strncmp(c->path, "../", 3) != 0 && !strstr(c->path, "/../") &&
				     strcmp(c->path, "..") != 0 &&
				     (size < 3 || strcmp(c->path + size - 3, "/..") != 0),
			     "the way to a cgroup leads down");
	}
	fuzz_require(!strchr(record->monitor_dir, '/'), "a monitor is a name");
}

static void check(struct exd_record *record, size_t size)
{
	struct exd_error err = EXD_ERROR_INIT;
	struct json_object *json;
	bool made;

	if (!record->json)
		(void)record_load_claim(record, &made, &err);
	check_paths(record);
	fuzz_require(strlen(record->driver) + strlen(record->rootfs) + strlen(record->boot_id) < size,
		     "texts of a record are there");
	json = record_json(record, record_status(record));
	fuzz_require(json != NULL, "a record can be shown");
	json_object_put(json);
}

/* What was read is written as it was. */
static void check_exit(void)
{
	struct exd_exit_status first = {.struct_size = sizeof(first)}, second = first;
	cleanup_json struct json_object *json = NULL, *again = NULL;

	if (record_read_json(box, "exit.json", &json) < 0 || record_parse_exit(json, &first) < 0)
		return;
	again = record_exit_json(&first);
	fuzz_require(again && record_parse_exit(again, &second) == 0, "an exit can be written");
	fuzz_require(first.exit_code == second.exit_code && first.signal == second.signal &&
			     first.oom_kills == second.oom_kills && first.lost == second.lost &&
			     first.oom_killed == second.oom_killed,
		     "an exit is written as it was read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"state.json", "exit.json", "lock"};
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_record *record = NULL;
	struct input in = {data, size};
	int lowest;

	set_up();
	lowest = fuzz_lowest_fd();
	for (int i = 0; i < 3; i++) {
		char *text = input_text(&in);

		fuzz_write(box, names[i], *text || i == 2 ? text : NULL);
		free(text);
	}
	if (record_load(root, "box", &record, &err) == 0)
		check(record, size + 1);
	else
		fuzz_require(strstr(err.text, "box") != NULL, "a refusal names the container");
	record_free(record);
	check_exit();
	fuzz_require(fuzz_lowest_fd() == lowest, "no descriptor is left");
	return 0;
}
