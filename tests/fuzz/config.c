/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: execdriver.conf and two files of plugins.d, separated by NUL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/config.h"
#include "tests/fuzz/fuzz.h"

static int dir = -1;
static char path[128];

static void set_up(void)
{
	const char *folder;

	if (dir >= 0)
		return;
	dir = fuzz_folder(&folder);
	fuzz_require(mkdirat(dir, "plugins.d", 0700) == 0, "a folder of plugins");
	(void)snprintf(path, sizeof(path), "%s/execdriver.conf", folder);
}

static void check(struct config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct exd_plugin *plugin = config->plugins[i];

		fuzz_require(plugin->name[0] && plugin->path[0] == '/', "a driver has a path");
		fuzz_require(config_plugin(config, plugin->name) == plugin, "names are unique");
		fuzz_require(i == 0 || config->plugins[i - 1]->priority <= plugin->priority,
			     "drivers are sorted");
	}
	fuzz_require(config->monitor[0] == '/' && config->driver_dir[0] == '/',
		     "paths are absolute");
}

/* Another file is not what is tested here, and may be one that never ends. */
static bool includes(const char *text)
{
	return strstr(text, "@include") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"execdriver.conf", "plugins.d/10-a.conf",
					    "plugins.d/20-b.conf"};
	struct exd_error err = EXD_ERROR_INIT;
	struct input in = {data, size};
	struct config *config = NULL;
	bool other = false;

	set_up();
	for (int i = 0; i < 3; i++) {
		bool there = i == 0 || in.left;
		char *text = input_text(&in);

		other = other || includes(text) || strstr(text, "plugin_dir");
		fuzz_write(dir, names[i], there ? text : NULL);
		free(text);
	}
	if (other)
		return 0;
	if (config_load(&config, path, &err) == 0)
		check(config);
	else
		fuzz_require(err.code != EXD_OK && err.text[0], "a refusal says why");
	config_free(config);
	return 0;
}
