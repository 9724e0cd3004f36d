/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A driver's section of its configuration file, behind the getters of driver.h. */
#ifndef EXECDRIVER_CORE_OPTIONS_H
#define EXECDRIVER_CORE_OPTIONS_H

#include <libconfig.h>

/* `group` is lent by the parsed file, which must outlive it; NULL when the section is not there. */
struct exd_options {
	config_setting_t *group;
	const char *file;
};

#endif
