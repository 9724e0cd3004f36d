/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command -> the document that tells the worker all, and the plan that starts it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>

#include <execdriver/worker.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memfd.h"
#include "drivers/hcs-stub/document.h"
#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/members.h"
#include "drivers/hcs-stub/process.h"
#include "drivers/hcs-stub/stub.h"

/* It is there again in a few milliseconds; whoever looks what is left would wait for it. */
#define IDLE_MS 100
#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

struct launch {
	const struct stub *stub;
	const struct exd_command *command;
	const char *id;
	struct json_object *system; /* NULL: an exec */
	struct json_object *process;
	struct json_object *json; /* the document for the worker */
	bool failed;
};

static void launch_clear(struct launch *launch)
{
	(void)json_object_put(launch->system);
	(void)json_object_put(launch->process);
	(void)json_object_put(launch->json);
}

#define cleanup_launch CLEANUP(launch_clear)

static int no_memory(struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot write the worker's document");
}

static void put_emulator(struct launch *launch)
{
	const struct stub *stub = launch->stub;
	bool *failed = &launch->failed;
	struct json_object *emulator =
		member_put(failed, launch->json, "emulator", json_object_new_object());

	member_text(failed, emulator, "path", stub->emulator);
	(void)member_put(failed, emulator, "faults", json_tokener_parse(stub->faults));
	(void)member_put(failed, emulator, "delays", json_tokener_parse(stub->delays));
	member_bool(failed, emulator, "journal", stub->journal);
	member_number(failed, emulator, "idle_ms", IDLE_MS);
}

static void put_patience(struct launch *launch)
{
	const struct stub *stub = launch->stub;
	bool *failed = &launch->failed;

	member_bool(failed, launch->json, "forcekill", stub->forcekill);
	member_number(failed, launch->json, "shutdown_timeout_ms", stub->shutdown_timeout_ms);
	member_number(failed, launch->json, "terminate_timeout_ms", stub->terminate_timeout_ms);
	member_number(failed, launch->json, "start_retries", stub->start_retries);
	member_number(failed, launch->json, "retry_delay_ms", stub->retry_delay_ms);
}

static void put_console(struct launch *launch)
{
	struct json_object *list;
	uint16_t size[2];

	process_console(launch->command, size);
	member_bool(&launch->failed, launch->json, "tty",
		    exd_command_bool(launch->command, EXD_KEY_TTY));
	list = member_put(&launch->failed, launch->json, "console", json_object_new_array());
	(void)element_put(&launch->failed, list, json_object_new_int(size[0]));
	(void)element_put(&launch->failed, list, json_object_new_int(size[1]));
}

static void put_part(struct launch *launch, const char *name, struct json_object *part)
{
	if (part)
		(void)member_put(&launch->failed, launch->json, name, json_object_get(part));
	else
		member_null(&launch->failed, launch->json, name);
}

static int write_document(struct launch *launch, struct exd_error *err)
{
	struct json_object *owner = NULL;

	launch->json = json_object_new_object();
	(void)json_object_object_get_ex(launch->system, "Owner", &owner);
	member_text(&launch->failed, launch->json, "operation", launch->system ? "run" : "exec");
	member_text(&launch->failed, launch->json, "id", launch->id);
	put_part(launch, "owner", owner);
	put_part(launch, "system", launch->system);
	put_part(launch, "process", launch->process);
	put_console(launch);
	member_null(&launch->failed, launch->json, "pid_file");
	member_bool(&launch->failed, launch->json, "servicing", false);
	member_text(&launch->failed, launch->json, "schema", stub_schema_name(launch->stub));
	put_patience(launch);
	put_emulator(launch);
	return launch->failed ? no_memory(err) : 0;
}

static int check_size(struct json_object *part, const char *what, struct exd_error *err)
{
	size_t size = 0;

	if (!part)
		return 0;
	if (!json_object_to_json_string_length(part, JSON_FLAGS, &size))
		return no_memory(err);
	if (size <= HCS_TEXT_MAX)
		return 0;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
			     "the service takes at most %u bytes of JSON, the %s has %zu",
			     HCS_TEXT_MAX, what, size);
}

