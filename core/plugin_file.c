/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file of plugins.d: a driver's name, path, priority and options. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/conffile.h"
#include "core/plugin.h"

#define PRIORITY_DEFAULT 50
#define NAME_LENGTH_MAX 32

static int no_memory(const char *file, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read '%s'", file);
}

static void plugin_freep(struct exd_plugin **plugin)
{
	plugin_free(*plugin);
}

#define cleanup_plugin CLEANUP(plugin_freep)

/* Letters, digits, '-' and '_': it is printed, logged and kept in records. */
static bool name_valid(const char *name)
{
	size_t size = 0;

	for (; name[size]; size++)
		if (!isascii(name[size]) ||
		    (!isalnum((unsigned char)name[size]) && !strchr("-_", name[size])))
			return false;
	return size > 0 && size <= NAME_LENGTH_MAX;
}

static int set_path(struct exd_plugin *plugin, const config_setting_t *group, const char *path,
		    const char *driver_dir, struct exd_error *err)
{
	int size = 0;

	if (path[0] == '/')
		size = asprintf(&plugin->path, "%s", path);
	else if (!strchr(path, '/'))
		size = asprintf(&plugin->path, "%s/%s", driver_dir, path);
	else
		return conffile_refuse(config_setting_get_member(group, "path"), plugin->file, err,
				       "path takes an absolute path or a plain file name, not '%s'",
				       path);
	if (size < 0) {
		plugin->path = NULL;
		return no_memory(plugin->file, err);
	}
	return 0;
}

static int set_options(struct exd_plugin *plugin, const config_setting_t *group,
		       struct exd_error *err)
{
	plugin->options.file = plugin->file;
	plugin->options.group = config_setting_get_member(group, "options");
	if (plugin->options.group && !config_setting_is_group(plugin->options.group))
		return conffile_refuse(plugin->options.group, plugin->file, err,
				       "options takes a group { ... }");
	return 0;
}

static int read_driver(struct exd_plugin *plugin, const config_setting_t *group,
		       const char *driver_dir, struct exd_error *err)
{
	static const char *const known[] = {"name", "path", "enabled", "priority",
					    "options", "only_by_name", NULL};
	const char *name = NULL, *path = NULL;
	int r = conffile_check_names(group, plugin->file, known, EXD_ERR_CONFIG, err);

	if (r == 0)
		r = conffile_string(group, plugin->file, "name", &name, err);
	if (r == 0)
		r = conffile_string(group, plugin->file, "path", &path, err);
	if (r == 0)
		r = conffile_bool(group, plugin->file, "enabled", &plugin->enabled, err);
	if (r == 0)
		r = conffile_bool(group, plugin->file, "only_by_name", &plugin->only_by_name, err);
	if (r == 0)
		r = conffile_int(group, plugin->file, "priority", &plugin->priority, err);
	if (r == 0 && (!name || !path))
		r = conffile_refuse(group, plugin->file, err, "the driver has no %s",
				    name ? "path" : "name");
	if (r == 0 && !name_valid(name))
		r = conffile_refuse(
			config_setting_get_member(group, "name"), plugin->file, err,
			"name takes at most %d letters, digits, '-' and '_', not '%.64s'",
			NAME_LENGTH_MAX, name);
	if (r < 0)
		return r;
	plugin->name = strdup(name);
	if (!plugin->name)
		return no_memory(plugin->file, err);
	r = set_path(plugin, group, path, driver_dir, err);
	return r < 0 ? r : set_options(plugin, group, err);
}

static int plugin_alloc(struct exd_plugin **out, const char *file, struct exd_error *err)
{
	struct exd_plugin *plugin = calloc(1, sizeof(*plugin));

	if (!plugin)
		return no_memory(file, err);
	plugin->file = strdup(file);
	plugin->enabled = true;
	plugin->priority = PRIORITY_DEFAULT;
	config_init(&plugin->source);
	if (!plugin->file || pthread_mutex_init(&plugin->lock, NULL) != 0) {
		config_destroy(&plugin->source);
		free(plugin->file);
		free(plugin);
		return no_memory(file, err);
	}
	*out = plugin;
	return 0;
}

int plugin_read(struct exd_plugin **out, const char *file, const char *driver_dir,
		struct exd_error *err)
{
	static const char *const known[] = {"driver", NULL};
	cleanup_plugin struct exd_plugin *plugin = NULL;
	const config_setting_t *group;
	int r = plugin_alloc(&plugin, file, err);

	if (r < 0)
		return r;
	r = conffile_read(&plugin->source, file, err);
	if (r < 0)
		return r;
	r = conffile_check_names(config_root_setting(&plugin->source), file, known, EXD_ERR_CONFIG,
				 err);
	if (r < 0)
		return r;
	group = config_lookup(&plugin->source, "driver");
	if (!group || !config_setting_is_group(group))
		return exd_error_set(err, EXD_ERR_CONFIG, 0,
				     "%s:%d: there is no driver: { ... } in it", file,
				     group ? (int)config_setting_source_line(group) : 1);
	plugin->line = (int)config_setting_source_line(group);
	r = read_driver(plugin, group, driver_dir, err);
	if (r < 0)
		return r;
	*out = take_ptr(&plugin);
	return 0;
}
