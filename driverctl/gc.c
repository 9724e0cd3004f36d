/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl gc: what crashes left behind is removed, a line each. */
#include "base/cleanup.h"
#include "driverctl/report.h"

int verb_gc(struct ctl *ctl, struct exd_error *err)
{
	cleanup_report struct exd_report *report = NULL;
	const struct settings *settings = &ctl->args.settings;
	int r = exd_report_new(&report, err);

	if (r >= 0)
		r = exd_gc(ctl->engine, settings->dry_run, report, err);
	return r < 0 ? r : report_print_steps(report, settings->json, err);
}
