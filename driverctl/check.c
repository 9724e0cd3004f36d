/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl check: what this host allows each driver, and how to get the rest. */
#include <stdio.h>

#include "base/cleanup.h"
#include "driverctl/print.h"
#include "driverctl/report.h"

/* Returns 1 when the driver can be used, 0 when not. */
static int check_plugin(struct ctl *ctl, const struct exd_plugin *plugin, struct exd_error *err)
{
	cleanup_report struct exd_report *report = NULL;
	struct exd_plugin_info info = {.struct_size = sizeof(info)};
	struct exd_error error = EXD_ERROR_INIT;
	const char *name = exd_plugin_name(plugin);
	bool json = ctl->args.settings.json, usable;
	int r = exd_report_new(&report, err);

	if (r < 0)
		return r;
	usable = exd_plugin_probe(ctl->engine, plugin, &info, report, &error) >= 0;
	if (!usable)
		r = exd_report_add(report, EXD_REPORT_NO, "driver", "", "%s", error.text);
	if (!json)
		(void)printf("%s%s%s: %s\n", name, *info.version ? " " : "", info.version,
			     usable ? "can be used" : "cannot be used");
	if (r >= 0)
		r = report_print(report, name, json, err);
	return r < 0 ? r : usable;
}

int verb_check(struct ctl *ctl, struct exd_error *err)
{
	const struct exd_plugin *plugin = NULL;
	int usable = 0;

	while ((plugin = exd_plugin_next(ctl->engine, plugin))) {
		int r = exd_plugin_enabled(plugin) ? check_plugin(ctl, plugin, err) : 0;

		if (r < 0)
			return r;
		usable += r;
	}
	return usable ? 0 : exd_error_set(err, EXD_ERR_HOST, 0, "no driver can be used here");
}
