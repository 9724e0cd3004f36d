/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver tells its worker: a JSON document in a descriptor. */
#include "drivers/hcs-stub/worker_launch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/hcs-stub/emulator_json.h"

/* Longer than a document, parameters and a script can be. */
#define LAUNCH_MAX (1024 * 1024)

static struct json_object *member(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(json, key, &value);
	return value;
}

static int number(struct json_object *json, const char *key, int otherwise)
{
	struct json_object *value = member(json, key);
	int64_t n = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || n < 0 || n > INT_MAX)
		return otherwise;
	return (int)n;
}

/* A member as JSON text of its own, which lives as long as the whole. */
static const char *as_text(struct json_object *json, const char *key)
{
	struct json_object *value = member(json, key);

	if (!json_object_is_type(value, json_type_object))
		return NULL;
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* Faults and delays go to the service as they are. */
static const char *take_script(struct json_object *emulator)
{
	static const char *const keys[] = {"faults", "delays"};
	struct json_object *script = json_object_new_object();
	bool empty = true;

	for (size_t i = 0; script && i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct json_object *list = member(emulator, keys[i]);

		if (!list)
			continue;
		empty = empty && json_object_is_type(list, json_type_array) &&
			!json_object_array_length(list);
		(void)json_object_object_add(script, keys[i], json_object_get(list));
	}
	if (!script || json_object_object_add(emulator, "script", script) < 0)
		return NULL;
	return empty ? NULL : as_text(emulator, "script");
}

static int take(struct launch *l)
{
	struct json_object *emulator = member(l->json, "emulator");
	const char *operation = json_text(l->json, "operation");

	l->exec = strcmp(operation, "exec") == 0;
	l->id = json_text(l->json, "id");
	l->system = as_text(l->json, "system");
	l->process = as_text(l->json, "process");
	if ((!l->exec && strcmp(operation, "run") != 0) || !l->process ||
	    (!l->exec && !l->system) || !json_object_is_type(emulator, json_type_object))
		return -EINVAL;
	l->tty = json_flag(l->json, "tty");
	l->forcekill = json_flag(l->json, "forcekill");
	l->shutdown_timeout_ms = number(l->json, "shutdown_timeout_ms", 300000);
	l->terminate_timeout_ms = number(l->json, "terminate_timeout_ms", 300000);
	l->attempts = number(l->json, "start_retries", 5);
	l->retry_delay_ms = number(l->json, "retry_delay_ms", 50);
	l->emulator = json_text(emulator, "path");
	l->journal = !member(emulator, "journal") || json_flag(emulator, "journal");
	l->idle_ms = number(emulator, "idle_ms", 1000);
	l->script = take_script(emulator);
	return 0;
}

int launch_read(int fd, struct launch *launch)
{
	cleanup_free char *text = NULL;
	struct launch made = {0};
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > LAUNCH_MAX)
		return -EINVAL;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = read_file_fd(fd, text, (size_t)st.st_size + 1);
	if (n < 0)
		return (int)n;
	made.json = json_parse(text);
	r = json_object_is_type(made.json, json_type_object) ? take(&made) : -EINVAL;
	if (r < 0)
		launch_clear(&made);
	else
		*launch = made;
	return r;
}

void launch_clear(struct launch *launch)
{
	json_putp(&launch->json);
	*launch = (struct launch){0};
}
