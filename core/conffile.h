/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading of libconfig files with errors that begin with file:line. */
#ifndef EXECDRIVER_CORE_CONFFILE_H
#define EXECDRIVER_CORE_CONFFILE_H

#include <libconfig.h>
#include <stdbool.h>

#include <execdriver/error.h>

#include "base/cleanup.h"

/* Reads the file into an initialised *config. -ENOENT when it is not there. */
int conffile_read(config_t *config, const char *path, struct exd_error *err);

/*
 * conffile_numbers.c: the first number in the text that does not fit an int and has no L behind it,
 * or NULL.
 */
const char *conffile_cut_number(const char *text);

#define cleanup_config CLEANUP(config_destroy)

/* EXD_ERR_CONFIG "file:line: text", the line being that of the setting. */
int conffile_refuse(const config_setting_t *setting, const char *path, struct exd_error *err,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Refuses the first member of the group that is not in the NULL-terminated list. */
int conffile_check_names(const config_setting_t *group, const char *path, const char *const *known,
			 enum exd_code code, struct exd_error *err);

/* Members by name: the value is left alone when there is none, of another type refused. */
int conffile_string(const config_setting_t *group, const char *path, const char *name,
		    const char **out, struct exd_error *err);
int conffile_bool(const config_setting_t *group, const char *path, const char *name, bool *out,
		  struct exd_error *err);
int conffile_int(const config_setting_t *group, const char *path, const char *name, int *out,
		 struct exd_error *err);

#endif
