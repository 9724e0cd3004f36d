/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words with which a seccomp listener is handed over: those of the OCI runtime specification. */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>

#include "base/strutil.h"
#include "drivers/native/process.h"
#include "drivers/native/seccomp_choice.h"

#define VERSION "\"ociVersion\":\"1.0.2\""

static void add_annotations(struct strbuf *text, const struct exd_command *command)
{
	size_t count = exd_command_count(command, EXD_KEY_ANNOTATIONS);

	for (size_t i = 0; i < count; i++) {
		const char *pair = exd_command_item(command, EXD_KEY_ANNOTATIONS, i);
		const char *value = strchr(pair, '=');
		cleanup_free char *name = value ? strndup(pair, (size_t)(value - pair)) : NULL;

		if (!name)
			continue;
		(void)sb_add(text, i ? "," : "");
		(void)sb_add_json(text, name);
		(void)sb_add(text, ":");
		(void)sb_add_json(text, value + 1);
	}
}

/* Behind the pid of the process: what it is of. Of a run that pid stands in the state as well. */
static void add_state(struct strbuf *text, struct strbuf *end, const struct native_process *process,
		      const char *metadata)
{
	(void)sb_add(text, ",\"metadata\":");
	(void)sb_add_json(text, metadata);
	(void)sb_add(text, ",\"state\":{" VERSION ",\"id\":");
	(void)sb_add_json(text, process->box_id);
	(void)sb_addf(text, ",\"status\":\"%s\",\"pid\":",
		      process->box_pid > 0 ? "running" : "creating");
	if (process->box_pid > 0) {
		(void)sb_addf(text, "%d", (int)process->box_pid);
		end = text;
	}
	(void)sb_add(end, ",\"bundle\":\"\",\"annotations\":{");
	add_annotations(end, process->command);
	(void)sb_add(end, "}}}");
}

int native_listener_plan(const struct native_process *process, const struct native_filter *filter,
			 struct exd_plan *plan, struct exd_error *err)
{
	cleanup_strbuf struct strbuf text = {0}, end = {0};
	const char *pieces[4] = {"{" VERSION ",\"fds\":[\"seccompFd\"],\"pid\":"};
	int socket = exd_plan_slot(plan);

	add_state(&text, &end, process, filter->metadata);
	if (text.error || end.error)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "seccomp listener");
	pieces[1] = text.text;
	pieces[2] = end.size ? end.text : NULL;
	(void)exd_plan_connect(plan, socket, filter->listener);
	return exd_plan_seccomp_notify(plan, filter->program,
				       filter->count * sizeof(*filter->program), filter->flags,
				       socket, pieces);
}
