/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration: execdriver.conf and the drivers of plugins.d. */
#include "core/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "base/wire.h"
#include "core/conffile.h"

#define CONFIG_FOLDER EXD_SYSCONFDIR "/execdriver"

static int no_memory(struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read the configuration");
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	for (size_t i = 0; i < config->count; i++)
		plugin_free(config->plugins[i]);
	free(config->plugins);
	free(config->driver_dir);
	free(config->monitor);
	free(config->plugin_dir);
	free(config->default_driver);
	free(config);
	return NULL;
}

static void config_freep(struct config **config)
{
	config_free(*config);
}

#define cleanup_core_config CLEANUP(config_freep)

struct exd_plugin *config_plugin(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->count; i++)
		if (strcmp(config->plugins[i]->name, name) == 0)
			return config->plugins[i];
	return NULL;
}

/* Replaces *place by the member's text, when the file has one. */
static int read_text(const config_setting_t *group, const char *file, const char *name, bool path,
		     char **place, struct exd_error *err)
{
	const char *text = NULL;
	char *copy;
	int r = conffile_string(group, file, name, &text, err);

	if (r < 0 || !text)
		return r;
	if (path && text[0] != '/')
		return conffile_refuse(config_setting_get_member(group, name), file, err,
				       "%s takes an absolute path, not '%s'", name, text);
	copy = strdup(text);
	if (!copy)
		return no_memory(err);
	free(*place);
	*place = copy;
	return 0;
}

static int read_linger(struct config *config, const config_setting_t *root, const char *file,
		       struct exd_error *err)
{
	static const char name[] = "monitor_linger";
	int r = conffile_int(root, file, name, &config->monitor_linger, err);

	if (r < 0 || (config->monitor_linger >= 0 && config->monitor_linger <= (int)WIRE_LINGER_MAX))
		return r;
	return conffile_refuse(config_setting_get_member(root, name), file, err,
			       "%s takes 0 to %u seconds", name, WIRE_LINGER_MAX);
}

static int read_main(struct config *config, const char *file, struct exd_error *err)
{
	static const char *const known[] = {"default_driver", "driver_dir", "monitor",
					    "monitor_linger", "plugin_dir", NULL};
	cleanup_config config_t source = {0};
	const config_setting_t *root;
	int r;

	config_init(&source);
	r = conffile_read(&source, file, err);
	if (r < 0)
		return r;
	root = config_root_setting(&source);
	r = conffile_check_names(root, file, known, EXD_ERR_CONFIG, err);
	if (r == 0)
		r = read_text(root, file, "driver_dir", true, &config->driver_dir, err);
	if (r == 0)
		r = read_text(root, file, "monitor", true, &config->monitor, err);
	if (r == 0)
		r = read_linger(config, root, file, err);
	if (r == 0)
		r = read_text(root, file, "plugin_dir", true, &config->plugin_dir, err);
	if (r == 0)
		r = read_text(root, file, "default_driver", false, &config->default_driver, err);
	return r;
}

/* Not alphasort(), whose order is the host's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Every entry of the folder in the order of names. */
static int list_files(const char *folder, bool may_miss, struct dirent ***out,
		      struct exd_error *err)
{
	int count = scandir(folder, out, NULL, by_name);

	if (count < 0 && errno == ENOENT && may_miss)
		return 0;
	if (count < 0)
		return exd_error_set(err, EXD_ERR_CONFIG, errno, "cannot read plugin_dir '%s'",
				     folder);
	return count;
}

static bool is_driver_file(const char *path, const char *name)
{
	struct stat st;

	return name[0] != '.' && str_has_suffix(name, ".conf") && stat(path, &st) == 0 &&
	       S_ISREG(st.st_mode);
}

static int add_plugin(struct config *config, const char *file, struct exd_error *err)
{
	const struct exd_plugin *other;
	struct exd_plugin *plugin, **plugins;
	int r = plugin_read(&plugin, file, config->driver_dir, err);

	if (r < 0)
		return r;
	other = config_plugin(config, plugin->name);
	plugins = other ? NULL
			: reallocarray(config->plugins, config->count + 1,
				       sizeof(struct exd_plugin *));
	if (!plugins) {
		r = other ? exd_error_set(
				    err, EXD_ERR_CONFIG, 0,
				    "%s:%d: driver '%s' is already in %s:%d: rename one",
				    file, plugin->line, plugin->name, other->file, other->line)
			  : no_memory(err);
		plugin_free(plugin);
		return r;
	}
	config->plugins = plugins;
	config->plugins[config->count++] = plugin;
	return 0;
}

static int read_plugins(struct config *config, bool may_miss, struct exd_error *err)
{
	struct dirent **entries = NULL;
	int count = list_files(config->plugin_dir, may_miss, &entries, err);
	int r = count < 0 ? count : 0;

	for (int i = 0; i < count; i++) {
		cleanup_free char *path = NULL;

		if (r == 0 && asprintf(&path, "%s/%s", config->plugin_dir, entries[i]->d_name) < 0)
			r = no_memory(err);
		if (r == 0 && is_driver_file(path, entries[i]->d_name))
			r = add_plugin(config, path, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* Insertion sort: stable, so that files of one priority keep the order of their names. */
static void sort_plugins(struct config *config)
{
	for (size_t i = 1; i < config->count; i++) {
		struct exd_plugin *plugin = config->plugins[i];
		size_t to = i;

		for (; to > 0 && config->plugins[to - 1]->priority > plugin->priority; to--)
			config->plugins[to] = config->plugins[to - 1];
		config->plugins[to] = plugin;
	}
}

static char *plugins_beside(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *path;

	if (asprintf(&path, "%.*splugins.d", slash ? (int)(slash - file) + 1 : 0, file) < 0)
		return NULL;
	return path;
}

static int config_defaults(struct config *config, const char *file)
{
	config->driver_dir = strdup(EXD_DRIVER_DIR);
	config->monitor = strdup(EXD_MONITOR_PATH);
	config->plugin_dir = plugins_beside(file);
	return config->driver_dir && config->monitor && config->plugin_dir ? 0 : -ENOMEM;
}

int config_load(struct config **out, const char *path, struct exd_error *err)
{
	cleanup_core_config struct config *config = calloc(1, sizeof(*config));
	cleanup_free char *beside = NULL;
	const char *file = path;
	bool installed;
	int r;

	if (!file)
		file = secure_getenv("EXD_CONFIG");
	installed = !file;
	if (installed)
		file = CONFIG_FOLDER "/execdriver.conf";
	if (!config || config_defaults(config, file) < 0)
		return no_memory(err);
	beside = strdup(config->plugin_dir);
	if (!beside)
		return no_memory(err);
	if (!installed || access(file, F_OK) == 0) {
		r = read_main(config, file, err);
		if (r < 0)
			return r;
	}
	r = read_plugins(config, strcmp(beside, config->plugin_dir) == 0, err);
	if (r < 0)
		return r;
	sort_plugins(config);
	*out = take_ptr(&config);
	return 0;
}