static int compose(struct launch *launch, bool exec, struct exd_error *err)
{
	int r;

	if (exec)
		r = stub_check_exec(launch->stub, launch->command, err);
	else
		r = stub_check_run(launch->stub, launch->command, err);
	if (r == 0 && !exec)
		r = stub_document(launch->stub, launch->command, &launch->system, err);
	if (r == 0)
		r = stub_process(launch->stub, launch->command, &launch->process, err);
	if (r == 0)
		r = check_size(launch->system, "document", err);
	return r < 0 ? r : check_size(launch->process, "process", err);
}

static int open_document(const struct launch *launch, uint64_t *hash, struct exd_error *err)
{
	size_t size = 0;
	const char *text = json_object_to_json_string_length(launch->json, JSON_FLAGS, &size);
	int fd = text ? memfd_sealed("hcs-launch", text, size, false) : -ENOMEM;

	if (fd < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, -fd, "cannot keep the worker's document");
	*hash = hash_words(HASH_INIT, text, size);
	return fd;
}

/* Its arguments are for ps, and make plans differ whose documents do. */
static int plan_worker(const struct launch *launch, struct exd_plan *plan, struct exd_error *err)
{
	char hash_text[20];
	const char *const argv[] = {launch->stub->worker, launch->id, hash_text, NULL};
	const char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	uint64_t hash = 0;
	cleanup_close int document = open_document(launch, &hash, err);
	cleanup_close int root = FD_NONE;
	int slots[2];

	if (document < 0)
		return document;
	(void)snprintf(hash_text, sizeof(hash_text), "%016" PRIx64, hash);
	root = fcntl(exd_plan_root_fd(plan), F_DUPFD_CLOEXEC, 3);
	if (root < 0)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot open the state directory");
	slots[0] = exd_plan_fd_consume(plan, take_fd(&document), EXD_FD_KEEP);
	slots[1] = exd_plan_fd_consume(plan, take_fd(&root), EXD_FD_KEEP);
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
	(void)exd_plan_worker(plan, argv, envp, slots, 2, EXD_WORKER_REMOTE);
	return exd_plan_error(plan, err);
}

int stub_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	     struct exd_error *err)
{
	cleanup_launch struct launch launch = {.stub = self, .command = command};
	int r;

	launch.id = exd_command_string(command, EXD_KEY_ID, "");
	r = compose(&launch, false, err);
	if (r == 0)
		r = write_document(&launch, err);
	if (r < 0)
		return r;
	stub_warn(command, plan);
	(void)exd_plan_note(plan, "isolation",
			    stub_is_hyperv(self, command) ? "hyperv" : "process");
	return plan_worker(&launch, plan, err);
}

int stub_exec(void *self, struct exd_record *record, const struct exd_command *command,
	      struct exd_plan *plan, struct exd_error *err)
{
	cleanup_launch struct launch launch = {.stub = self, .command = command};
	int r;

	launch.id = exd_record_id(record);
	r = compose(&launch, true, err);
	if (r == 0)
		r = write_document(&launch, err);
	return r < 0 ? r : plan_worker(&launch, plan, err);
}

/* A line a member, so that a long document can be read. */
static void explain_members(struct exd_report *report, const char *topic, struct json_object *json)
{
	struct json_object_iterator at = json_object_iter_begin(json);
	struct json_object_iterator end = json_object_iter_end(json);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *value = json_object_to_json_string_ext(json_object_iter_peek_value(&at),
								   JSON_FLAGS);

		(void)exd_report_add(report, EXD_REPORT_INFO, topic, "", "%s: %s",
				     json_object_iter_peek_name(&at), value ? value : "");
	}
}

int stub_explain(void *self, const struct exd_command *command, struct exd_report *report,
		 struct exd_error *err)
{
	cleanup_launch struct launch launch = {.stub = self, .command = command};
	int r = compose(&launch, false, err);

	if (r < 0)
		return r;
	explain_members(report, "document", launch.system);
	explain_members(report, "process", launch.process);
	return 0;
}
