/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configured drivers: loading when first needed, probing, choice. */
#include "core/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strutil.h"
#include "core/config.h"
#include "core/engine.h"
#include "core/loader.h"
#include "core/sized.h"

static void unlockp(pthread_mutex_t **lock)
{
	(void)pthread_mutex_unlock(*lock);
}

#define LOCKED(mutex)    \
	CLEANUP(unlockp) \
	pthread_mutex_t *locked __attribute__((unused)) = ((void)pthread_mutex_lock(mutex), (mutex))

struct exd_plugin *plugin_free(struct exd_plugin *plugin)
{
	if (!plugin)
		return NULL;
	if (plugin->loaded) {
		plugin->driver.close(plugin->self);
		(void)dlclose(plugin->handle);
	}
	config_destroy(&plugin->source);
	(void)pthread_mutex_destroy(&plugin->lock);
	free(plugin->name);
	free(plugin->path);
	free(plugin->file);
	free(plugin);
	return NULL;
}

static int open_driver(struct exd_plugin *plugin, struct exd_error *err)
{
	struct exd_error why = EXD_ERROR_INIT;
	int r = plugin->driver.open(&plugin->self, &plugin->options, &why);

	if (r >= 0)
		return 0;
	if (!why.text[0])
		(void)exd_error_set(&why, EXD_ERR_DRIVER_LOAD, -r, "its open() failed");
	if (err)
		*err = why;
	return exd_error_prefix(err, r, "driver %s", plugin->name);
}

int plugin_load(struct exd_plugin *plugin, struct exd_error *err)
{
	LOCKED(&plugin->lock);
	int r;

	if (plugin->loaded)
		return 0;
	r = loader_open(plugin->path, plugin->name, &plugin->driver, &plugin->handle, err);
	if (r < 0)
		return exd_error_prefix(err, r, "driver %s", plugin->name);
	plugin->self = NULL;
	r = open_driver(plugin, err);
	if (r < 0) {
		(void)dlclose(plugin->handle);
		plugin->handle = NULL;
		return r;
	}
	plugin->caps = plugin->driver.caps;
	plugin->loaded = true;
	return 0;
}

static void give_info(const struct exd_plugin *plugin, uint64_t host_caps,
		      struct exd_plugin_info *info)
{
	struct exd_plugin_info full = {
		.abi = plugin->driver.abi,
		.caps = plugin->caps,
		.host_caps = host_caps & plugin->caps,
	};

	(void)snprintf(full.version, sizeof(full.version), "%s", plugin->driver.version);
	(void)snprintf(full.summary, sizeof(full.summary), "%s", plugin->driver.summary);
	sized_give(info, &full, sizeof(full));
}

int plugin_probe(struct exd_plugin *plugin, struct exd_plugin_info *info, struct exd_report *report,
		 struct exd_error *err)
{
	struct exd_error why = EXD_ERROR_INIT;
	uint64_t caps;
	int r = plugin_load(plugin, err);

	if (r < 0)
		return r;
	caps = plugin->caps;
	r = plugin->driver.probe(plugin->self, report, &caps, &why);
	if (info)
		give_info(plugin, r < 0 ? 0 : caps, info);
	if (r >= 0)
		return 0;
	if (!why.text[0])
		(void)exd_error_set(&why, EXD_ERR_HOST, -r, "it does not work on this host");
	if (err)
		*err = why;
	return exd_error_prefix(err, r, "driver %s", plugin->name);
}

/* A yes is remembered: a run should not pay for a probe each time. A no may be cured meanwhile. */
static int probe_once(struct exd_plugin *plugin, struct exd_error *err)
{
	bool usable;
	int r;

	(void)pthread_mutex_lock(&plugin->lock);
	usable = plugin->usable;
	(void)pthread_mutex_unlock(&plugin->lock);
	if (usable)
		return 0;
	r = plugin_probe(plugin, NULL, NULL, err);
	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&plugin->lock);
	plugin->usable = true;
	(void)pthread_mutex_unlock(&plugin->lock);
	return 0;
}

