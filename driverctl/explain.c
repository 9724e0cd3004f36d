/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl explain: the steps of a run, without running. */
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "driverctl/launch.h"
#include "driverctl/print.h"
#include "driverctl/report.h"

int verb_explain(struct ctl *ctl, struct exd_error *err)
{
	cleanup_launch struct launch launch = {0};
	cleanup_report struct exd_report *report = NULL;
	bool json = ctl->args.settings.json;
	uint64_t hash = 0;
	int r = launch_prepare(&launch, ctl, err);

	if (r >= 0)
		r = exd_report_new(&report, err);
	if (r >= 0)
		r = exd_explain(ctl->engine, launch.command, report, &hash, err);
	if (r >= 0)
		r = report_print_steps(report, json, err);
	if (r < 0)
		return r;
	(void)printf(json ? "{\"hash\": \"%016" PRIx64 "\"}\n" : "hash %016" PRIx64 "\n", hash);
	return print_flush(err);
}
