/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A driver's section of its configuration file, behind the getters of driver.h. */
#include "core/options.h"

#include <execdriver/driver.h>

#include "core/conffile.h"

static const config_setting_t *find(const struct exd_options *options, const char *path)
{
	if (!options || !options->group)
		return NULL;
	return config_setting_lookup(options->group, path);
}

const char *exd_options_string(const struct exd_options *options, const char *path,
			       const char *fallback)
{
	const config_setting_t *found = find(options, path);

	return found && config_setting_type(found) == CONFIG_TYPE_STRING
		       ? config_setting_get_string(found)
		       : fallback;
}

int64_t exd_options_number(const struct exd_options *options, const char *path, int64_t fallback)
{
	const config_setting_t *found = find(options, path);

	if (!found || (config_setting_type(found) != CONFIG_TYPE_INT &&
		       config_setting_type(found) != CONFIG_TYPE_INT64))
		return fallback;
	return config_setting_get_int64(found);
}

bool exd_options_bool(const struct exd_options *options, const char *path, bool fallback)
{
	const config_setting_t *found = find(options, path);

	return found && config_setting_type(found) == CONFIG_TYPE_BOOL
		       ? config_setting_get_bool(found)
		       : fallback;
}

size_t exd_options_count(const struct exd_options *options, const char *path)
{
	const config_setting_t *found = find(options, path);

	return found && config_setting_is_aggregate(found) ? (size_t)config_setting_length(found)
							   : 0;
}

int exd_options_check(const struct exd_options *options, const char *const *known,
		      struct exd_error *err)
{
	if (!options || !options->group)
		return 0;
	return conffile_check_names(options->group, options->file, known, EXD_ERR_DRIVER_OPTION,
				    err);
}
