/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configured driver: loaded when first needed, chosen by name or by priority and probe. */
#ifndef EXECDRIVER_CORE_PLUGIN_H
#define EXECDRIVER_CORE_PLUGIN_H

#include <pthread.h>

#include <execdriver/driver.h>

#include "core/options.h"

struct config;

struct exd_plugin {
	char *name;
	char *path; /* absolute */
	char *file; /* where it was configured */
	int line;
	int priority;
	bool enabled;
	bool only_by_name; /* nobody gets it who did not ask for it */
	config_t source;   /* keeps the options' text alive */
	struct exd_options options;

	pthread_mutex_t lock; /* guards what follows until `loaded`, which is then constant */
	bool loaded;
	bool usable; /* its probe once said yes */
	void *handle;
	void *self;
	struct exd_driver driver; /* private copy, zero beyond what the driver has */
	uint64_t caps;            /* claimed and known */
};

/*
 * Reads one file of plugins.d; a path without a slash in it is taken from driver_dir.
 * EXD_ERR_CONFIG with file:line.
 */
int plugin_read(struct exd_plugin **out, const char *file, const char *driver_dir,
		struct exd_error *err);
/* Closes the driver and its file. NULL is fine; returns NULL. */
struct exd_plugin *plugin_free(struct exd_plugin *plugin);

/*
 * Loads, checks and opens the driver. Idempotent, any thread; after a failure the next call tries
 * again.
 */
int plugin_load(struct exd_plugin *plugin, struct exd_error *err);

/* Loads and probes; info (struct_size set) and report may be NULL. */
int plugin_probe(struct exd_plugin *plugin, struct exd_plugin_info *info, struct exd_report *report,
		 struct exd_error *err);

/*
 * The driver to use, loaded: the named one; with NULL the configuration's default_driver; without
 * that the enabled one of the lowest priority number whose probe says yes, but none that is
 * only_by_name. *out is lent by the configuration.
 */
int plugin_select(const struct config *config, const char *name, struct exd_plugin **out,
		  struct exd_error *err);

/*
 * EXD_ERR_UNSUPPORTED "driver X does not support VERB" unless the loaded driver claims the
 * capability.
 */
int plugin_require(const struct exd_plugin *plugin, uint64_t cap, const char *verb,
		   struct exd_error *err);

#endif
