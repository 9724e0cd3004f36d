/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl check: what this host allows, to all and to each driver, and how to get the rest. */
#include <stdio.h>

#include "base/cleanup.h"
#include "driverctl/host.h"
#include "driverctl/print.h"
#include "driverctl/report.h"

static int check_host(struct ctl *ctl, struct exd_error *err)
{
	cleanup_report struct exd_report *report = NULL;
	bool json = ctl->args.settings.json;
	int r = exd_report_new(&report, err);

	if (r >= 0)
		r = host_report(report, err);
	if (r < 0)
		return r;
	if (!json)
		(void)printf("host\n");
	return report_print(report, "host", json, err);
}

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
		(void)printf("\n%s%s%s: %s\n", name, *info.version ? " " : "", info.version,
			     usable ? "can be used" : "cannot be used");
	return r < 0 ? r : report_print(report, name, json, err);
}

struct trial {
	struct ctl *ctl;
	char driver[64];
};

static int note_driver(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct trial *trial = ctx;
	struct exd_box *box = NULL;

	(void)pid;
	(void)oom_fd;
	if (exd_box_find(trial->ctl->engine, exd_process_id(process), &box, NULL) >= 0)
		(void)snprintf(trial->driver, sizeof(trial->driver), "%s", exd_box_driver(box));
	(void)exd_box_free(box);
	return 0;
}

/* Not what each part allows but the whole, by the engine that a run has. Nothing of it stays. */
static int run_true(struct trial *trial, struct exd_error *err)
{
	static const char *const args[] = {"true", NULL};
	const struct exd_hooks hooks = {
		.struct_size = sizeof(hooks), .ctx = trial, .start = note_driver};
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_command *command = NULL;
	int r = exd_command_new(&command, err);

	if (r >= 0)
		r = exd_command_set_args(command, args, err);
	if (r >= 0)
		r = exd_run(trial->ctl->engine, command, NULL, &hooks, &status, err);
	if (r >= 0 && status.exit_code)
		r = exd_error_set(err, EXD_ERR_HOST, 0, "'true' ended with %u", status.exit_code);
	exd_command_free(command);
	return r;
}

static int check_run(struct ctl *ctl, struct exd_error *err)
{
	cleanup_report struct exd_report *report = NULL;
	struct exd_error error = *err;
	struct trial trial = {.ctl = ctl};
	bool json = ctl->args.settings.json, works = ctl->engine && run_true(&trial, &error) >= 0;
	int r = exd_report_new(&report, err);

	if (r >= 0 && works)
		r = exd_report_add(report, EXD_REPORT_YES, "run", "",
				   "'driverctl run -- true' works, with driver %s", trial.driver);
	else if (r >= 0)
		r = exd_report_add(report, EXD_REPORT_NO, "run",
				   "do what is said above in brackets", "'driverctl run -- true' fails: %s",
				   error.text);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, -r, "cannot report");
	if (!json)
		(void)printf("\ndefault\n");
	r = report_print(report, "default", json, err);
	if (r < 0 || works)
		return r;
	return exd_error_set(err, EXD_ERR_HOST, 0, "a run does not work here: %s", error.text);
}

int verb_check(struct ctl *ctl, struct exd_error *err)
{
	const struct exd_plugin *plugin = NULL;
	struct exd_error error = EXD_ERROR_INIT;
	int r = check_host(ctl, &error);

	if (r < 0) {
		*err = error;
		return r;
	}
	while (r >= 0 && ctl->engine && (plugin = exd_plugin_next(ctl->engine, plugin)))
		if (exd_plugin_enabled(plugin))
			r = check_plugin(ctl, plugin, err);
	return r < 0 ? r : check_run(ctl, err);
}
