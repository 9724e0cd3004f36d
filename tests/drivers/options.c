/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads options as a driver does, and reports in its probe what it read. */
#include "tests/drivers/odd.h"

#include <inttypes.h>

static int open_options(void **self, const struct exd_options *options, struct exd_error *err)
{
	static const char *const known[] = {"greeting", "count", "quick", "faults", NULL};

	*self = (void *)(uintptr_t)options;
	return exd_options_check(options, known, err);
}

static int probe_options(void *self, struct exd_report *report, uint64_t *caps,
			 struct exd_error *err)
{
	const struct exd_options *options = self;

	*caps &= ~(uint64_t)EXD_CAP_EXEC;
	return exd_report_add(report, EXD_REPORT_YES, "options", "", "%s %" PRId64 " %d %zu %s",
			      exd_options_string(options, "greeting", "none"),
			      exd_options_number(options, "count", -1),
			      exd_options_bool(options, "quick", false),
			      exd_options_count(options, "faults"),
			      exd_options_string(options, "faults.[1].call", "none"));
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	ODD_DRIVER,
	.caps = EXD_CAP_EXEC | EXD_CAP_PRE_START,
	.exec = odd_exec,
	.open = open_options,
	.probe = probe_options,
};
