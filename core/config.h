/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration: execdriver.conf and plugins.d. Not the config.h of configure. */
#ifndef EXECDRIVER_CORE_CONFIG_H
#define EXECDRIVER_CORE_CONFIG_H

#include <stddef.h>

#include <execdriver/error.h>

#include "core/plugin.h"

struct config {
	char *driver_dir;
	char *monitor; /* path of execdriver-monitor */
	char *plugin_dir;
	char *default_driver;        /* or NULL */
	int monitor_linger;          /* seconds; 0: monitors end with their last host */
	struct exd_plugin **plugins; /* by priority, then by name of their file */
	size_t count;
};

/*
 * Reads the file, or for NULL what EXD_CONFIG names (not when set-id), or the installed one, which
 * may be missing. EXD_ERR_CONFIG with file:line.
 */
int config_load(struct config **out, const char *path, struct exd_error *err);
/* Closes all drivers. NULL is fine; returns NULL. */
struct config *config_free(struct config *config);

/* The driver of that name, enabled or not; NULL when there is none. */
struct exd_plugin *config_plugin(const struct config *config, const char *name);

#endif
