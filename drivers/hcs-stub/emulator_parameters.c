/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parameters of a process, as the service takes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json_object.h>
#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "drivers/hcs-stub/cmdline.h"
#include "drivers/hcs-stub/emulator_document.h"
#include "drivers/hcs-stub/emulator_json.h"
#include "drivers/hcs-stub/hcs.h"
#include "drivers/hcs-stub/hcs_text.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULTS_MAX 4

static const struct json_member process_members[] = {
	{.name = "ApplicationName", .kind = JSON_STRING},
	{.name = "CommandLine", .kind = JSON_STRING, .required = true},
	{.name = "WorkingDirectory", .kind = JSON_STRING},
	{.name = "Environment", .kind = JSON_STRING_MAP},
	{.name = "EmulateConsole", .kind = JSON_BOOL},
	{.name = "ConsoleSize", .kind = JSON_LIST, .max = UINT16_MAX},
	{0},
};

static bool add_variable(char **envp, size_t *n, const char *name, const char *value)
{
	if (asprintf(&envp[*n], "%s=%s", name, value) < 0) {
		envp[*n] = NULL;
		return false;
	}
	hcs_text_decode(envp[*n]);
	(*n)++;
	return true;
}

static bool add_defaults(char **envp, size_t *n, struct json_object *map,
			 const struct parameters *p, const char *hostname)
{
	const struct {
		const char *name, *value;
	} defaults[DEFAULTS_MAX] = {
		{"PATH", DEFAULT_PATH},
		{"HOME", geteuid() == 0 ? "/root" : "/"},
		{"HOSTNAME", hostname},
		{"TERM", p->console ? "xterm" : NULL},
	};

	for (size_t i = 0; i < DEFAULTS_MAX; i++)
		if (defaults[i].value && !json_object_object_get_ex(map, defaults[i].name, NULL) &&
		    !add_variable(envp, n, defaults[i].name, defaults[i].value))
			return false;
	return true;
}

static uint32_t take_environment(struct parameters *p, struct json_object *map,
				 const char *hostname, char *why)
{
	size_t count = map ? (size_t)json_object_object_length(map) : 0, n = 0;

	p->envp = calloc(count + DEFAULTS_MAX + 1, sizeof(*p->envp));
	if (!p->envp)
		return HCS_E_OUT_OF_MEMORY;
	if (map) {
		json_object_object_foreach(map, name, value)
		{
			if (!*name || strchr(name, '=')) {
				(void)snprintf(why, WHY_SIZE, "a variable has no proper name");
				return HCS_E_INVALID_ARGUMENT;
			}
			if (!add_variable(p->envp, &n, name, json_object_get_string(value)))
				return HCS_E_OUT_OF_MEMORY;
		}
	}
	return add_defaults(p->envp, &n, map, p, hostname) ? HCS_OK : HCS_E_OUT_OF_MEMORY;
}

static uint32_t take_console(struct parameters *p, struct json_object *json, char *why)
{
	struct json_object *size = NULL;

	p->console = json_flag(json, "EmulateConsole");
	(void)json_object_object_get_ex(json, "ConsoleSize", &size);
	if (!size)
		return HCS_OK;
	if (json_object_array_length(size) != 2) {
		(void)snprintf(why, WHY_SIZE, "ConsoleSize is not a height and a width");
		return HCS_E_INVALID_JSON;
	}
	p->height = (uint16_t)json_object_get_int64(json_object_array_get_idx(size, 0));
	p->width = (uint16_t)json_object_get_int64(json_object_array_get_idx(size, 1));
	return HCS_OK;
}

static uint32_t take_command(struct parameters *p, struct json_object *json, char *why)
{
	const char *directory = json_text(json, "WorkingDirectory");
	const char *program = json_text(json, "ApplicationName");
	cleanup_free char *line = NULL;
	size_t argc;
	int r;

	p->command_line = strdup(json_text(json, "CommandLine"));
	line = p->command_line ? strdup(p->command_line) : NULL;
	if (!line)
		return HCS_E_OUT_OF_MEMORY;
	hcs_text_decode(line);
	r = cmdline_split(line, &p->argv, &argc);
	if (r == -EINVAL) {
		(void)snprintf(why, WHY_SIZE, "CommandLine is empty");
		return HCS_E_INVALID_ARGUMENT;
	}
	p->program = r < 0 ? NULL : *program ? hcs_text_decoded(program)
					     : strdup(p->argv[0]);
	p->directory = hcs_text_decoded(*directory ? directory : "/");
	return p->program && p->directory ? HCS_OK : HCS_E_OUT_OF_MEMORY;
}

static uint32_t take(struct parameters *p, struct json_object *json, const char *hostname,
		     char *why)
{
	struct json_object *map = NULL;
	uint32_t result = take_console(p, json, why);

	if (result == HCS_OK)
		result = take_command(p, json, why);
	(void)json_object_object_get_ex(json, "Environment", &map);
	return result == HCS_OK ? take_environment(p, map, hostname, why) : result;
}

uint32_t parameters_parse(struct parameters *parameters, const char *hostname, const char *text,
			  char why[WHY_SIZE])
{
	cleanup_json struct json_object *json = json_parse(text);
	struct parameters made = {0};
	uint32_t result;

	why[0] = '\0';
	if (!json) {
		(void)snprintf(why, WHY_SIZE, "not JSON");
		return HCS_E_INVALID_JSON;
	}
	if (!json_fits(json, process_members, why, WHY_SIZE))
		return HCS_E_INVALID_JSON;
	result = take(&made, json, hostname, why);
	if (result == HCS_OK)
		*parameters = made;
	else
		parameters_clear(&made);
	return result;
}

void parameters_clear(struct parameters *parameters)
{
	free(parameters->program);
	free(parameters->directory);
	free(parameters->command_line);
	free(parameters->argv);
	for (char **variable = parameters->envp; variable && *variable; variable++)
		free(*variable);
	free(parameters->envp);
	*parameters = (struct parameters){0};
}