static int select_named(const struct config *config, const char *name, struct exd_plugin **out,
			struct exd_error *err)
{
	struct exd_plugin *plugin = config_plugin(config, name);
	int r;

	if (!plugin)
		return exd_error_set(err, EXD_ERR_DRIVER_NOT_FOUND, ENOENT,
				     "there is no driver '%.64s': no file in '%s' configures it",
				     name, config->plugin_dir);
	if (!plugin->enabled)
		return exd_error_set(err, EXD_ERR_DRIVER_NOT_FOUND, ENOENT,
				     "driver '%s' is turned off: set enabled = true in %s", name,
				     plugin->file);
	r = plugin_load(plugin, err);
	if (r == 0)
		*out = plugin;
	return r;
}

static int select_first(const struct config *config, struct exd_plugin **out, struct exd_error *err)
{
	cleanup_strbuf struct strbuf reasons = {0};
	struct exd_error why = EXD_ERROR_INIT;

	for (size_t i = 0; i < config->count; i++) {
		struct exd_plugin *plugin = config->plugins[i];

		if (!plugin->enabled)
			continue;
		if (plugin->only_by_name) {
			(void)exd_error_set(&why, EXD_ERR_DRIVER_NOT_FOUND, 0,
					    "driver %s is used only when it is named",
					    plugin->name);
		} else if (probe_once(plugin, &why) == 0) {
			*out = plugin;
			return 0;
		}
		(void)sb_addf(&reasons, "%s%s", reasons.size ? "; " : "", why.text);
	}
	if (!reasons.size)
		return exd_error_set(
			err, EXD_ERR_DRIVER_NOT_FOUND, ENOENT,
			"there is no driver: no file in '%s' configures one that is enabled",
			config->plugin_dir);
	return exd_error_set(err, EXD_ERR_DRIVER_NOT_FOUND, ENOENT, "no driver works here: %s",
			     reasons.text);
}

int plugin_select(const struct config *config, const char *name, struct exd_plugin **out,
		  struct exd_error *err)
{
	if (!name)
		name = config->default_driver;
	return name ? select_named(config, name, out, err) : select_first(config, out, err);
}

int plugin_require(const struct exd_plugin *plugin, uint64_t cap, const char *verb,
		   struct exd_error *err)
{
	if ((plugin->caps & cap) == cap)
		return 0;
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP, "driver %s does not support %s",
			     plugin->name, verb);
}

const struct exd_plugin *exd_plugin_next(const struct exd_engine *engine,
					 const struct exd_plugin *previous)
{
	const struct config *config = engine->config;
	size_t at = 0;

	while (previous && at < config->count && config->plugins[at++] != previous)
		;
	return at < config->count ? config->plugins[at] : NULL;
}

int exd_plugin_probe(struct exd_engine *engine, const struct exd_plugin *plugin,
		     struct exd_plugin_info *info, struct exd_report *report, struct exd_error *err)
{
	const struct config *config = engine->config;
	int r = sized_check(info, "exd_plugin_info", err);

	for (size_t i = 0; r == 0 && i < config->count; i++)
		if (config->plugins[i] == plugin)
			return plugin_probe(config->plugins[i], info, report, err);
	return r < 0 ? r
		     : exd_error_set(err, EXD_ERR_INVALID, EINVAL, "not a driver of this engine");
}

const char *exd_plugin_name(const struct exd_plugin *plugin)
{
	return plugin->name;
}

const char *exd_plugin_path(const struct exd_plugin *plugin)
{
	return plugin->path;
}

int exd_plugin_priority(const struct exd_plugin *plugin)
{
	return plugin->priority;
}

bool exd_plugin_enabled(const struct exd_plugin *plugin)
{
	return plugin->enabled;
}
