/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of a driver from the text that its file would have. */
#ifndef EXECDRIVER_TESTS_UNIT_HCS_OPTIONS_H
#define EXECDRIVER_TESTS_UNIT_HCS_OPTIONS_H

#include <check.h>

#include "core/options.h"

static config_t options_file;
static struct exd_options options_group;

static inline void options_forget(void)
{
	config_destroy(&options_file);
}

/* Good until the next call. */
static inline const struct exd_options *options_parse(const char *text)
{
	options_forget();
	config_init(&options_file);
	ck_assert_msg(config_read_string(&options_file, text), "%s: %s", text,
		      config_error_text(&options_file));
	options_group = (struct exd_options){config_root_setting(&options_file), "test.conf"};
	return &options_group;
}

#endif
